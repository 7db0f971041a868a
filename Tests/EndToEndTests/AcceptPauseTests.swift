import PoolerTestSupport
import Testing

/// Accepting rests for want of descriptors, and in a SUSPEND: whichever ends first, nobody is accepted before the other.
@Suite(.pgvaletOnly) struct AcceptPauseTests {
    @Test func `a SUSPEND in the pause changes nothing of it`() throws {
        let pooler = try Pooler(["worker_threads": "2"])
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try pooler.limitDescriptors(to: 3)
        let kept = try RawClient(pooler)
        try eventually { pooler.log.contains("accept() failed") }
        for _ in 0..<3 {
            try console.query("SUSPEND")
            try console.query("RESUME")
        }
        try pooler.limitDescriptors(to: 1000)
        try console.query("SUSPEND")
        try console.query("RESUME")
        // The pause is over after five seconds.
        try kept.logIn([("user", "app"), ("database", "app")])
        #expect(try kept.query("select 1").contains { $0.type == "D" })
        #expect(try pooler.connect().query("select 1").value == "1")
        #expect(pooler.ended == nil)
    }
}
