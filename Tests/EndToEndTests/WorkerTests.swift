import PoolerTestSupport
import Testing

/// Several workers are one pooler: limits are global, nobody waits while a server idles, the console sees all.
@Suite(.pgvaletOnly) struct WorkerTests {
    private static func makePooler(_ settings: [String: String] = [:], role: String = "app") throws -> Pooler {
        let own = ["pool_mode": "transaction", "worker_threads": "4", "max_client_conn": "600"]
        return try Pooler(own.merging(settings) { $1 }, databases: ["app": "$server user=\(role)"])
    }

    @Test(arguments: ["1", "4"]) func `one server serves clients of every worker`(workers: String) throws {
        let pooler = try Self.makePooler(["default_pool_size": "1", "worker_threads": workers])
        let clients = try (0..<12).map { _ in try pooler.connect() }
        let servers = try Set((0..<5).flatMap { _ in try clients.map { try $0.serverPID() } })
        #expect(servers.count == 1)
    }

    @Test func `pool sizes hold over all workers under load`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Self.makePooler(["default_pool_size": "3"], role: role)
        let crowd = try Crowd(400, on: pooler) { client, round in
            round < 20 ? ("select '\(client)-\(round)'", "\(client)-\(round)") : nil
        }
        try crowd.run(within: .seconds(60))
        #expect(crowd.troubles == [])
        #expect(crowd.rightAnswers == 8000)
        #expect(try Postgres.shared.backends(of: role).count <= 3)
    }

    @Test func `no client waits while a server idles elsewhere`() throws {
        let pooler = try Self.makePooler(["default_pool_size": "4"])
        let clients = try (0..<4).map { _ in try pooler.connect() }
        for _ in 0..<20 {
            for client in clients { try client.query("begin") }
            for client in clients.shuffled() { try client.query("commit") }
        }
        #expect(try pooler.pool()["cl_waiting"] == "0")
    }

    @Test func `the console counts the clients of every worker and commands reach them all`() throws {
        let pooler = try Self.makePooler(["default_pool_size": "2"])
        let clients = try (0..<20).map { _ in try pooler.connect() }
        for client in clients { try client.query("select 1") }
        #expect(try pooler.pool()["cl_active"] == "20")
        #expect(try pooler.console("SHOW CLIENTS").records.count { $0["user"] == "app" } == 20)
        try pooler.console("PAUSE")
        for client in clients { try client.send("select 'resumed'") }
        try eventually { try pooler.pool()["cl_waiting"] == "20" }
        try pooler.console("RESUME")
        for client in clients { #expect(try client.lastResult().value == "resumed") }
        #expect(try pooler.console("KILL").tag == "KILL")
        try eventually { try pooler.console("SHOW CLIENTS").records.allSatisfy { $0["user"] != "app" } }
    }

    @Test func `a cancel finds its query whatever worker it came in on`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Self.makePooler(["default_pool_size": "8"], role: role)
        let clients = try (0..<8).map { _ in try pooler.connect() }
        for client in clients { try client.send("select pg_sleep(30)") }
        try eventually { try Postgres.shared.sleepingBackends(of: role) == 8 }
        for client in clients { try client.cancel() }
        for client in clients {
            #expect(throws: PostgresError("ERROR", "57014", "canceling statement due to user request")) {
                try client.lastResult()
            }
        }
    }
}
