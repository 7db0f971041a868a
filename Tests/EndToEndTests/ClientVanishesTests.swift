import PoolerTestSupport
import Testing

/// A client that dies at the worst moment: the next one gets a clean server, and the pool stays whole.
@Suite struct ClientVanishesTests {
    /// What the client does, up to the moment of its death.
    enum Scene: String, CaseIterable {
        case inTransaction, inFailedTransaction, inQuery, inCopyIn, inCopyOut, inLargeResult, inPipeline, afterFlush,
            inHalfMessage
    }

    @Test(arguments: Scene.allCases, ["transaction", "session"])
    func `the next client gets a clean server`(scene: Scene, mode: String) throws {
        let pooler = try Pooler(["pool_mode": mode, "default_pool_size": "1"])
        let victim = try RawClient.loggedIn(pooler)
        try play(scene, victim)
        victim.reset()
        let next = try pooler.connect()
        #expect(try next.query("select 'fine'").value == "fine")
        #expect(try next.query("select now() = statement_timestamp()").value == "t", "not in the victim's transaction")
        #expect(try next.query("select to_regclass('vanished') is null").value == "t")
        try eventually { try pooler.pool()["cl_active"] == "1" }
        #expect(try pooler.pool()["cl_waiting"] == "0")
    }

    private func play(_ scene: Scene, _ victim: RawClient) throws {
        let begin = "begin; create temp table vanished (line text)"
        switch scene {
        case .inTransaction: _ = try victim.query(begin)
        case .inFailedTransaction: _ = try victim.query("\(begin); select 1/0")
        case .inQuery: try victim.send(.query("\(begin); select pg_sleep(3)"))
        case .inCopyIn:
            _ = try victim.query(begin)
            try victim.send(.query("copy vanished from stdin"))
            try victim.readUntil("G")
            try victim.send(WireMessage("d", Array("half a li".utf8)))
        case .inCopyOut:
            try victim.send(.query("copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout"))
            try victim.readUntil("d")
        case .inLargeResult:
            try victim.send(.query("select repeat('x', 1000) from generate_series(1, 100000)"))
            try victim.readUntil("D")
        case .inPipeline:
            try victim.send(
                WireMessage.statement("create temp table vanished (n int)")
                    + WireMessage.statement("select pg_sleep(3)"))
        case .afterFlush:
            try victim.send(WireMessage.statement("create temp table vanished (n int)") + [.flush])
            try victim.readUntil("C")
        case .inHalfMessage:
            _ = try victim.query(begin)
            try victim.send(Array(WireMessage.query("select 'never finished'").bytes.dropLast(5)))
        }
    }

    @Test(.pgvaletOnly, arguments: [true, false])
    func `a client that dies in the queue leaves the queue`(byReset: Bool) throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let holder = try pooler.connect()
        try holder.query("begin")
        let victim = try RawClient.loggedIn(pooler)
        try victim.send(.query("create table never_made (n int)"))
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        if byReset { victim.reset() } else { victim.close() }
        try eventually { try pooler.pool()["cl_waiting"] == "0" }
        try holder.query("commit")
        #expect(try holder.query("select to_regclass('never_made') is null").value == "t")
    }

    @Test func `clients that come and go leave nothing behind`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"])
        _ = try pooler.connect().query("select 1")
        try eventually { try pooler.pool()["cl_active"] == "0" }
        let before = pooler.figures.openDescriptors
        for round in 0..<50 {
            let client = try RawClient.loggedIn(pooler)
            if round % 2 == 0 { try client.send(.query("select pg_sleep(0.01)")) }
            if round % 3 == 0 { client.reset() } else { client.close() }
        }
        try eventually { try pooler.pool()["cl_active"] == "0" && pooler.pool()["sv_active"] == "0" }
        try eventually("all sockets closed") { pooler.figures.openDescriptors <= before + 2 }
    }
}
