// Qt's QPSQL prepares by SQL: PREPARE, EXECUTE, DEALLOCATE.
#include <QCoreApplication>
#include <QSqlDatabase>
#include <QSqlDriver>
#include <QSqlError>
#include <QSqlQuery>
#include <QVariant>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <vector>

static void expect(const char *what, const QVariant &got, const QVariant &wanted) {
    if (got != wanted) throw std::runtime_error(std::string(what) + ": " + got.toString().toStdString());
}

int main(int count, char **arguments) {
    QCoreApplication application(count, arguments);
    std::vector<QSqlDatabase> clients;
    for (int index = 0; index < 4; ++index) {
        auto client = QSqlDatabase::addDatabase("QPSQL", QString::number(index));
        client.setHostName(getenv("PGHOST"));
        client.setPort(atoi(getenv("PGPORT")));
        client.setDatabaseName("app");
        client.setUserName("app");
        if (!client.open()) throw std::runtime_error(client.lastError().text().toStdString());
        clients.push_back(client);
    }
    for (int round = 0; round < 3; ++round)
        for (int index = 0; index < 4; ++index) {
            // Two keep a statement at a time: as many as may be pinned.
            auto &client = clients[index];
            if (round == 1) client.transaction();
            {
                QSqlQuery query(client);
                if (!query.prepare("select :n::int + " + QString::number(index)))
                    throw std::runtime_error(query.lastError().text().toStdString());
                for (int number = 0; number < 3; ++number) {
                    query.bindValue(":n", number);
                    if (!query.exec() || !query.next()) throw std::runtime_error(query.lastError().text().toStdString());
                    expect("row", query.value(0).toInt(), number + index);
                }
                // In a failed transaction the DEALLOCATE would fail, and the statement stay.
                query.bindValue(":n", "nonsense");
                if (round != 1) expect("error", query.exec(), false);
            }
            if (round == 1) client.rollback();
            QSqlQuery after(client);
            if (!after.exec("select " + QString::number(index)) || !after.next())
                throw std::runtime_error(after.lastError().text().toStdString());
            expect("after DEALLOCATE", after.value(0).toInt(), index);
        }
    QSqlQuery(clients[0]).exec("set session characteristics as transaction read only");
    for (int index = 0; index < 4; ++index) {
        QSqlQuery query(clients[index]);
        query.exec("show transaction_read_only");
        query.next();
        expect("read only", query.value(0).toString(), index == 0 ? "on" : "off");
    }
}
