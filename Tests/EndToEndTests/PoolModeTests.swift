import PoolerTestSupport
import Testing

@Suite struct PoolModeTests {
    @Test func `session mode: a client keeps its server until it leaves`() throws {
        let pooler = try Pooler(["pool_mode": "session", "default_pool_size": "1"])
        let first = try pooler.connect()
        let server = try first.serverPID()
        let second = try pooler.connect()
        try second.send("select pg_backend_pid()")
        try always(for: .milliseconds(300)) { !second.isAnswered }
        #expect(try first.serverPID() == server)
        first.close()
        #expect(try second.lastResult().value == "\(server)")
    }

    @Test func `transaction mode: clients take turns on one server`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let clients = try (0..<5).map { _ in try pooler.connect() }
        #expect(try Set(clients.map { try $0.serverPID() }).count == 1)
    }

    @Test func `transaction mode: an open transaction keeps its server and others wait`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let (first, second) = (try pooler.connect(), try pooler.connect())
        try first.query("begin")
        try second.send("select 'second'")
        try always(for: .milliseconds(300)) { !second.isAnswered }
        #expect(try pooler.pool()["cl_waiting"] == "1")
        #expect(throws: PostgresError("ERROR", "42P01", "relation \"nowhere\" does not exist")) {
            try first.query("select * from nowhere")
        }
        try always(for: .milliseconds(200)) { !second.isAnswered }
        try first.query("rollback")
        #expect(try second.lastResult().value == "second")
    }

    @Test func `statement mode: each statement may go to another server, transactions in one message are fine`() throws
    {
        let pooler = try Pooler(["pool_mode": "statement", "default_pool_size": "1"])
        let (first, second) = (try pooler.connect(), try pooler.connect())
        #expect(try first.serverPID() == second.serverPID())
        #expect(try first.query("begin; select 7; commit").tag == "COMMIT")
    }

    @Test func `statement mode: a transaction block ends the client and not the pool`() throws {
        let pooler = try Pooler(["pool_mode": "statement", "default_pool_size": "1"])
        let client = try RawClient.loggedIn(pooler)
        try client.send(.query("begin"))
        try client.expectFatal(.fatal("transaction blocks not allowed in statement pooling mode"))
        let next = try pooler.connect()
        #expect(try next.query("select now() = statement_timestamp()").value == "t")
    }

    @Test(
        arguments: [
            [.query("begin; select 1")], [.query("select 1; start transaction")], [.query("begin; select 1/0")],
            WireMessage.statement("begin") + [.sync],
            WireMessage.statement("begin") + WireMessage.statement("select 1") + [.sync],
        ] as [[WireMessage]])
    func `statement mode: so does every other way to leave a transaction open`(messages: [WireMessage]) throws {
        let pooler = try Pooler(["pool_mode": "statement", "default_pool_size": "1"])
        let client = try RawClient.loggedIn(pooler)
        try client.send(messages)
        let answer = try client.readToEnd()
        #expect(answer.last?.error == .fatal("transaction blocks not allowed in statement pooling mode"), "\(answer)")
        #expect(try pooler.connect().query("select now() = statement_timestamp()").value == "t")
    }

    @Test func `a database's pool_mode beats the global one, and a user's beats both`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(
            ["pool_mode": "session"], databases: ["swift": "$server dbname=app pool_mode=transaction"],
            users: [role: "pool_mode=statement"], secrets: [role: "x"])
        _ = try pooler.connect().query("select 1")
        _ = try pooler.connect(database: "swift").query("select 1")
        _ = try pooler.connect(user: role, database: "swift").query("select 1")
        #expect(try pooler.pool()["pool_mode"] == "session")
        #expect(try pooler.pool(database: "swift")["pool_mode"] == "transaction")
        #expect(try pooler.pool(user: role, database: "swift")["pool_mode"] == "statement")
    }

    @Test func `a forced user logs in on every server connection`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(databases: ["forced": "$server dbname=app user=\(role)"])
        let client = try pooler.connect(database: "forced")
        #expect(try client.query("select current_user || '@' || current_database()").value == "\(role)@app")
    }

    @Test func `the fallback database serves names that have no entry, and without it they are refused`() throws {
        let pooler = try Pooler(databases: ["only": "$server dbname=app"])
        #expect(try pooler.connect(database: "postgres").query("select current_database()").value == "postgres")
        var settings = PoolerSettings()
        settings.databases = ["only": "$server dbname=app"]
        let strict = try Pooler(settings)
        #expect(try strict.connect(database: "only").query("select current_database()").value == "app")
        #expect(throws: PostgresError.fatal("no such database: postgres")) { try strict.connect(database: "postgres") }
    }

    @Test(arguments: [("0", 1), ("1", 2)])
    func `the server used last is used next, unless server_round_robin`(roundRobin: String, servers: Int) throws {
        var settings = ["pool_mode": "transaction", "server_round_robin": roundRobin, "default_pool_size": "2"]
        // The turn is kept for each worker.
        if Pooler.isPgvalet { settings["worker_threads"] = "1" }
        let pooler = try Pooler(settings)
        let (first, second) = (try pooler.connect(), try pooler.connect())
        try first.query("begin")
        _ = try second.serverPID()
        try first.query("commit")
        #expect(try Set((0..<6).map { _ in try first.serverPID() }).count == servers)
    }
}
