import PoolerTestSupport
import Testing

/// What the console's commands do, answer and refuse.
@Suite struct ConsoleCommandTests {
    static let errors = [
        ("", "invalid command '', use SHOW HELP;"), ("SELECT 1", "invalid command 'SELECT 1', use SHOW HELP;"),
        ("SHOW NONSENSE", "invalid command 'SHOW NONSENSE', use SHOW HELP;"),
        ("SHOW POOLS; SHOW POOLS", "invalid command 'SHOW POOLS; SHOW POOLS', use SHOW HELP;"),
        ("DROP TABLE users", "invalid command 'DROP TABLE users', use SHOW HELP;"),
        ("SET no_such_setting = 1", "SET failed"), ("SET pool_mode = 'sometimes'", "SET failed"),
        ("PAUSE nowhere", "no such database: nowhere"), ("PAUSE pgbouncer", "cannot pause admin db: pgbouncer"),
        ("RESUME", "pooler is not paused/suspended"), ("RESUME app", "database app is not paused"),
        ("RESUME nowhere", "no such database: nowhere"), ("DISABLE", "a database is required"),
        ("DISABLE nowhere", "no such database: nowhere"), ("DISABLE pgbouncer", "cannot disable admin db: pgbouncer"),
        ("ENABLE", "a database is required"), ("ENABLE nowhere", "no such database: nowhere"),
        ("RECONNECT nowhere", "no such database: nowhere"),
        ("RECONNECT pgbouncer", "cannot reconnect admin db: pgbouncer"),
        ("WAIT_CLOSE nowhere", "no such database: nowhere"),
        ("WAIT_CLOSE pgbouncer", "cannot wait in admin db: pgbouncer"),
        ("KILL nowhere", "no such database: nowhere"), ("KILL pgbouncer", "cannot kill admin db: pgbouncer"),
        ("SHUTDOWN NONSENSE", "invalid command 'SHUTDOWN NONSENSE', use SHOW HELP;"),
    ]

    /// A pooler with the database `app` and no fallback.
    private static func makePooler(_ settings: [String: String] = [:]) throws -> Pooler {
        var all = PoolerSettings()
        all.main.merge(["pool_mode": "transaction"].merging(settings) { $1 }) { $1 }
        all.databases = ["app": "$server"]
        return try Pooler(all)
    }

    @Test(arguments: errors)
    func `a command that cannot be done is an error, and the console lives on`(command: String, message: String) throws
    {
        let console = try Self.makePooler().connect(user: "admin", database: "pgbouncer")
        #expect(throws: PostgresError.console(message)) { try console.query(command) }
        #expect(try console.query("SHOW VERSION").rows.count == 1)
    }

    @Test(
        .since(23),
        arguments: [
            ("KILL_CLIENT x", "invalid client pointer supplied"), ("KILL_CLIENT 999999", "client not found"),
            ("ENABLE pgbouncer", "cannot enable admin db: pgbouncer"),
        ])
    func `newer commands have their errors too`(command: String, message: String) throws {
        #expect(throws: PostgresError.console(message)) { try Self.makePooler().console(command) }
    }

    @Test(arguments: [
        "PAUSE", "RESUME app", "DISABLE app", "ENABLE app", "KILL app", "RECONNECT", "RELOAD", "SET verbose=1",
        "SHUTDOWN", "WAIT_CLOSE",
    ])
    func `a stats user may look and not touch`(command: String) throws {
        let pooler = try Self.makePooler()
        #expect(throws: PostgresError.console("admin access needed")) { try pooler.console(command, user: "stats") }
        #expect(try pooler.console("SHOW STATS", user: "stats").tag == "SHOW")
    }

    @Test(arguments: ["PAUSE", "PAUSE app"])
    func `PAUSE waits for work in progress, holds new work, and RESUME lets it go`(command: String) throws {
        let pooler = try Self.makePooler()
        let (busy, next) = (try pooler.connect(), try pooler.connect())
        try busy.query("begin")
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try console.send(command)
        try always(for: .milliseconds(300)) { !console.isAnswered }
        try next.send("select 'held'")
        #expect(try busy.query("commit").tag == "COMMIT")
        #expect(try console.lastResult().tag == "PAUSE")
        #expect(try pooler.pool()["sv_idle"] == "0")
        try always(for: .milliseconds(300)) { !next.isAnswered }
        #expect(try console.query(command.replacing("PAUSE", with: "RESUME")).tag == "RESUME")
        #expect(try next.lastResult().value == "held")
    }

    @Test func `a second PAUSE is an error`() throws {
        let pooler = try Self.makePooler()
        try pooler.console("PAUSE")
        if Pooler.version >= (1, 20) { #expect(try pooler.console("SHOW STATE").rows[1] == ["paused", "yes"]) }
        #expect(throws: PostgresError.console("already suspended/paused")) { try pooler.console("PAUSE") }
        #expect(throws: PostgresError.console("already suspended/paused")) { try pooler.console("PAUSE app") }
        try pooler.console("RESUME")
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test(.pgvaletOnly) func `a PAUSE that is resumed from elsewhere is answered`() throws {
        let pooler = try Self.makePooler()
        let busy = try pooler.connect()
        try busy.query("begin")
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try console.send("PAUSE")
        try eventually { try pooler.console("SHOW STATE").rows[1] == ["paused", "yes"] }
        try pooler.console("RESUME")
        _ = try? console.lastResult()
        #expect(try console.query("SHOW VERSION").rows.count == 1)
        #expect(try busy.query("commit").tag == "COMMIT")
    }

    @Test func `DISABLE refuses new clients, keeps those that are in, and ENABLE undoes it`() throws {
        let pooler = try Self.makePooler()
        let client = try pooler.connect()
        #expect(try pooler.console("DISABLE app").tag == "DISABLE")
        #expect(throws: PostgresError.fatal("database \"app\" is disabled", Self.disabledCode)) { try pooler.connect() }
        #expect(try client.query("select 1").value == "1")
        #expect(try pooler.console("SHOW DATABASES").records.first { $0["name"] == "app" }?["disabled"] == "1")
        #expect(try pooler.console("ENABLE app").tag == "ENABLE")
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    private static let disabledCode = "08P01"

    @Test func `KILL ends clients and servers and leaves the database paused`() throws {
        let pooler = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler)
        _ = try client.query("begin")
        #expect(try pooler.console("KILL app").tag == "KILL")
        try client.expectFatal(.fatal("database removed"))
        #expect(try pooler.console("SHOW DATABASES").records.first { $0["name"] == "app" }?["paused"] == "1")
        #expect(try pooler.console("RESUME app").tag == "RESUME")
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test(.since(24)) func `KILL_CLIENT ends one client`() throws {
        let pooler = try Self.makePooler()
        let (victim, bystander) = (try RawClient(pooler), try pooler.connect())
        try victim.logIn([("user", "app"), ("database", "app"), ("application_name", "victim")])
        _ = try victim.query("begin")
        let row = try pooler.console("SHOW CLIENTS").records.first { $0["application_name"] == "victim" }
        #expect(try pooler.console("KILL_CLIENT \(row?["id"] ?? "")").tag == "KILL_CLIENT")
        try victim.expectFatal(.fatal("admin forced disconnect"))
        #expect(try bystander.query("select 1").value == "1")
    }

    @Test(arguments: ["RECONNECT", "RECONNECT app"])
    func `RECONNECT replaces servers as they become free, and WAIT_CLOSE waits for that`(command: String) throws {
        let pooler = try Self.makePooler()
        let client = try pooler.connect()
        try client.query("begin")
        let old = try client.serverPID()
        #expect(try pooler.console(command).tag == "RECONNECT")
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try console.send(command.replacing("RECONNECT", with: "WAIT_CLOSE"))
        try always(for: .milliseconds(300)) { !console.isAnswered }
        #expect(try client.serverPID() == old)
        try client.query("commit")
        #expect(try console.lastResult().tag == "WAIT_CLOSE")
        #expect(try client.serverPID() != old)
    }

    @Test func `SET changes a setting at once, RELOAD brings the file's back`() throws {
        let pooler = try Self.makePooler(["query_wait_timeout": "77"])
        func value(_ name: String) throws -> String? {
            try pooler.console("SHOW CONFIG").rows.first { $0[0] == name }?[1]
        }
        #expect(try pooler.console("SET query_wait_timeout = 33").tag == "SET query_wait_timeout=33")
        #expect(try value("query_wait_timeout") == "33")
        #expect(
            try pooler.console("SET server_check_query TO 'select ''x'''").tag == "SET server_check_query=select 'x'")
        #expect(try pooler.console("RELOAD").tag == "RELOAD")
        #expect(try value("query_wait_timeout") == "77")
        #expect(try pooler.console("SET timezone = 'UTC'").tag == "SET")
    }

    @Test(.pgvaletOnly) func `SET of a setting that needs a restart says so`() throws {
        let error = #expect(throws: PostgresError.self) { try Self.makePooler().console("SET listen_port = 1") }
        #expect(error?.severity == "ERROR")
    }

    @Test func `SHUTDOWN ends the pooler and its clients`() throws {
        let pooler = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler)
        _ = try? pooler.console("SHUTDOWN")
        #expect(try pooler.wait() == .exited(0))
        #expect(try client.isClosed())
    }

    @Test(.since(23)) func `SHUTDOWN WAIT_FOR_CLIENTS lets clients finish`() throws {
        let pooler = try Self.makePooler()
        let client = try pooler.connect()
        try client.query("begin")
        #expect(try pooler.console("SHUTDOWN WAIT_FOR_CLIENTS").tag == "SHUTDOWN")
        #expect(throws: (any Error).self) { try pooler.connect() }
        try client.query("commit")
        #expect(try client.query("select 'still here'").value == "still here")
        #expect(pooler.ended == nil)
        client.close()
        #expect(try pooler.wait() == .exited(0))
    }

    @Test(.since(23)) func `SHUTDOWN WAIT_FOR_SERVERS lets transactions finish and refuses those who wait`() throws {
        let pooler = try Self.makePooler(["default_pool_size": "1"])
        let (busy, waiter) = (try pooler.connect(), try RawClient.loggedIn(pooler))
        try busy.query("begin")
        try waiter.send(.query("select 1"))
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        #expect(try pooler.console("SHUTDOWN WAIT_FOR_SERVERS").tag == "SHUTDOWN")
        try waiter.expectFatal(.fatal("server shutting down"))
        #expect(try busy.query("commit").tag == "COMMIT")
        #expect(try pooler.wait() == .exited(0))
    }
}
