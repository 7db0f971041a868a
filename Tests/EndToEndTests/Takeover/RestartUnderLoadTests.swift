import Glibc
import PoolerTestSupport
import Testing

/// Restarts while clients work: none of them notices.
@Suite(.pgvaletOnly) struct RestartUnderLoadTests {
    private static let restarts = 20

    /// One process takes over, and the other ends.
    private static func restart(_ pooler: Pooler) throws {
        let old = try pooler.takeOver()
        let ending = try? old.wait()
        try #require(
            ending == .exited(0),
            "process \(old.pid): \(pooler.log.split(separator: "\n").suffix(60).joined(separator: "\n"))")
    }

    @Test(arguments: ["simple", "extended", "prepared"])
    func `pgbench loses no transaction over many restarts`(mode: String) throws {
        let postgres = try Postgres()
        try postgres.makeBenchmarkTables()
        let pooler = try Pooler(
            ["pool_mode": "transaction", "default_pool_size": "4", "worker_threads": "2"], postgres: postgres)
        let home = try TemporaryDirectory("pgbench")
        // As many threads as clients, since pgbench prepares synchronously and its threads would wait for each other.
        let bench = try Postgres.startBenchmark(
            ["-n", "-M", mode, "-c", "8", "-j", "8", "-T", "600"], on: pooler, output: home.file("report"))
        defer { bench.stop() }
        try eventually { try pooler.pool()["sv_active"] != "0" }
        for _ in 0..<Self.restarts { try Self.restart(pooler) }
        #expect(bench.ended == nil)
        let count = try postgres.query("select count(*) from pgbench_history", database: "app")[0][0]
        try eventually("transactions after the last restart") {
            try postgres.query("select count(*) from pgbench_history", database: "app")[0][0] != count
        }
        bench.signal(SIGALRM)
        #expect(try bench.wait() == .exited(0))
        let report = readFile(home.file("report"))
        let done = report.firstMatch(of: /transactions actually processed: (\d+)/).map { String($0.1) }
        #expect(report.contains("number of failed transactions: 0 "), "\(report)")
        for word in ["ERROR", "FATAL", "aborted"] { #expect(!report.contains(word), "\(report)") }
        // What it counts as done is done, once.
        #expect(try postgres.query("select count(*) from pgbench_history", database: "app")[0][0] == done)
        try eventually { try pooler.pool()["cl_active"] == "0" }
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `clients that come and go meanwhile are served by one process or the other`() throws {
        let postgres = try Postgres()
        try postgres.makeBenchmarkTables()
        let pooler = try Pooler(
            ["pool_mode": "transaction", "default_pool_size": "4", "worker_threads": "2"], postgres: postgres)
        let home = try TemporaryDirectory("pgbench")
        let bench = try Postgres.startBenchmark(
            ["-n", "-C", "-S", "-c", "4", "-j", "4", "-T", "600"], on: pooler, output: home.file("report"))
        defer { bench.stop() }
        try eventually { try pooler.pool()["sv_idle"] != nil }
        for _ in 0..<10 { try Self.restart(pooler) }
        #expect(bench.ended == nil)
        bench.signal(SIGALRM)
        #expect(try bench.wait() == .exited(0))
        let report = readFile(home.file("report"))
        #expect(report.contains("number of failed transactions: 0 "), "\(report)")
        for word in ["ERROR", "FATAL", "aborted"] { #expect(!report.contains(word), "\(report)") }
    }

    @Test(arguments: 0..<6) func `random pipelines read the same over restarts`(seed: Int) throws {
        var dice = Dice(seed: 9000 + seed)
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "\(1 + seed % 2)",
            "max_prepared_statements": "\([2, 3, 200][seed % 3])", "worker_threads": "2",
        ])
        let pooled = try (0..<3).map { _ in try RawClient.loggedIn(pooler) }
        let direct = try (0..<3).map { _ in
            let client = try RawClient(pooler.postgres)
            try client.logIn([("user", "app"), ("database", "app")])
            return client
        }
        for step in 0..<20 {
            let client = dice.roll(3)
            let messages = PreparedStatementFuzzTests.pipeline(&dice) + [.query("rollback")]
            let bytes = messages.flatMap(\.bytes)
            let cut = dice.roll(bytes.count)
            try pooled[client].send(Array(bytes[..<cut]))
            try pooler.takeOver()
            try pooled[client].send(Array(bytes[cut...]))
            try direct[client].send(messages)
            if dice.roll(2) == 0 { try pooler.takeOver() }
            for end in 0..<messages.count(where: { $0.type == "S" || $0.type == "Q" }) {
                let answer = try pooled[client].readUntil("Z")
                let expected = try direct[client].readUntil("Z")
                try #require(
                    PreparedStatementFuzzTests.isSame(answer, expected),
                    "seed \(seed), step \(step), part \(end): \(answer) instead of \(expected) after \(messages)")
            }
        }
    }
}
