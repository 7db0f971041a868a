import PoolerTestSupport
import Testing

/// When server connections are opened, checked, reset and closed.
@Suite struct ServerLifeTests {
    /// As PgBouncer treats the session's state.
    private static func passthrough(_ settings: [String: String]) -> [String: String] {
        Pooler.isPgvalet ? settings.merging(["session_state": "passthrough"]) { $1 } : settings
    }

    @Test func `server_reset_query cleans up after a session`() throws {
        let pooler = try Pooler(["pool_mode": "session", "default_pool_size": "1"])
        let first = try pooler.connect()
        try first.query("set work_mem = '3MB'; create temp table mine (n int); listen mine")
        let server = try first.serverPID()
        first.close()
        let second = try pooler.connect()
        #expect(try second.serverPID() == server)
        #expect(try second.setting("work_mem") == "4MB")
        #expect(try second.query("select to_regclass('mine') is null").value == "t")
    }

    @Test func `without server_reset_query the session's state stays`() throws {
        let pooler = try Pooler(
            Self.passthrough(["pool_mode": "session", "default_pool_size": "1", "server_reset_query": ""]))
        let first = try pooler.connect()
        try first.query("set work_mem = '3MB'")
        first.close()
        #expect(try pooler.connect().setting("work_mem") == "3MB")
    }

    @Test func `server_reset_query_always cleans up after a transaction`() throws {
        let pooler = try Pooler(
            Self.passthrough(["pool_mode": "transaction", "default_pool_size": "1", "server_reset_query_always": "1"]))
        let client = try pooler.connect()
        try client.query("set work_mem = '3MB'")
        #expect(try client.setting("work_mem") == "4MB")
    }

    @Test(.pgvaletOnly) func `a server whose reset failed is closed`() throws {
        let pooler = try Pooler(
            ["pool_mode": "session", "default_pool_size": "1", "server_reset_query": "reset nonsense.nonsense.x y"])
        let first = try pooler.connect()
        let server = try first.serverPID()
        first.close()
        #expect(try pooler.connect().serverPID() != server)
    }

    @Test(.pgvaletOnly) func `max_server_logins holds over all workers, and the pool grows on`() throws {
        let isOpen = Shared(false)
        let server = try ScriptedServer { _, channel in
            try eventually { isOpen.value }
            try channel.welcome()
            try channel.echo()
        }
        let pooler = try Pooler(
            [
                "pool_mode": "session", "default_pool_size": "20", "worker_threads": "4", "max_server_logins": "3",
                "client_login_timeout": "30",
            ], databases: ["app": server.address])
        let answered = Shared(0)
        let clients = (0..<12).map { number in
            Background {
                let client = try pooler.connect()
                let answer = try client.query("\(number)").value
                answered.update { $0 += 1 }
                // Nobody gives a server back until everybody has one.
                try eventually { answered.value == 12 }
                return answer
            }
        }
        try eventually { server.connections == 3 }
        try always(for: .milliseconds(500)) { server.connections == 3 }
        isOpen.set(true)
        for (number, client) in clients.enumerated() { #expect(try client.value() == "\(number)") }
        #expect((12...20).contains(server.connections))
    }

    @Test func `connect_query runs before a server's first use`() throws {
        let pooler = try Pooler(
            ["pool_mode": "transaction"],
            databases: ["tuned": "$server dbname=app connect_query='set work_mem = ''5MB'''"])
        #expect(try pooler.connect(database: "tuned").setting("work_mem") == "5MB")
    }

    @Test func `server_check_query runs on a server that lay idle`() throws {
        let postgres = Postgres.shared
        try postgres.query("create sequence if not exists checks; grant all on checks to app", database: "app")
        let pooler = try Pooler([
            "pool_mode": "transaction", "server_check_query": "select nextval('checks')", "server_check_delay": "0",
        ])
        let client = try pooler.connect()
        let before = try postgres.query("select last_value from checks", database: "app")
        let server = try client.serverPID()
        try eventually("the check") {
            try client.serverPID() == server
                && postgres.query("select last_value from checks", database: "app") != before
        }
    }

    @Test func `server_lifetime 0 uses each connection once`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "server_lifetime": "0"])
        let client = try pooler.connect()
        #expect(try Set((0..<3).map { _ in try client.serverPID() }).count == 3)
    }

    @Test func `server_idle_timeout closes what nobody uses`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction", "server_idle_timeout": "0.5"], secrets: [role: "x"])
        let client = try pooler.connect(user: role)
        try client.query("select 1")
        #expect(try Postgres.shared.backends(of: role).count == 1)
        try eventually { try Postgres.shared.backends(of: role).isEmpty }
        #expect(try client.query("select 1").value == "1")
    }

    @Test func `min_pool_size opens servers ahead of need`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction", "min_pool_size": "3"], secrets: [role: "x"])
        let client = try pooler.connect(user: role)
        try client.query("select 1")
        try eventually { try Postgres.shared.backends(of: role).count == 3 }
        #expect(try client.query("select 1").value == "1")
    }

    @Test func `the reserve opens after reserve_pool_timeout, and not before`() throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1", "reserve_pool_size": "1", "reserve_pool_timeout": "1",
        ])
        let clients = try (0..<3).map { _ in try pooler.connect() }
        try clients[0].query("begin")
        try clients[1].send("begin")
        try always(for: .milliseconds(500)) { !clients[1].isAnswered }
        try clients[1].lastResult()
        try clients[2].send("select 1")
        try always(for: .milliseconds(1500)) { !clients[2].isAnswered }
        #expect(try pooler.pool()["sv_active"] == "2")
        try clients[0].query("commit")
        try clients[2].lastResult()
    }
}
