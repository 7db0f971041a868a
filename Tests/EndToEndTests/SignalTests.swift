import Glibc
import PoolerTestSupport
import Testing

@Suite struct SignalTests {
    @Test func `SIGHUP reloads the files`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "query_wait_timeout": "50"])
        try pooler.configure { $0.main["query_wait_timeout"] = "51" }
        pooler.signal(SIGHUP)
        try eventually {
            try pooler.console("SHOW CONFIG").rows.contains { $0[0] == "query_wait_timeout" && $0[1] == "51" }
        }
    }

    @Test(.since(23)) func `SIGQUIT ends it at once`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try client.query("begin")
        pooler.signal(SIGQUIT)
        #expect(try pooler.wait() == .exited(0))
    }

    @Test(.since(23)) func `SIGTERM lets clients finish, a second one does not`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        pooler.signal(SIGTERM)
        try eventually { (try? pooler.connect(within: .seconds(1))) == nil }
        #expect(try client.query("select 'still here'").value == "still here")
        #expect(pooler.ended == nil)
        pooler.signal(SIGTERM)
        #expect(try pooler.wait() == .exited(0))
    }

    @Test func `SIGINT lets transactions finish`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try client.query("begin")
        pooler.signal(SIGINT)
        try eventually { pooler.log.contains("SIGINT") }
        #expect(try client.query("select 1").value == "1")
        #expect(pooler.ended == nil)
        try client.query("commit")
        #expect(try pooler.wait() == .exited(0))
    }

    @Test(.since(20)) func `SIGUSR1 pauses and SIGUSR2 resumes`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try client.query("select 1")
        func paused() throws -> String? { try pooler.console("SHOW STATE").rows[1][1] }
        pooler.signal(SIGUSR1)
        try eventually { try paused() == "yes" }
        try client.send("select 'resumed'")
        try always(for: .milliseconds(300)) { !client.isAnswered }
        pooler.signal(SIGUSR2)
        #expect(try client.lastResult().value == "resumed")
    }

    @Test func `when it has ended, its Unix socket is gone and its servers are closed`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction"], secrets: [role: "x"])
        try pooler.connect(user: role).query("select 1")
        pooler.signal(SIGINT)
        #expect(try pooler.wait() == .exited(0))
        try eventually { try Postgres.shared.backends(of: role).isEmpty }
        #expect(unsafe access("\(pooler.directory)/.s.PGSQL.\(pooler.port)", F_OK) != 0)
    }
}
