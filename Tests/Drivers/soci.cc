// SOCI prepares each statement under a name and gives it up with DEALLOCATE, inside of transactions too.
#include <cstdlib>
#include <memory>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <stdexcept>
#include <vector>

template <class A, class B> static void expect(const char *what, const A &got, const B &wanted) {
    if (!(got == wanted)) throw std::runtime_error(what);
}

int main() {
    std::string address = std::string("host=") + getenv("PGHOST") + " port=" + getenv("PGPORT") + " dbname=app user=app";
    std::vector<std::unique_ptr<soci::session>> clients;
    for (int index = 0; index < 4; ++index)
        clients.push_back(std::make_unique<soci::session>(soci::postgresql, address));
    for (int round = 0; round < 4; ++round)
        for (int index = 0; index < 4; ++index) {
            int sum = 0, number = round;
            {
                soci::statement statement =
                    (clients[index]->prepare << "select :n::int + " << index, soci::into(sum), soci::use(number, "n"));
                for (number = 0; number < 3; ++number) {
                    statement.execute(true);
                    expect("row", sum, number + index);
                }
            }
            soci::transaction transaction(*clients[index]);
            {
                soci::statement statement =
                    (clients[index]->prepare << "select :n::int * 2", soci::into(sum), soci::use(number, "n"));
                statement.execute(true);
                expect("in transaction", sum, number * 2);
            }
            *clients[index] << "select " << index, soci::into(sum);
            expect("after DEALLOCATE", sum, index);
            transaction.commit();
        }
    for (int round = 0; round < 3; ++round) {
        int zero = 0, quotient = 0;
        try {
            *clients[0] << "select 1 / :n::int", soci::into(quotient), soci::use(zero, "n");
            throw std::logic_error("no error");
        } catch (const soci::postgresql_soci_error &error) {
            expect("SQLSTATE", error.sqlstate(), std::string("22012"));
        }
        int one = 1;
        *clients[0] << "select 1 / :n::int", soci::into(quotient), soci::use(one, "n");
        expect("quotient", quotient, 1);
    }
    soci::rowset<soci::row> rows = (clients[1]->prepare << "select generate_series(1, 500)");
    int count = 0;
    for (auto &row : rows) count += row.get<int>(0) > 0;
    expect("rows", count, 500);
}
