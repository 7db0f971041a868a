import PoolerTestSupport
import Testing

/// max_pinned: the statement that would pin one client too many fails as a statement of Postgres would.
@Suite(.pgvaletOnly) struct MaxPinnedTests {
    private func pooler(_ more: [String: String] = [:]) throws -> Pooler {
        try Pooler(["pool_mode": "transaction", "default_pool_size": "2", "max_pinned": "1"].merging(more) { $1 })
    }

    private static let statements = [
        "listen state_l", "create temp table state_t (a int)", "select pg_advisory_lock(81)",
        "prepare state_p as select 1",
        "declare c cursor with hold for select 1", "select 1 as a into temp state_t",
    ]

    private func isRefusal(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return false }
        return error.sqlState == "53400" && error.severity == "ERROR" && error.message.contains("pinned")
    }

    @Test(arguments: statements) func `a statement is refused, and the client goes on`(sql: String) throws {
        let pooler = try pooler()
        let (first, client) = (try pooler.connect(), try pooler.connect())
        try first.query("listen state_first")
        for _ in 0..<2 {
            #expect(performing: { try client.query(sql) }, throws: isRefusal)
            #expect(try client.query("select 1").value == "1")
            #expect(performing: { try client.query(sql, []) }, throws: isRefusal)
            #expect(try client.query("select 2", []).value == "2")
        }
        try client.prepare("s", sql)
        #expect(performing: { try client.execute("s") }, throws: isRefusal)
        #expect(try client.query("select 3").value == "3")
        #expect(try pooler.console("SHOW PIN_STATS").records.first { $0["user"] == "app" }?["total_refused"] == "5")
        try first.query("unlisten *")
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
        try client.query(sql)
        try eventually { try pooler.console("SHOW PINS").rows.count == 1 }
    }

    @Test func `inside a transaction the refusal aborts it`() throws {
        let pooler = try pooler()
        let (first, client) = (try pooler.connect(), try pooler.connect())
        try first.query("listen state_first")
        try client.query("create table if not exists state_max (a int); truncate state_max")
        for parameters in [nil, []] as [[String?]?] {
            try client.query("begin; insert into state_max values (1)")
            #expect(
                performing: {
                    if let parameters { try client.query("listen a", parameters) } else { try client.query("listen a") }
                }, throws: isRefusal)
            #expect(
                performing: { try client.query("select 1") }, throws: { ($0 as? PostgresError)?.sqlState == "25P02" })
            #expect(try client.query("commit").tag == "ROLLBACK")
        }
        #expect(try client.query("select count(*) from state_max").value == "0")
    }

    @Test func `in a pipeline the rest of the batch is skipped, in order`() throws {
        let pooler = try pooler()
        let first = try pooler.connect()
        try first.query("listen state_first")
        let client = try RawClient.loggedIn(pooler)
        try client.send(
            WireMessage.statement("select 1") + WireMessage.statement("listen a") + WireMessage.statement("select 2")
                + [.sync] + WireMessage.statement("select 3") + [
                    .sync, .query("select 4"), .query("listen b; select 5"),
                ])
        #expect(try client.readUntil("Z").map(\.type) == ["1", "2", "T", "D", "C", "1", "E", "Z"])
        #expect(try client.readUntil("Z").map(\.type) == ["1", "2", "T", "D", "C", "Z"])
        #expect(try client.readUntil("Z").map(\.type) == ["T", "D", "C", "Z"])
        let last = try client.readUntil("Z")
        #expect(last.map(\.type) == ["E", "Z"])
        #expect(last.first?.error.sqlState == "53400")
    }

    @Test func `a client that is pinned already may have more of it`() throws {
        let pooler = try pooler()
        let client = try pooler.connect()
        for sql in Self.statements where sql != "select 1 as a into temp state_t" { try client.query(sql) }
        try eventually { try pooler.console("SHOW PINS").rows.count == 1 }
    }

    @Test func `a place comes free with the statement that failed, and with the client that leaves`() throws {
        let pooler = try pooler()
        let (first, second) = (try pooler.connect(), try pooler.connect())
        #expect(throws: PostgresError.self) { try first.query("create temp table state_t (a nonsense)") }
        try eventually { (try? second.query("listen a")) != nil }
        second.vanish()
        try eventually { (try? first.query("listen a")) != nil }
    }

    @Test(arguments: [1, 4])
    func `a place is free as soon as its client knows that it is`(workers: Int) throws {
        let pooler = try pooler(["worker_threads": "\(workers)", "default_pool_size": "4"])
        let clients = try (0..<4).map { _ in try pooler.connect() }
        for round in 0..<25 {
            for (make, end) in [
                ("listen a", "unlisten a"), ("select pg_advisory_lock(82)", "select pg_advisory_unlock(82)"),
            ] {
                let client = clients[round % 4]
                if round % 2 == 0 { try client.query(make) } else { try client.query(make, []) }
                try client.query(end)
            }
        }
        let stats = try #require(try pooler.console("SHOW PIN_STATS").records.first { $0["user"] == "app" })
        #expect(stats["total_refused"] == "0")
    }

    @Test func `nobody is pinned with max_pinned = 0, and settings are tracked all the same`() throws {
        let pooler = try pooler(["max_pinned": "0"])
        let client = try pooler.connect()
        #expect(performing: { try client.query("listen a") }, throws: isRefusal)
        try client.query("set work_mem = '7MB'")
        #expect(try client.setting("work_mem") == "7MB")
    }

    @Test func `what was not seen coming is taken away, and the next request says so`() throws {
        let pooler = try pooler()
        let (first, client) = (try pooler.connect(), try pooler.connect())
        try first.query("listen state_first")
        try client.query("do $$ begin create temp table state_t (a int) on commit drop; end $$")
        #expect(try client.query("select 1").value == "1")
        let isTold = { (error: any Error) -> Bool in
            isRefusal(error) && (error as? PostgresError)?.detail.contains("temporary tables") ?? false
        }
        try client.query("set work_mem = '7MB'")
        for _ in 0..<2 {
            try client.query("do $$ begin create temp table state_t (a int); end $$")
            #expect(performing: { try client.query("insert into state_t values (1)") }, throws: isTold)
            #expect(try client.query("select to_regclass('pg_temp.state_t')").value == nil)
            try client.query("do $$ begin create temp table state_t (a int); end $$")
            #expect(performing: { try client.query("select 1", []) }, throws: isTold)
            #expect(try client.query("select 2", []).value == "2")
        }
        #expect(try client.setting("work_mem") == "7MB")
        #expect(try pooler.connect().query("select to_regclass('pg_temp.state_t')").value == nil)
        #expect(try pooler.console("SHOW PIN_STATS").records.first { $0["user"] == "app" }?["total_refused"] == "4")
        try first.query("unlisten *")
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
        try client.query("do $$ begin create temp table state_t (a int); end $$")
        #expect(try client.query("select count(*) from state_t").value == "0")
    }

    @Test func `what comes behind what was not seen coming is refused as a whole, once`() throws {
        let pooler = try pooler()
        let first = try pooler.connect()
        try first.query("listen state_first")
        let client = try RawClient.loggedIn(pooler)
        let block = "do $$ begin perform pg_advisory_lock(83); end $$"
        let requests: [(messages: [WireMessage], answer: [Character])] = [
            ([.query("select 1")], ["E", "Z"]),
            (WireMessage.statement("select 1") + WireMessage.statement("select 2") + [.sync], ["E", "Z"]),
            (WireMessage.statement("select 1") + [.flush, .sync], ["E", "Z"]), ([.sync], ["E", "Z"]),
        ]
        for (messages, answer) in requests {
            // What was sent along with it runs where it ran.
            try client.send(
                WireMessage.statement(block) + [.sync, .query("select count(*) from pg_locks where objid = 83")])
            #expect(try client.readUntil("Z").map(\.type) == ["1", "2", "n", "C", "Z"])
            #expect(try client.readUntil("Z").first { $0.type == "D" }?.values == ["1"])
            try client.send(messages)
            let refused = try client.readUntil("Z")
            #expect(refused.map(\.type) == answer)
            #expect(refused.first?.error.sqlState == "53400")
            #expect(try client.query("select count(*) from pg_locks where objid = 83")[1].values == ["0"])
        }
    }

    @Test func `the limit holds over all workers`() throws {
        let pooler = try pooler(["worker_threads": "4", "default_pool_size": "8", "max_pinned": "3"])
        let clients = try (0..<8).map { _ in try pooler.connect() }
        let refused = clients.count { client in (try? client.query("listen a")) == nil }
        #expect(refused == 5)
        try eventually { try pooler.console("SHOW PINS").rows.count == 3 }
    }

    @Test func `by default half of the pool may be pinned`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "5"])
        let clients = try (0..<4).map { _ in try pooler.connect() }
        let refused = clients.count { client in (try? client.query("listen a")) == nil }
        #expect(refused == 1)
    }
}
