import PoolerTestSupport
import Testing

/// A cancel request reaches the query that its client runs, and nothing else.
@Suite struct CancelTests {
    private static let canceled = PostgresError("ERROR", "57014", "canceling statement due to user request")

    @Test(arguments: ["transaction", "session"])
    func `a cancel ends its client's query and not another's`(mode: String) throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": mode, "default_pool_size": "2"], secrets: [role: "x"])
        let (victim, bystander) = (try pooler.connect(user: role), try pooler.connect(user: role))
        try victim.send("select pg_sleep(30)")
        try bystander.send("select pg_sleep(3), 'slept'")
        try eventually { try Postgres.shared.sleepingBackends(of: role) == 2 }
        try victim.cancel()
        #expect(throws: Self.canceled) { try victim.lastResult() }
        #expect(try bystander.lastResult().rows == [["", "slept"]])
        #expect(try victim.query("select 'goes on'").value == "goes on")
    }

    @Test func `a transaction that was canceled goes on as Postgres would have it`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction"], secrets: [role: "x"])
        let client = try pooler.connect(user: role)
        try client.query("begin")
        try client.send("select pg_sleep(30)")
        try eventually { try Postgres.shared.sleepingBackends(of: role) == 1 }
        try client.cancel()
        #expect(throws: Self.canceled) { try client.lastResult() }
        #expect(throws: PostgresError.self) { try client.query("select 1") }
        #expect(try client.query("rollback").tag == "ROLLBACK")
    }

    @Test func `late and repeated cancels never hit the next client on the same server`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let (canceller, bystander) = (try RawClient.loggedIn(pooler), try pooler.connect())
        for round in 0..<60 {
            try canceller.send(.query("select pg_sleep(0.00\(round % 10))"))
            try bystander.send("select pg_sleep(0.01), \(round)")
            try canceller.cancel()
            try canceller.readUntil("Z")
            #expect(try bystander.lastResult().rows == [["", "\(round)"]])
        }
    }

    @Test func `a cancel with nothing to cancel or a made-up key does nothing`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let (idle, busy) = (try RawClient.loggedIn(pooler), try pooler.connect())
        try busy.send("select pg_sleep(0.5), 'done'")
        try eventually { try pooler.pool()["sv_active"] == "1" }
        try idle.cancel()
        try idle.cancel(key: [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(try busy.lastResult().rows == [["", "done"]])
        #expect(try idle.query("select 1").last?.type == "Z")
    }

    @Test(.pgvaletOnly) func `a client that waits can be canceled, and its query never runs`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let (holder, waiter) = (try pooler.connect(), try pooler.connect())
        try holder.query("begin")
        try waiter.send("create table never_canceled (n int)")
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        try waiter.cancel()
        #expect(throws: Self.canceled) { try waiter.lastResult() }
        try holder.query("commit")
        #expect(try waiter.query("select to_regclass('never_canceled') is null").value == "t")
    }

    @Test func `a full pool does not hold up cancels`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "3"], secrets: [role: "x"])
        let clients = try (0..<3).map { _ in try pooler.connect(user: role) }
        for client in clients { try client.send("select pg_sleep(30)") }
        try eventually { try Postgres.shared.sleepingBackends(of: role) == 3 }
        for client in clients { try client.cancel() }
        for client in clients { #expect(throws: Self.canceled) { try client.lastResult() } }
    }
}
