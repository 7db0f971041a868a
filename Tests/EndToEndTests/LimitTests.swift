import PoolerTestSupport
import Testing

/// Limits reached: who waits, who is refused, and with which words.
@Suite struct LimitTests {
    @Test func `max_client_conn refuses the next client, but never the console`() throws {
        let pooler = try Pooler(["max_client_conn": "2", "pool_mode": "transaction"])
        let (first, second) = (try pooler.connect(), try pooler.connect())
        #expect(throws: PostgresError.fatal("no more connections allowed (max_client_conn)")) { try pooler.connect() }
        #expect(try pooler.console("SHOW VERSION").rows.count == 1)
        second.close()
        try eventually { try pooler.connect().isOpen }
        #expect(try first.query("select 1").value == "1")
    }

    @Test(
        .since(24),
        arguments: [
            (
                ["max_user_client_connections": "1"], [:], [:],
                "client connections exceeded (max_user_client_connections)"
            ),
            (
                [:], ["app": "max_user_client_connections=1"], [:],
                "client connections exceeded (max_user_client_connections)"
            ),
            (["max_db_client_connections": "1"], [:], [:], "client connections exceeded (max_db_client_connections)"),
            (
                [:], [:], ["app": "$server max_db_client_connections=1"],
                "client connections exceeded (max_db_client_connections)"
            ),
        ] as [([String: String], [String: String], [String: String], String)])
    func `client connections of a user or a database are limited`(
        settings: [String: String], users: [String: String], databases: [String: String], message: String
    ) throws {
        let pooler = try Pooler(settings, databases: databases, users: users)
        let first = try pooler.connect()
        #expect(throws: PostgresError.fatal(message)) { try pooler.connect() }
        #expect(try pooler.connect(user: "postgres", database: "postgres").query("select 1").value == "1")
        first.close()
        try eventually { try pooler.connect().isOpen }
    }

    @Test(
        .pgvaletOnly,
        arguments: [
            (["max_user_client_connections": "2"], [:]), (["max_db_client_connections": "2"], [:]),
            ([:], ["app": "max_user_client_connections=2"]),
        ] as [([String: String], [String: String])])
    func `strangers who only say a name take nobody's place`(settings: [String: String], users: [String: String])
        throws
    {
        let pooler = try Pooler(
            settings.merging(["auth_type": "scram-sha-256"]) { $1 }, databases: ["app": "$server"], users: users)
        let strangers = try (0..<5).map { _ in
            let stranger = try RawClient(pooler)
            try stranger.send(startupPacket([("user", "app"), ("database", "app")]))
            #expect(try stranger.read()?.type == "R")
            return stranger
        }
        let known = ["password": "app-secret"]
        let clients = [try pooler.connect(known), try pooler.connect(known)]
        #expect(throws: PostgresError.self) { try pooler.connect(known) }
        // Those who have not proved who they are do not learn that there is no place either.
        #expect(throws: PostgresError.notAuthenticated("SASL authentication failed")) {
            try pooler.connect(["password": "wrong"])
        }
        for client in clients { #expect(try client.query("select 1").value == "1") }
        for stranger in strangers { stranger.close() }
    }

    @Test func `default_pool_size limits servers, and everyone is served in the end`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "3"], secrets: [role: "x"])
        let clients = try (0..<12).map { _ in try pooler.connect(user: role) }
        for client in clients { try client.send("select pg_sleep(0.1)") }
        try eventually { try pooler.pool(user: role)["cl_waiting"] == "9" }
        #expect(try Postgres.shared.backends(of: role).count == 3)
        for client in clients { try client.lastResult() }
        #expect(try Postgres.shared.backends(of: role).count == 3)
    }

    @Test(
        arguments: [
            (["max_db_connections": "1"], ["app": "$server"], ("app", "app"), ("postgres", "app")),
            ([:], ["app": "$server max_db_connections=1"], ("app", "app"), ("postgres", "app")),
            (["max_user_connections": "1"], ["app": "$server"], ("app", "app"), ("app", "postgres")),
        ] as [([String: String], [String: String], (String, String), (String, String))])
    func `at a limit over pools a client waits, and an idle server of another pool makes room`(
        settings: [String: String], databases: [String: String], one: (String, String), other: (String, String)
    ) throws {
        let pooler = try Pooler(settings.merging(["pool_mode": "transaction"]) { $1 }, databases: databases)
        let first = try pooler.connect(user: one.0, database: one.1)
        try first.query("begin")
        let second = Background { try pooler.connect(user: other.0, database: other.1).query("select 'served'").value }
        try always(for: .milliseconds(500)) { !second.isDone }
        #expect(try first.query("commit").tag == "COMMIT")
        #expect(try second.value() == "served")
        #expect(try first.query("select 'again'").value == "again")
    }

    @Test(.since(6)) func `a user's max_user_connections counts over all databases`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(
            ["pool_mode": "transaction"], users: [role: "max_user_connections=2"], secrets: [role: "x"])
        let databases = ["app", "postgres"]
        let clients = try (0..<6).map { try pooler.connect(user: role, database: databases[$0 % 2]) }
        for client in clients { try client.send("select pg_sleep(0.05)") }
        for client in clients { try client.lastResult() }
        #expect(try Postgres.shared.backends(of: role).count <= 2)
    }

    @Test(.since(23)) func `pool sizes of databases and users beat the default`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(
            ["pool_mode": "transaction"], databases: ["small": "$server dbname=app pool_size=1"],
            users: [role: "pool_size=2"], secrets: [role: "x"])
        for (user, database, size) in [("app", "small", 1), (role, "small", 2)] {
            let clients = try (0..<4).map { _ in try pooler.connect(user: user, database: database) }
            for client in clients { try client.send("select pg_sleep(0.1)") }
            try eventually { try pooler.pool(user: user, database: database)["cl_waiting"] == "\(4 - size)" }
            for client in clients { try client.lastResult() }
        }
    }

    @Test func `a message above max_packet_size ends its client`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "max_packet_size": "1024"])
        let client = try RawClient.loggedIn(pooler)
        #expect(try client.query("select 1").last?.type == "Z")
        try client.send(.query(String(repeating: " ", count: 2000)))
        #expect(try client.readFatal().message.hasPrefix("bad packet header: '51000007d5"))
        #expect(try pooler.connect().query("select 1").value == "1")
    }
}
