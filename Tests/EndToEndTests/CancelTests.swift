import PoolerTestSupport
import Synchronization
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

    /// A server that takes its time for the third SET of application_name, and cancels only a query of its client.
    private final class SlowSetter: Sendable {
        let maySet = Mutex(false)
        let isCanceled = Mutex(false)

        func play(_ connection: Int, _ channel: ServerChannel) throws {
            guard connection == 0 else {
                _ = try channel.receive(16)
                isCanceled.withLock { $0 = true }
                return
            }
            try channel.welcome()
            var setCount = 0
            while let message = try channel.read(within: .seconds(600)), message.type == "Q" {
                let sql = message.strings.first ?? ""
                if sql.hasPrefix("SET") {
                    setCount += 1
                    if setCount == 3 { try eventually { maySet.withLock { $0 } } }
                    let name = sql.contains("'a'") ? "a" : ""
                    try channel.send(
                        WireMessage("S", cString("application_name"), cString(name)), WireMessage("C", cString("SET")),
                        ServerChannel.ready)
                } else if sql == "slow" {
                    try eventually { isCanceled.withLock { $0 } }
                    try channel.send(
                        WireMessage("E", cString("SERROR") + cString("C57014") + cString("Mcanceled") + [0]),
                        ServerChannel.ready)
                } else {
                    try channel.send(ServerChannel.answer(sql) + [ServerChannel.ready])
                }
            }
        }
    }

    @Test(.pgvaletOnly) func `a cancel waits until what goes in front of the query is over`() throws {
        let setter = SlowSetter()
        let server = try ScriptedServer { try setter.play($0, $1) }
        let pooler = try Pooler(
            ["pool_mode": "transaction", "default_pool_size": "1", "worker_threads": "1"],
            databases: ["scripted": server.address])
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "scripted"), ("application_name", "a")])
        let other = try pooler.connect(database: "scripted", ["application_name": ""])
        _ = try client.query("first")
        try other.query("second")
        try client.send(.query("slow"))
        let key = client.cancelKey
        let cancel = Background { try RawClient(pooler).cancel(key: key) }
        try eventually { try pooler.pool(database: "scripted")["cl_waiting_cancel_req"] == "1" }
        // The janitor has come by.
        try always(for: .milliseconds(700)) { server.connections == 1 }
        setter.maySet.withLock { $0 = true }
        #expect(try client.readUntil("Z").first?.error.sqlState == "57014")
        try cancel.value()
        #expect(try client.query("third").first { $0.type == "D" }?.values == ["third"])
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
