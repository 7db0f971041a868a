// libpqxx: prepared statements by name (unprepare is a DEALLOCATE), cursors, pipelines, LISTEN.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <vector>

using Client = std::unique_ptr<pqxx::connection>;

static std::string address(const char *more = "") {
    return std::string("host=") + getenv("PGHOST") + " port=" + getenv("PGPORT") + " dbname=app user=app " + more;
}

template <class A, class B> static void expect(const char *what, const A &got, const B &wanted) {
    if (!(got == wanted)) throw std::runtime_error(std::string(what) + ": " + pqxx::to_string(got));
}

struct Heard : pqxx::notification_receiver {
    int count = 0;
    Heard(pqxx::connection_base &connection) : notification_receiver(connection, "pqxx_news") {}
    void operator()(const std::string &, int) override { ++count; }
};

int main() {
    std::vector<Client> clients;
    for (int index = 0; index < 4; ++index) clients.push_back(std::make_unique<pqxx::connection>(address()));
    for (int round = 0; round < 3; ++round) {
        for (int index = 0; index < 4; ++index)
            clients[index]->prepare("s", "select $1::int + " + std::to_string(index * 10));
        for (int number = 0; number < 3; ++number)
            for (int index = 0; index < 4; ++index) {
                pqxx::work work(*clients[index]);
                expect("row", work.exec_prepared1("s", number)[0].as<int>(), number + index * 10);
                work.commit();
            }
        for (auto &client : clients) client->unprepare("s");
    }
    for (auto &client : clients) {
        client->prepare("d", "select 1 / $1::int");
        for (int round = 0; round < 2; ++round) {
            try {
                pqxx::work work(*client);
                work.exec_prepared("d", 0);
                throw std::runtime_error("no error");
            } catch (const pqxx::sql_error &error) {
                expect("SQLSTATE", error.sqlstate(), std::string("22012"));
            }
            pqxx::work work(*client);
            expect("quotient", work.exec_prepared1("d", 1)[0].as<int>(), 1);
        }
        pqxx::work work(*client);
        work.exec("deallocate d");
        work.commit();
    }
    {
        pqxx::work work(*clients[0]);
        pqxx::icursorstream stream(work, "select generate_series(1, 10)", "walk", 3);
        pqxx::result rows;
        int count = 0;
        while (stream >> rows) count += rows.size();
        expect("cursor", count, 10);
    }
    {
        pqxx::work work(*clients[1]);
        pqxx::pipeline pipeline(work);
        std::vector<pqxx::pipeline::query_id> ids;
        for (int number = 0; number < 30; ++number) ids.push_back(pipeline.insert("select " + std::to_string(number)));
        for (int number = 0; number < 30; ++number) expect("pipeline", pipeline.retrieve(ids[number])[0][0].as<int>(), number);
    }
    {
        Heard heard(*clients[2]);
        pqxx::nontransaction(*clients[3]).exec("notify pqxx_news");
        for (int waited = 0; waited < 10 && heard.count == 0; ++waited) clients[2]->await_notification(1, 0);
        expect("heard", heard.count, 1);
    }
    pqxx::connection own(address("options='-c search_path=mine'"));
    for (int round = 0; round < 3; ++round) {
        expect("own", pqxx::nontransaction(own).exec1("show search_path")[0].as<std::string>(), std::string("mine"));
        for (auto &client : clients)
            expect("another's", pqxx::nontransaction(*client).exec1("show search_path")[0].as<std::string>() != "mine", true);
    }
}
