import PoolerTestSupport
import Testing

/// Each timeout ends what it should, says so, and leaves the pool usable. 0 is off, which most other tests prove.
@Suite struct TimeoutTests {
    @Test func `query_wait_timeout ends a client that waits for a server`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "query_wait_timeout": "1"])
        let holder = try pooler.connect()
        try holder.query("begin")
        let waiter = try RawClient.loggedIn(pooler)
        try waiter.send(.query("select 1"))
        try waiter.expectFatal(.fatal("query_wait_timeout"))
        #expect(try holder.query("commit").tag == "COMMIT")
    }

    @Test func `query_timeout ends a client whose query takes too long`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "query_timeout": "1"])
        let client = try RawClient.loggedIn(pooler)
        try client.send(.query("select pg_sleep(30)"))
        try client.expectFatal(.fatal("query timeout"))
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test(.pgvaletOnly) func `query_timeout cancels the query on the server too`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction", "query_timeout": "1"], secrets: [role: "x"])
        let client = try RawClient.loggedIn(pooler, user: role)
        try client.send(.query("select pg_sleep(60)"))
        try client.expectFatal(.fatal("query timeout"))
        try eventually(within: .seconds(5)) {
            try Postgres.shared.query(
                "select from pg_stat_activity where usename = '\(role)' and state = 'active'"
            ).isEmpty
        }
    }

    @Test func `idle_transaction_timeout ends a client that forgot its transaction`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "idle_transaction_timeout": "1", "default_pool_size": "1"])
        let client = try RawClient.loggedIn(pooler)
        _ = try client.query("begin; create temp table forgotten (n int)")
        try client.expectFatal(.fatal("idle transaction timeout"))
        #expect(try pooler.connect().query("select to_regclass('forgotten') is null").value == "t")
    }

    @Test(.since(25)) func `transaction_timeout ends a transaction that takes too long, busy or not`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "transaction_timeout": "1"])
        let client = try RawClient.loggedIn(pooler)
        _ = try client.query("begin")
        try client.send(.query("select pg_sleep(30)"))
        try client.expectFatal(.fatal("transaction timeout"))
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `client_idle_timeout ends a client without work`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "client_idle_timeout": "1"])
        let client = try RawClient.loggedIn(pooler)
        _ = try client.query("select 1")
        try client.expectFatal(.fatal("client_idle_timeout"))
    }

    @Test(.pgvaletOnly) func `a user's client_idle_timeout ends that user's clients alone`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"], users: ["postgres": "client_idle_timeout=1"])
        let bystander = try pooler.connect()
        let client = try RawClient.loggedIn(pooler, user: "postgres")
        try client.expectFatal(.fatal("client_idle_timeout"))
        #expect(try bystander.query("select 1").value == "1")
    }

    @Test(
        arguments: [
            (["query_wait_timeout": "1"], "query_wait_timeout"),
            (["query_wait_timeout": "0", "query_timeout": "1"], "query_timeout"),
            (["client_login_timeout": "1"], "client_login_timeout (server down)"),
        ] as [([String: String], String)])
    func `a login that waits for the first server of its pool is a wait as well`(
        settings: [String: String], text: String
    ) throws {
        let pooler = try Pooler(settings, databases: ["down": "host=127.0.0.1 port=1"])
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "app"), ("database", "down")]))
        while let message = try client.read(), message.type != "E" { #expect(message.type == "R") }
        try eventually { pooler.log.contains("pooler error: \(text)\n") }
    }

    @Test func `client_login_timeout ends a client that does not log in`() throws {
        let pooler = try Pooler(["client_login_timeout": "1", "tcp_defer_accept": "0"])
        let silent = try RawClient(pooler)
        try silent.expectFatal(.fatal("client_login_timeout"))
        guard Pooler.isPgvalet else { return }
        let halfway = try RawClient(pooler)
        try halfway.send(Array(startupPacket([("user", "app")]).dropLast(3)))
        try halfway.expectFatal(.fatal("client_login_timeout"))
    }

    @Test func `server_connect_timeout gives up on a server that says nothing, and tries again`() throws {
        let server = try ScriptedServer { connection, channel in
            if connection == 0 {
                _ = try channel.readToEnd()
                return
            }
            try channel.welcome()
            try channel.echo()
        }
        let pooler = try Pooler(["server_connect_timeout": "1"], databases: ["app": server.address])
        #expect(try pooler.connect().query("hello").value == "hello")
        #expect(server.connections == 2)
    }

    @Test(.since(25)) func `query_wait_notify tells a waiting client why it waits`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "query_wait_notify": "1"])
        let (holder, waiter) = (try pooler.connect(), try pooler.connect())
        try holder.query("begin")
        try waiter.send("select 1")
        try eventually { !waiter.isAnswered && waiter.notices.count == 1 }
        try holder.query("commit")
        try waiter.lastResult()
        #expect(
            waiter.notices == [
                PostgresError(
                    "NOTICE", "00000", "No server connection available in postgres backend, client being queued")
            ])
    }
}
