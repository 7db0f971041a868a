import Glibc
import PoolerTestSupport
import Testing

/// What time alone brings about, and the settings of sockets and host lists: each test fails if its setting is ignored.
@Suite struct LifeCycleTests {
    @Test func `servers of one age are closed for it one after the other, spaced by lifetime over pool size`() throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "server_lifetime": "2", "default_pool_size": "4", "worker_threads": "1",
        ])
        let clients = try (0..<4).map { _ in try pooler.connect() }
        for client in clients { try client.query("begin") }
        for client in clients { try client.query("commit") }
        #expect(try pooler.pool()["sv_idle"] == "4")
        try eventually { try pooler.pool()["sv_idle"] == "0" }
        let times = pooler.log.split(separator: "\n").filter { $0.contains("server lifetime over") }.compactMap(
            Self.seconds)
        #expect(times.count == 4)
        // The clock of the log counts milliseconds.
        for (earlier, later) in zip(times, times.dropFirst()) { #expect(later - earlier > 0.49) }
    }

    /// The time of a log line, within its day.
    private static func seconds(_ line: Substring) -> Double? {
        let parts = line.split(separator: " ").dropFirst().first?.split(separator: ":").compactMap { Double($0) } ?? []
        return parts.count == 3 ? parts[0] * 3600 + parts[1] * 60 + parts[2] : nil
    }

    @Test(.pgvaletOnly)
    func `an automatic database without clients and servers is not listed, and freed after autodb_idle_timeout`() throws
    {
        func visit(_ timeout: String) throws -> Pooler {
            let pooler = try Pooler(["server_idle_timeout": "0.1", "autodb_idle_timeout": timeout])
            #expect(try pooler.connect(database: "postgres").query("select 1").value == "1")
            #expect(try pooler.connect().query("select 1").value == "1")
            return pooler
        }
        let brief = try visit("0.5")
        try eventually { try !brief.console("SHOW POOLS").records.contains { $0["database"] == "app" } }
        #expect(try !brief.console("SHOW STATS").records.contains { $0["database"] == "app" })
        let long = try visit("600")
        try eventually { try !long.console("SHOW DATABASES").records.contains { $0["name"] == "app" } }
        #expect(try long.console("SHOW STATS").records.first { $0["database"] == "app" }?["total_query_count"] == "1")
        // It is back with its next client, with what was counted.
        let client = try long.connect()
        #expect(try long.console("SHOW DATABASES").records.contains { $0["name"] == "app" })
        try client.query("select 1")
        try eventually {
            try long.console("SHOW STATS").records.first { $0["database"] == "app" }?["total_query_count"] == "2"
        }
    }

    @Test(.pgvaletOnly)
    func `a pool that nobody uses is freed after pool_idle_timeout, unless it has a minimum of its own`() throws {
        let pooler = try Pooler(
            ["server_idle_timeout": "0.1", "pool_idle_timeout": "0.5"],
            databases: ["named": "$server dbname=app", "forced": "$server dbname=app user=app min_pool_size=1"])
        #expect(try pooler.connect(database: "named").query("select 1").value == "1")
        try eventually { try pooler.pool(database: "named").isEmpty }
        #expect(try !pooler.pool(database: "forced").isEmpty)
        #expect(try pooler.console("SHOW DATABASES").records.contains { $0["name"] == "named" })
        let kept = try Pooler(["server_idle_timeout": "0.1"], databases: ["named": "$server dbname=app"])
        #expect(try kept.connect(database: "named").query("select 1").value == "1")
        try eventually { try kept.pool(database: "named")["sv_idle"] == "0" }
        try always(for: .seconds(1)) { try !kept.pool(database: "named").isEmpty }
    }

    @Test(.since(24)) func `a host list is used in turn, or one entry until a connect to it fails`() throws {
        let postgres = try Postgres(settings: ["listen_addresses": "127.0.0.1,127.0.0.2"])
        let port = postgres.port
        let pooler = try Pooler(
            ["pool_mode": "transaction", "server_lifetime": "0", "worker_threads": "1", "server_login_retry": "0.1"],
            databases: [
                "turns": "host=127.0.0.1,127.0.0.2 port=\(port) dbname=app",
                "stays": "host=127.0.0.1,127.0.0.2 port=\(port) dbname=app load_balance_hosts=disable",
                "moves": "host=127.0.0.9,127.0.0.1 port=\(port) dbname=app load_balance_hosts=disable",
            ])
        func addresses(_ database: String, _ count: Int) throws -> [String] {
            let client = try pooler.connect(database: database)
            return try (0..<count).map { _ in try client.query("select inet_server_addr()").value ?? "" }
        }
        let turns = try addresses("turns", 4)
        #expect(Set(turns) == ["127.0.0.1", "127.0.0.2"])
        for (one, next) in zip(turns, turns.dropFirst()) { #expect(one != next) }
        #expect(try Set(addresses("stays", 4)).count == 1)
        #expect(try Set(addresses("moves", 4)) == ["127.0.0.1"])
        // It stays where it got through, instead of trying the first entry again each time.
        #expect(
            pooler.log.ranges(of: "moves/app@127.0.0.9:\(port) closing because: connect failed").count <= 1
                || !Pooler.isPgvalet)
        let rows = try pooler.console("SHOW DATABASES").records
        #expect(rows.first { $0["name"] == "turns" }?["load_balance_hosts"] == "round-robin")
        #expect(rows.first { $0["name"] == "stays" }?["load_balance_hosts"] == "disable")
    }

    /// A client whose query never ends, on a server that never deals with a cancel.
    private static func stuck(
        _ settings: [String: String]
    ) throws -> (server: ScriptedServer, pooler: Pooler, client: RawClient) {
        let server = try ScriptedServer { connection, channel in
            guard connection == 0 else {
                // A cancel request.
                _ = try channel.receive(1000, within: .seconds(60))
                return
            }
            try channel.welcome()
            _ = try channel.read()
            _ = try channel.read(within: .seconds(60))
        }
        let own = ["pool_mode": "transaction", "server_tls_sslmode": "disable"]
        let pooler = try Pooler(own.merging(settings) { $1 }, databases: ["app": server.address])
        let client = try RawClient.loggedIn(pooler)
        try client.send(.query("select forever"))
        try eventually { try pooler.pool()["sv_active"] == "1" }
        return (server, pooler, client)
    }

    @Test(.since(19)) func `cancel_wait_timeout drops a cancel that the server does not deal with`() throws {
        let (server, pooler, client) = try Self.stuck(["cancel_wait_timeout": "1"])
        let sender = try RawClient(pooler)
        try sender.send(untyped(RequestCode.cancel, client.cancelKey))
        try eventually { try pooler.pool()["sv_active_cancel"] == "1" && pooler.pool()["cl_active_cancel_req"] == "1" }
        #expect(try sender.isClosed())
        try eventually { try pooler.pool()["sv_active_cancel"] == "0" }
        #expect(server.connections == 2)
    }

    @Test(.pgvaletOnly) func `cancels beyond twice the pool's size wait for their turn`() throws {
        let (server, pooler, client) = try Self.stuck(["cancel_wait_timeout": "0.8", "default_pool_size": "1"])
        let senders = try (0..<3).map { _ in try RawClient(pooler) }
        for sender in senders { try sender.send(untyped(RequestCode.cancel, client.cancelKey)) }
        try eventually { try pooler.pool()["cl_waiting_cancel_req"] == "1" && pooler.pool()["sv_active_cancel"] == "2" }
        for sender in senders { #expect(try sender.isClosed()) }
        withExtendedLifetime(server) {}
    }

    @Test func `disable_pqexec refuses simple queries and nothing else`() throws {
        let pooler = try Pooler(["disable_pqexec": "1"])
        #expect(try pooler.connect().query("select $1", ["x"]).value == "x")
        let client = try RawClient.loggedIn(pooler)
        try client.send(.query("select 1"))
        try client.expectFatal(.fatal("PQexec disallowed"))
        let console = try RawClient.loggedIn(pooler, user: "admin", database: "pgbouncer")
        try console.send(.query("SHOW VERSION"))
        try console.expectFatal(.fatal("PQexec disallowed"))
    }

    @Test(.pgvaletOnly, arguments: [("app", "app"), ("admin", "pgbouncer")])
    func `login_notify_message comes before the first ReadyForQuery, on the console too`(user: String, database: String)
        throws
    {
        let pooler = try Pooler(["login_notify_message": "read the manual"])
        let messages = try RawClient(pooler).logIn([("user", user), ("database", database)])
        #expect(messages.suffix(3).map(\.type) == ["K", "N", "Z"])
        let notice = messages.first { $0.type == "N" }?.error
        #expect(notice == PostgresError("NOTICE", "00000", "read the manual"))
        #expect(try RawClient(Pooler()).logIn([("user", user), ("database", database)]).allSatisfy { $0.type != "N" })
    }

    @Test func `unix_socket_group is the group of the socket file`() throws {
        let entry = unsafe getpwnam("postgres")
        let group = Account.isRoot ? unsafe entry?.pointee.pw_gid ?? getgid() : getgid()
        let pooler = try Pooler(["unix_socket_group": "\(group)"])
        var facts = stat()
        #expect(unsafe stat("\(pooler.directory)/.s.PGSQL.\(pooler.port)", &facts) == 0)
        #expect(facts.st_gid == group)
    }
}
