import Glibc
import PoolerTestSupport
import Testing

/// Where clients find the pooler, and the pooler its servers.
@Suite struct ListenTests {
    @Test(arguments: ["127.0.0.1", "*", "127.0.0.1, ::1", "localhost"])
    func `listen_addr names one or more addresses`(addresses: String) throws {
        let pooler = try Pooler(["listen_addr": addresses])
        #expect(try pooler.connect().query("select 1").value == "1")
        if addresses.contains("::1") || addresses == "*" {
            #expect(try pooler.connect(["host": "::1"]).query("select 1").value == "1")
        }
    }

    @Test(arguments: ["0777", "0700"]) func `clients over the Unix socket are served, as unix_socket_mode lets them`(
        mode: String
    ) throws {
        let pooler = try Pooler(["unix_socket_mode": mode])
        var facts = stat()
        #expect(unsafe stat("\(pooler.directory)/.s.PGSQL.\(pooler.port)", &facts) == 0)
        #expect(facts.st_mode & 0o777 == UInt32(mode, radix: 8))
        #expect(try pooler.connect(["host": pooler.directory]).query("select 1").value == "1")
        let clients = try pooler.console("SHOW CLIENTS").records
        #expect(clients.allSatisfy { $0["addr"] == "127.0.0.1" })
    }

    @Test func `a client over the Unix socket shows as such`() throws {
        let pooler = try Pooler()
        let client = try pooler.connect(["host": pooler.directory])
        try client.query("select 1")
        let row = try pooler.console("SHOW CLIENTS").records.first { $0["user"] == "app" }
        #expect(row?["addr"]?.hasPrefix("unix") == true)
        #expect(row?["remote_pid"] == "\(getpid())")
        #expect(try client.query("select 2").value == "2")
    }

    /// The console lets its own account in without a password.
    @Test(.enabled(if: !Account.isRoot)) func `user pgbouncer over the Unix socket is the pooler's own account`() throws
    {
        let pooler = try Pooler(["auth_type": "md5"])
        let console = try pooler.connect(user: "pgbouncer", database: "pgbouncer", ["host": pooler.directory])
        #expect(try console.query("RELOAD").tag == "RELOAD")
    }

    @Test func `a server is found by name, by address and by its Unix socket`() throws {
        let postgres = Postgres.shared
        let pooler = try Pooler(databases: [
            "name": "host=localhost port=\(postgres.port) dbname=app",
            "address": "host=127.0.0.1 port=\(postgres.port) dbname=app",
            "socket": "host=\(postgres.directory) port=\(postgres.port) dbname=app",
        ])
        for database in ["name", "address", "socket"] {
            let client = try pooler.connect(database: database)
            #expect(try client.query("select current_database()").value == "app")
            #expect(try client.query("select inet_server_addr() is null").value == (database == "socket" ? "t" : "f"))
        }
    }

    @Test func `a server whose name is unknown costs other databases nothing`() throws {
        let pooler = try Pooler(
            ["query_wait_timeout": "1", "client_login_timeout": "2"],
            databases: ["lost": "host=no-such-host.invalid dbname=app"])
        let lost = Background { try pooler.connect(database: "lost").query("select 1").value }
        for _ in 0..<10 { #expect(try pooler.connect().query("select 1").value == "1") }
        #expect(throws: PostgresError.self) { try lost.value() }
    }
}
