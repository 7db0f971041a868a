import java.sql.*;
import java.util.*;

/** pgJDBC: statements named from the fifth run on, startup parameters, cursors by portals, autosave, isolation levels. */
public class Jdbc {
    static String url(String more) {
        return "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/app?user=app&prepareThreshold=2" + more;
    }

    static void expect(String what, Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) throw new RuntimeException(what + ": " + got + " instead of " + wanted);
    }

    static Object value(Connection client, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = client.prepareStatement(sql)) {
            for (int index = 0; index < parameters.length; index++) statement.setObject(index + 1, parameters[index]);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getObject(1);
            }
        }
    }

    static String state(Connection client, String sql, Object... parameters) {
        try {
            value(client, sql, parameters);
            return "none";
        } catch (SQLException error) {
            return error.getSQLState();
        }
    }

    public static void main(String[] arguments) throws Exception {
        List<Connection> clients = new ArrayList<>();
        for (int index = 0; index < 5; index++) clients.add(DriverManager.getConnection(url("")));
        for (int number = 0; number < 12; number++)
            for (int index = 0; index < 5; index++) {
                expect("sum", value(clients.get(index), "select ?::int + " + index, number), number + index);
                expect("text", value(clients.get(index), "select ?::text", "x" + number), "x" + number);
            }
        // More statements than its cache holds: they are closed.
        try (Connection client = DriverManager.getConnection(url("&preparedStatementCacheQueries=3"))) {
            for (int number = 0; number < 60; number++) expect("evicted", value(client, "select ?::int + " + number % 10, 1), 1 + number % 10);
        }
        for (int round = 0; round < 6; round++) {
            expect("SQLSTATE", state(clients.get(0), "select 1 / ?::int", 0), "22012");
            expect("quotient", value(clients.get(0), "select 1 / ?::int", 1), 1);
        }
        for (Connection client : clients) {
            client.setAutoCommit(false);
            for (int number = 0; number < 4; number++) expect("in transaction", value(client, "select ?::int * 2", number), number * 2);
            expect("SQLSTATE", state(client, "select 1 / ?::int", 0), "22012");
            expect("failed", state(client, "select 1"), "25P02");
            client.rollback();
            client.setAutoCommit(true);
        }

        Connection first = clients.get(0), second = clients.get(1);
        try (Statement statement = first.createStatement()) {
            statement.execute("drop table if exists jdbc_changing; create table jdbc_changing as select '1'::text as a");
            for (int round = 0; round < 6; round++) expect("before", value(second, "select * from jdbc_changing"), "1");
            statement.execute("alter table jdbc_changing alter a type varchar(9)");
            expect("after", value(second, "select * from jdbc_changing"), "1");
            try (Connection careful = DriverManager.getConnection(url("&autosave=conservative"))) {
                careful.setAutoCommit(false);
                for (int round = 0; round < 6; round++) value(careful, "select * from jdbc_changing");
                careful.commit();
                statement.execute("alter table jdbc_changing alter a type text");
                expect("autosave", value(careful, "select * from jdbc_changing"), "1");
                careful.rollback();
            }
            statement.execute("drop table jdbc_changing");
        }

        first.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        first.setReadOnly(true);
        for (int index = 1; index < 5; index++) {
            expect("isolation", value(clients.get(index), "show transaction_isolation"), "read committed");
            expect("read only", value(clients.get(index), "show default_transaction_read_only"), "off");
        }
        expect("own", value(first, "show transaction_isolation"), "serializable");
        first.setReadOnly(false);
        first.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);

        second.setAutoCommit(false);
        try (Statement statement = second.createStatement()) {
            statement.setFetchSize(3);
            int count = 0;
            try (ResultSet rows = statement.executeQuery("select generate_series(1, 20)")) {
                while (rows.next()) {
                    count++;
                    value(first, "select ?::int", count);
                }
            }
            expect("cursor", count, 20);
        }
        second.commit();
        second.setAutoCommit(true);
        try (Statement statement = second.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY, ResultSet.HOLD_CURSORS_OVER_COMMIT)) {
            statement.setFetchSize(3);
            try (ResultSet rows = statement.executeQuery("select generate_series(1, 20)")) {
                int count = 0;
                while (rows.next()) count++;
                expect("held", count, 20);
            }
        }
        try (PreparedStatement batch = first.prepareStatement("select ?::int")) {
            first.setAutoCommit(false);
            try (Statement statement = first.createStatement()) {
                statement.execute("create temp table jdbc_batch (a int) on commit drop");
            }
            try (PreparedStatement insert = first.prepareStatement("insert into jdbc_batch values (?)")) {
                for (int number = 0; number < 300; number++) {
                    insert.setInt(1, number);
                    insert.addBatch();
                }
                expect("batch", insert.executeBatch().length, 300);
            }
            expect("count", value(first, "select count(*) from jdbc_batch"), 300L);
            first.commit();
            first.setAutoCommit(true);
        }

        try (Connection own = DriverManager.getConnection(url("&currentSchema=mine&options=-c%20statement_timeout=7s&ApplicationName=jdbc"))) {
            for (int round = 0; round < 4; round++) {
                expect("search_path", value(own, "show search_path"), "mine");
                expect("statement_timeout", value(own, "show statement_timeout"), "7s");
                expect("another's", value(second, "show statement_timeout"), "0");
            }
            try (Statement statement = own.createStatement()) {
                statement.execute("discard all");
            }
            expect("search_path", value(own, "show search_path"), "mine");
            expect("TimeZone", value(own, "show timezone"), TimeZone.getDefault().getID());
        }
        expect("lock", value(first, "select pg_try_advisory_lock(6)"), true);
        for (int index = 1; index < 5; index++) expect("another's lock", value(clients.get(index), "select pg_try_advisory_xact_lock(6)"), false);
        expect("unlock", value(first, "select pg_advisory_unlock(6)"), true);
        try {
            DriverManager.getConnection(url("").replace(":" + System.getenv("PGPORT"), ":" + System.getenv("PASSWORD_PORT")) + "&password=wrong");
            throw new RuntimeException("a wrong password was taken");
        } catch (SQLException error) {
            expect("wrong password", error.getSQLState(), "28P01");
        }
        for (Connection client : clients) client.close();
    }
}
