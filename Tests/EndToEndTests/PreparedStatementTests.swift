import PoolerTestSupport
import Testing

/// In transaction mode each client sees, message for message, what a session of its own on Postgres would have answered,
/// although the servers are fewer than the clients.
@Suite struct PreparedStatementTests {
    /// What one client sends, and up to which message it reads afterwards.
    struct Turn: Sendable {
        let client: Int
        let messages: [WireMessage]
        let end: Character

        init(_ client: Int, _ messages: [WireMessage], _ end: Character = "Z") {
            (self.client, self.messages, self.end) = (client, messages, end)
        }
    }

    /// Turns of several clients, one after the other.
    struct Script: Sendable, CustomTestStringConvertible {
        let name: String
        let turns: [Turn]
        var testDescription: String { name }

        init(_ name: String, _ turns: Turn...) { (self.name, self.turns) = (name, turns) }
    }

    private static func describe(_ statement: String) -> WireMessage { WireMessage("D", [0x53], cString(statement)) }
    private static func close(_ statement: String) -> WireMessage { WireMessage("C", [0x53], cString(statement)) }
    /// Bind and Execute.
    private static func run(_ statement: String, _ parameters: String...) -> [WireMessage] {
        [.bind(statement, parameters), .execute()]
    }
    private static func parse(_ name: String, _ number: Int) -> WireMessage {
        .parse(name, "select \(number), $1::int")
    }
    /// Bind to a named portal.
    private static func portal(_ name: String, _ statement: String) -> WireMessage {
        WireMessage("B", cString(name), cString(statement), int16(0), int16(0), int16(0))
    }
    /// Execute of a named portal.
    private static func fetch(_ name: String, _ rows: Int32) -> WireMessage {
        WireMessage("E", cString(name), int32(rows))
    }
    private static let failure = WireMessage.statement("select 1/0")

    static let scripts = [
        Script(
            "each client has its own statement of a name",
            Turn(0, [parse("s", 1), .sync]), Turn(1, [parse("s", 2), .sync]), Turn(2, [parse("s", 1), .sync]),
            Turn(0, run("s", "10") + [.sync]), Turn(1, run("s", "11") + [.sync]), Turn(2, run("s", "12") + [.sync]),
            Turn(0, [describe("s"), .sync]), Turn(1, [describe("s"), .sync])),
        Script(
            "a name that is taken",
            Turn(0, [parse("s", 1), .sync]), Turn(0, [parse("s", 2)] + run("s", "1") + [.sync]),
            Turn(0, run("s", "1") + [.sync]), Turn(0, [parse("s", 1), .sync]),
            Turn(0, [.parse("s", "selec 1"), .sync]),
            Turn(1, [parse("s", 1), .sync]), Turn(1, run("s", "2") + [.sync])),
        Script(
            "a name that is taken, in a transaction",
            Turn(0, [parse("s", 1), .sync]), Turn(0, [.query("begin")]), Turn(0, [parse("s", 2), .sync]),
            Turn(0, [parse("s", 2), .sync]), Turn(0, run("s", "1") + [.sync]), Turn(0, [.query("rollback")]),
            Turn(0, run("s", "1") + [.sync])),
        Script(
            "an unknown name",
            Turn(0, run("s", "1") + [.sync]), Turn(0, [describe("s"), .sync]), Turn(0, [parse("s", 1), .sync]),
            Turn(1, run("s", "1") + [.sync]), Turn(1, [.query("begin")]), Turn(1, [.bind("s", ["1"]), .sync]),
            Turn(1, [.query("select 1")]), Turn(1, [.query("commit")]), Turn(1, [parse("s", 2), .sync]),
            Turn(1, run("s", "1") + [.sync])),
        Script(
            "a name of the pooler's own making is unknown too",
            Turn(0, [parse("s", 1), .sync]), Turn(0, run("PGBOUNCER_1", "1") + [.sync]),
            Turn(1, [describe("PGBOUNCER_1"), .sync]), Turn(1, [close("PGBOUNCER_1"), .sync]),
            Turn(1, [parse("PGBOUNCER_1", 4), .sync]), Turn(1, run("PGBOUNCER_1", "4") + [.sync]),
            Turn(0, run("s", "1") + [.sync]), Turn(0, run("PGBOUNCER_0") + [.sync])),
        Script(
            "a name is free again after its Parse failed",
            Turn(0, [.parse("s", "select * from nowhere"), .sync]), Turn(0, run("s") + [.sync]),
            Turn(0, [parse("s", 1), .sync]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [.parse("t", "selec"), .sync, parse("t", 2), .sync] + run("t", "2") + [.sync]), Turn(0, []),
            Turn(0, [])),
        Script(
            "Close and Parse in one batch",
            Turn(0, [parse("s", 1), .sync]),
            Turn(
                0, [close("s"), parse("s", 2)] + run("s", "1") + [close("s"), parse("s", 3)] + run("s", "1") + [.sync]),
            Turn(0, [close("s"), close("s"), close("nothing"), .sync]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [parse("s", 4), .sync]), Turn(0, run("s", "1") + [.sync])),
        Script(
            "what is skipped after an error is not done",
            Turn(0, [parse("s", 1), .sync]),
            Turn(0, failure + [close("s"), parse("s", 2), parse("t", 3)] + run("s", "1") + [.sync]),
            Turn(0, run("s", "1") + [.sync]), Turn(0, run("t", "1") + [.sync]), Turn(0, [parse("t", 3), .sync]),
            Turn(0, run("t", "1") + [.sync])),
        Script(
            "what was done before an error stays done",
            Turn(0, [parse("s", 1), parse("t", 2), close("s")] + failure + [.sync]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, run("t", "1") + [.sync]), Turn(1, [parse("t", 2)] + run("t", "5") + failure + [close("t"), .sync]),
            Turn(1, run("t", "6") + [.sync])),
        Script(
            "batches behind one another",
            Turn(0, [parse("s", 1), .sync] + run("s", "1") + [.sync] + failure + [parse("u", 1), .sync]),
            Turn(0, []), Turn(0, []),
            Turn(
                0,
                failure + run("s", "1") + [close("s"), .sync] + run("s", "2") + [.sync, close("s"), .sync]
                    + run("s", "3") + [.sync, parse("s", 4)] + run("s", "4") + [.sync]),
            Turn(0, []), Turn(0, []), Turn(0, []), Turn(0, []), Turn(0, run("u", "1") + [.sync])),
        Script(
            "Parse and Flush without Sync",
            Turn(0, [parse("s", 1), .sync]), Turn(1, [parse("s", 1), .flush], "1"),
            Turn(1, [describe("s"), .flush], "T"),
            Turn(1, run("s", "1") + [.flush], "C"), Turn(1, [close("s"), .flush], "3"), Turn(1, [.sync]),
            Turn(1, run("s", "1") + [.sync])),
        Script(
            "answers of the server and of the pooler by turns",
            Turn(0, [parse("s", 1), parse("t", 2), .sync]),
            Turn(
                1,
                [parse("s", 1), describe("s"), parse("t", 2)] + run("t", "1") + [close("t"), parse("v", 3)]
                    + run("s", "2") + [close("s"), close("v"), .sync])),
        Script(
            "the unnamed statement across Sync",
            Turn(0, [parse("", 1), describe(""), .sync]), Turn(1, [parse("", 2), .sync]),
            Turn(0, run("", "1") + [.sync]), Turn(1, run("", "1") + [.sync]), Turn(2, run("", "1") + [.sync]),
            Turn(0, run("", "2") + [.sync]), Turn(1, [describe(""), .sync]), Turn(2, [describe(""), .sync])),
        Script(
            "a Query destroys the unnamed statement",
            Turn(0, [parse("", 1), .sync]), Turn(1, [.query("select 1")]), Turn(0, run("", "1") + [.sync]),
            Turn(0, [.query("select 1")]), Turn(0, run("", "1") + [.sync]),
            Turn(0, [parse("", 2), .query("selec")], "Z"), Turn(0, [.bind("", ["1"]), .sync])),
        Script(
            "a failed Parse leaves no unnamed statement, a skipped one the old",
            Turn(0, [parse("", 1), .sync]), Turn(1, [parse("", 9), .sync]),
            Turn(0, failure + [.sync]), Turn(0, run("", "1") + [.sync]),
            Turn(0, [parse("", 1), .sync]), Turn(1, [parse("", 9), .sync]),
            Turn(0, run("nothing") + [parse("", 2), .sync]), Turn(0, run("", "1") + [.sync]),
            Turn(0, [.parse("", "selec"), .sync] + run("", "1") + [.sync]), Turn(0, [])),
        Script(
            "Close of the unnamed statement",
            Turn(0, [parse("", 1), .sync]), Turn(1, [parse("", 2), .sync]), Turn(0, [close(""), .sync]),
            Turn(0, run("", "1") + [.sync]), Turn(1, run("", "1") + [.sync])),
        Script(
            "batches with unnamed statements behind one another",
            Turn(1, [parse("", 9), .sync]), Turn(0, [parse("", 1), .sync]), Turn(1, [describe(""), .sync]),
            Turn(
                0,
                run("nothing") + [parse("", 2), .sync] + run("nothing") + [parse("", 3), .sync] + run("", "1") + [.sync]
            ),
            Turn(0, []), Turn(0, [])),
        Script(
            "DEALLOCATE of a protocol-level name",
            Turn(0, [parse("s", 1), .sync]), Turn(1, [parse("s", 1), .sync]), Turn(0, [.query("deallocate s")]),
            Turn(0, run("s", "1") + [.sync]), Turn(0, [.query("deallocate s")]), Turn(1, run("s", "1") + [.sync]),
            Turn(0, [parse("s", 2), .sync]), Turn(0, run("s", "2") + [.sync]),
            Turn(0, [parse("A \"b\"", 3), .sync]),
            Turn(0, [.query(" -- comment\n/* a /* b */ */ DEALLOCATE prepare \"A \"\"b\"\"\" ; ")]),
            Turn(0, run("A \"b\"", "1") + [.sync])),
        Script(
            "DEALLOCATE in a transaction",
            Turn(0, [parse("s", 1), .sync]), Turn(0, [.query("begin")]), Turn(0, [.query("deallocate s")]),
            Turn(0, [parse("s", 2)] + run("s", "1") + [.sync]), Turn(0, [.query("rollback")]),
            Turn(0, run("s", "1") + [.sync]), Turn(0, [.query("begin")]), Turn(0, [.query("selec")]),
            Turn(0, [.query("deallocate s")]), Turn(0, [.query("rollback")]), Turn(0, run("s", "1") + [.sync])),
        Script(
            "DEALLOCATE over the extended protocol",
            Turn(0, [parse("s", 1), parse("t", 2), .sync]),
            Turn(0, WireMessage.statement("deallocate s") + [parse("s", 3)] + run("s", "1") + [.sync]),
            Turn(0, [.parse("d", "DEALLOCATE t"), .sync]), Turn(0, run("d") + [.sync]),
            Turn(0, run("t", "1") + [.sync]),
            Turn(0, run("d") + [.sync])),
        Script(
            "DEALLOCATE that is not the first statement",
            Turn(0, [parse("s", 1), parse("t", 2), .sync]), Turn(1, [parse("s", 1), .sync]),
            Turn(0, [.query("select 1; deallocate s; select 2")]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, run("t", "1") + [.sync]), Turn(1, run("s", "1") + [.sync]), Turn(0, [parse("s", 3), .sync]),
            Turn(0, [.query("begin; deallocate s; deallocate prepare t; commit")]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, run("t", "1") + [.sync]), Turn(0, [parse("s", 4), parse("t", 5), .sync]),
            Turn(0, [.query("select ';deallocate s;'; select 1/0; deallocate s")]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [.query("deallocate nothing; select 'a\\', 'deallocate s; --'")]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [.query("deallocate s; deallocate s")]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [.query("deallocate nothing; deallocate t")]),
            Turn(0, [.query("/* ä */ deallocate t; select 'ä'; selec 1")]), Turn(0, run("t", "2") + [.sync]),
            Turn(0, [.query("begin; savepoint a; deallocate t; rollback to a; commit"), parse("t", 6), .sync], "Z"),
            Turn(0, []), Turn(0, run("t", "1") + [.sync]), Turn(1, run("s", "2") + [.sync])),
        Script(
            "DEALLOCATE ALL that is not the first statement",
            Turn(0, [parse("s", 1), .sync]), Turn(1, [parse("s", 1), .sync]),
            Turn(0, [.query("select 1; deallocate all"), parse("s", 2)] + run("s", "1") + [.sync]), Turn(0, []),
            Turn(0, [.query("deallocate s; deallocate all; deallocate s")]), Turn(1, run("s", "1") + [.sync])),
        Script(
            "EXECUTE in SQL of a name that was given over the protocol",
            Turn(0, [parse("s", 1), .parse("My S", "select $1::int * 2"), .sync]), Turn(1, [parse("s", 2), .sync]),
            Turn(0, [.query("execute s(5)")]), Turn(1, [.query("execute s(6)")]), Turn(2, [.query("execute s(7)")]),
            Turn(0, [.query("begin; execute \"My S\"(4); execute s(1); commit")]), Turn(0, [.query("execute s")]),
            Turn(0, [.query("explain (costs off) execute s(1)")]), Turn(0, [.query("execute s(nothing)")]),
            Turn(
                0,
                [.query("create temp table naming as execute s(3); drop table naming")]),
            Turn(0, [.query("begin")]), Turn(0, [.query("select 1/0")]), Turn(0, [.query("execute s(1)")]),
            Turn(0, [.query("rollback")]), Turn(0, [.query("execute s(1); deallocate s; execute s(2)")]),
            Turn(0, run("s", "1") + [.sync]), Turn(1, run("s", "1") + [.sync])),
        Script(
            "EXECUTE over the extended protocol of a name that was given there",
            Turn(0, [parse("s", 1), .parse("x", "execute s(9)"), .sync]), Turn(1, [parse("s", 3), .sync]),
            Turn(0, [describe("x"), .sync]), Turn(0, run("x") + [.sync]),
            Turn(0, WireMessage.statement("execute s(4)") + [.sync]), Turn(1, run("s", "1") + [.sync]),
            Turn(0, run("x") + [.sync]), Turn(0, [close("s"), .sync]), Turn(0, [parse("s", 7), .sync])),
        Script(
            "PREPARE in SQL of a name that was given over the protocol",
            Turn(0, [parse("s", 1), .sync]), Turn(0, [.query("prepare s as select 1")]), Turn(0, [.query("begin")]),
            Turn(0, [.query("select 1; prepare s as select 1")]), Turn(0, [.query("rollback")]),
            Turn(0, run("s", "1") + [.sync]),
            Turn(0, [.query("deallocate s; prepare s as select 8; execute s; deallocate s")]),
            Turn(0, run("s", "1") + [.sync])),
        Script(
            "names used again after an error",
            Turn(0, [parse("s", 1), .sync]), Turn(0, run("s", "x") + [.sync]), Turn(0, [close("s"), .sync]),
            Turn(0, [parse("s", 2)] + run("s", "x") + [parse("t", 3), .sync]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [parse("t", 4)] + run("t", "1") + [.sync]),
            Turn(0, [.query("begin")]), Turn(0, [parse("u", 5), .parse("u", "selec"), .sync]),
            Turn(0, [.query("rollback")]), Turn(0, run("u", "1") + [.sync]),
            Turn(0, [close("u"), .parse("u", "select 1/$1::int")] + run("u", "0") + [close("u"), .sync]),
            Turn(0, [close("u"), parse("u", 6)] + run("u", "1") + [.sync]), Turn(1, [parse("u", 5), .sync]),
            Turn(1, run("u", "1") + [.sync])),
        Script(
            "a portal left open in a transaction is there after Sync",
            Turn(0, [.parse("g", "select generate_series(1, 6)"), .sync]), Turn(0, [.query("begin")]),
            Turn(0, [portal("c", "g"), .sync]), Turn(0, [fetch("c", 2), .sync]),
            Turn(0, [.bind("g"), .execute(rows: 1), .sync]), Turn(0, [fetch("c", 2), .sync]),
            Turn(0, [.query("select 'between'")]), Turn(0, [fetch("c", 9), .sync]), Turn(0, [.query("commit")]),
            Turn(0, [fetch("c", 1), .sync])),
        Script(
            "errors half way through a Query of several statements",
            Turn(0, [parse("s", 1), .sync]),
            Turn(0, [.query("select 1; selec; deallocate s")]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [.query("begin; select 1; commit; select 1/0; deallocate s")]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [.query("begin; select 1/0; deallocate s")]), Turn(0, [.query("rollback; deallocate s")]),
            Turn(0, run("s", "1") + [.sync])),
        Script(
            "DEALLOCATE ALL",
            Turn(0, [parse("s", 1), .sync]), Turn(1, [parse("s", 1), .sync]), Turn(0, [.query("deallocate all")]),
            Turn(0, run("s", "1") + [.sync]), Turn(1, run("s", "1") + [.sync]), Turn(0, [parse("s", 2), .sync]),
            Turn(
                0, WireMessage.statement("deallocate all") + [parse("s", 3)] + run("s", "1") + [.sync]),
            Turn(0, [.query("deallocate all"), parse("s", 4)] + run("s", "1") + [.sync]), Turn(0, [])),
        Script(
            "DISCARD ALL",
            Turn(0, [parse("s", 1), .sync]), Turn(1, [parse("s", 1), .sync]), Turn(0, [.query("discard all")]),
            Turn(0, run("s", "1") + [.sync]), Turn(1, run("s", "1") + [.sync])),
        Script(
            "a failed transaction",
            Turn(0, [parse("s", 1), .parse("r", "rollback"), .sync]), Turn(1, [parse("s", 1), .sync]),
            Turn(0, [.query("begin")]), Turn(0, [.query("selec")]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [parse("u", 1), .sync]), Turn(0, [.parse("v", "rollback"), .sync]), Turn(0, run("v") + [.sync]),
            Turn(0, run("s", "1") + [.sync]), Turn(0, run("r") + [.sync])),
        Script(
            "an error names the client's statement",
            Turn(0, [parse("s", 1), .sync]), Turn(0, [.bind("s", ["1", "2"]), .sync])),
        Script(
            "long names, of which Postgres sees 63 bytes",
            Turn(0, [parse(String(repeating: "x", count: 70), 1), .sync]),
            Turn(0, run(String(repeating: "x", count: 63), "1") + [.sync]),
            Turn(0, run(String(repeating: "x", count: 62), "1") + [.sync]),
            Turn(0, [.query("deallocate " + String(repeating: "X", count: 63))])),
        Script(
            "portals",
            Turn(0, [parse("s", 1), .query("begin")]),
            Turn(0, [.parse("g", "select generate_series(1, 5)"), .bind("g"), .execute(rows: 2), .sync]),
            Turn(0, [.query("rollback")])),
        Script(
            "text that is no Parse",
            Turn(0, [WireMessage("P", cString("s"), cString("select 1"), int16(3)), .sync]),
            Turn(0, [parse("s", 1), .sync]), Turn(0, run("s", "1") + [.sync])),
        Script(
            "large messages",
            Turn(
                0, [.parse("s", "select length($1::text), length('\(String(repeating: "x", count: 300_000))')"), .sync]),
            Turn(0, run("s", String(repeating: "y", count: 400_000)) + [.sync]),
            Turn(1, [.parse("", "select length('\(String(repeating: "z", count: 150_000))')"), .sync]),
            Turn(0, run("s", "") + [.sync]), Turn(1, run("") + [.sync])),
    ]

    @Test(arguments: scripts, [1, 2])
    func `each client gets the answers that its own session would have given`(script: Script, servers: Int) throws {
        try play(script, ["default_pool_size": "\(servers)"])
    }

    @Test(arguments: scripts)
    func `so it does where a server keeps a single statement`(script: Script) throws {
        try play(script, ["default_pool_size": "1", "max_prepared_statements": "1"])
    }

    @Test(arguments: scripts)
    func `so it does where sessions are passed through`(script: Script) throws {
        // Only there a statement of SQL's own may be on another server.
        guard !script.name.hasPrefix("PREPARE in SQL"), !script.name.hasPrefix("EXECUTE") else { return }
        try play(script, ["default_pool_size": "1", "session_state": "passthrough"])
    }

    private func play(_ script: Script, _ settings: [String: String]) throws {
        let pooler = try Pooler(["pool_mode": "transaction"].merging(settings) { $1 })
        let count = (script.turns.map(\.client).max() ?? 0) + 1
        let pooled = try (0..<count).map { _ in try RawClient.loggedIn(pooler) }
        let direct = try (0..<count).map { _ in
            let client = try RawClient(pooler.postgres)
            try client.logIn([("user", "app"), ("database", "app")])
            return client
        }
        for (number, turn) in script.turns.enumerated() {
            try pooled[turn.client].send(turn.messages)
            try direct[turn.client].send(turn.messages)
            let (answer, expected) = (
                try pooled[turn.client].readUntil(turn.end), try direct[turn.client].readUntil(turn.end)
            )
            #expect(answer == expected, "turn \(number): \(answer) instead of \(expected)")
        }
        for client in 0..<count {
            #expect(try pooled[client].query("select 'next'") == direct[client].query("select 'next'"))
        }
    }

    @Test(arguments: [1, 3, 200])
    func `a server keeps no more statements than max_prepared_statements`(limit: Int) throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1", "max_prepared_statements": "\(limit)",
        ])
        let client = try pooler.connect()
        for number in 0..<10 { try client.prepare("s\(number)", "select \(number), $1::text") }
        for round in 0..<30 {
            let number = (round * 7) % 10
            #expect(try client.execute("s\(number)", ["x"]).rows == [["\(number)", "x"]])
            let held = try client.query("select count(*) from pg_prepared_statements where name like 'PGBOUNCER_%'")
                .value
            #expect(try #require(Int(held ?? "")) <= limit)
        }
        let servers = try pooler.console("show servers").records.map { $0["prepared_statements"] }
        #expect(servers == ["\(min(limit, 10))"])
        let clients = try pooler.console("show clients").records.filter { $0["database"] == "app" }
        #expect(clients.map { $0["prepared_statements"] } == ["10"])
    }

    @Test func `clients share a statement of the same text`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        for _ in 0..<5 {
            let client = try pooler.connect()
            try client.prepare("one", "select 1")
            try client.execute("one")
        }
        let client = try pooler.connect()
        let names = try client.query("select name from pg_prepared_statements where statement = 'select 1'").rows
        #expect(names.count == 1)
        let stats = try pooler.console("show stats").records.first { $0["database"] == "app" }
        #expect(stats?["total_client_parse_count"] == "5")
        #expect(stats?["total_server_parse_count"] == "1")
        #expect(stats?["total_bind_count"] == "5")
    }

    @Test func `a pipeline of hundreds of messages keeps its order`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "max_prepared_statements": "20"])
        let clients = try (0..<3).map { _ in try RawClient.loggedIn(pooler) }
        for client in clients {
            var messages: [WireMessage] = []
            for number in 0..<300 {
                if number < 50 { messages.append(.parse("s\(number)", "select \(number), $1::int")) }
                messages += [.bind("s\(number % 50)", ["\(number)"]), .execute()]
                if number % 60 == 59 { messages.append(.sync) }
            }
            try client.send(messages)
        }
        for client in clients {
            var rows: [[String?]] = []
            for _ in 0..<5 {
                let answer = try client.readUntil("Z")
                #expect(!answer.contains { $0.type == "E" }, "\(answer.filter { $0.type == "E" })")
                rows += answer.filter { $0.type == "D" }.map(\.values)
            }
            #expect(rows == (0..<300).map { ["\($0 % 50)", "\($0)"] })
        }
    }

    @Test func `a changed result type heals where rows are described`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"])
        let (first, second, owner) = (try pooler.connect(), try pooler.connect(), try pooler.connect())
        try owner.query("drop table if exists changing; create table changing as select 1 as a")
        try first.prepare("s", "select * from changing")
        try second.prepare("s", "select * from changing")
        #expect(try first.execute("s").rows == [["1"]])
        try owner.query("alter table changing add b text default 'new'")
        #expect(try first.execute("s").rows == [["1", "new"]])
        #expect(try second.execute("s").rows == [["1", "new"]])
        try owner.query("alter table changing drop b")
        try second.query("begin")
        #expect(throws: PostgresError.self) { try second.execute("s") }
        try second.query("rollback")
        #expect(try second.execute("s").rows == [["1"]])
        #expect(try first.execute("s").rows == [["1"]])
        try owner.query("alter table changing add c int default 3")
        let raw = try RawClient.loggedIn(pooler)
        // One that knows the statement from elsewhere only.
        try raw.send(.parse("mine", "select * from changing"), Self.describe("mine"), .sync)
        let described = try raw.readUntil("Z")
        #expect(described.map(\.type) == ["1", "t", "T", "Z"], "\(described)")
        try owner.query("drop table changing")
        #expect(throws: PostgresError.self) { try first.execute("s") }
    }

    @Test func `a changed result type heals in a batch that comes piece by piece`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "worker_threads": "1"])
        let owner = try pooler.postgres.connect(database: "app")
        let other = try pooler.connect(user: "postgres")
        try owner.query(
            "drop table if exists piecemeal; create table piecemeal as select 1 as a; grant all on piecemeal to app")
        let batches: [[WireMessage]] = [
            [.bind("s"), .describePortal, .execute(), .sync], [.bind("s"), .execute(), .sync],
            [.bind("s"), .describePortal, .execute(), .flush, .sync], [.bind("s"), .flush, .sync], [.bind("s"), .sync],
            [.bind("s"), .describePortal, .execute(), .flush, .sync],
        ]
        for (number, batch) in batches.enumerated() {
            let client = try RawClient.loggedIn(pooler)
            try client.send(.parse("s", "select * from piecemeal"), Self.describe("s"), .sync)
            try client.readUntil("Z")
            try client.send(Self.run("s") + [.sync])
            try client.readUntil("Z")
            try owner.query("alter table piecemeal add b\(number) int")
            // The last one as node-postgres sends it: at once, with a Flush.
            let pieces = number == batches.count - 1 ? [batch] : batch.map { [$0] }
            for piece in pieces {
                try client.send(piece)
                // The server's answer has its time.
                for _ in 0..<5 { try other.query("select 1") }
            }
            let answer = try client.readUntil("Z")
            if number == 2 {
                // The client might have waited behind its Flush, if the server answered before the rest came.
                #expect([["E", "Z"], ["2", "T", "D", "C", "Z"]].contains(answer.map(\.type)), "\(answer)")
            } else if number == 0 || number == batches.count - 1 {
                #expect(answer.map(\.type) == ["2", "T", "D", "C", "Z"], "\(answer)")
            } else {
                #expect(
                    answer.map(\.type) == ["E", "Z"] && answer.first?.error.sqlState == "0A000", "\(number): \(answer)")
            }
            #expect(try client.query("select 7").first { $0.type == "D" }?.values == ["7"])
        }
        try owner.query("drop table piecemeal")
    }

    @Test func `a client that does not ask what rows look like is told that they have changed`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let owner = try pooler.connect()
        try owner.query("create table undescribed as select 1 as a")
        let clients = try (0..<3).map { _ in try RawClient.loggedIn(pooler) }
        let prepare: [WireMessage] = [.parse("s", "select * from undescribed"), Self.describe("s"), .sync]
        for client in clients {
            try client.send(prepare)
            try client.readUntil("Z")
        }
        try owner.query("alter table undescribed add b int")
        for client in clients {
            for _ in 0..<2 {
                try client.send(Self.run("s") + [.sync])
                let answer = try client.readUntil("Z")
                #expect(answer.first?.error.sqlState == "0A000", "\(answer)")
            }
            // As drivers do then.
            try client.send([Self.close("s")] + prepare)
            try client.readUntil("Z")
            try client.send(Self.run("s") + [.sync])
            #expect(try client.readUntil("Z").map(\.type) == ["2", "D", "C", "Z"])
        }
        try owner.query("drop table undescribed")
    }

    @Test func `a statement that was dropped behind the pooler's back is prepared again`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let client = try pooler.connect()
        try client.prepare("s", "select 7")
        try client.query("do $$ begin execute 'deallocate all'; end $$")
        #expect(try client.execute("s").value == "7")
    }

    @Test func `a named statement of more than 16 MiB is refused, an unnamed one runs`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let client = try pooler.connect()
        let text = "select length('" + String(repeating: "x", count: 17_000_000) + "')"
        #expect(try client.query(text, []).value == "17000000")
        try client.query("begin")
        let error = #expect(throws: PostgresError.self) { try client.prepare("s", text) }
        #expect(error?.sqlState == "54000")
        #expect(throws: PostgresError.self) { try client.query("select 1") }
        try client.query("rollback")
        #expect(try client.query("select 1").value == "1")
    }

    @Test func `with max_prepared_statements 0 names pass through`() throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1", "max_prepared_statements": "0",
        ])
        let client = try pooler.connect()
        try client.prepare("plain", "select 1")
        #expect(try client.query("select name from pg_prepared_statements").rows == [["plain"]])
    }

    @Test func `statements follow servers from worker to worker`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2", "worker_threads": "2"])
        let clients = try (0..<8).map { _ in try pooler.connect() }
        for (number, client) in clients.enumerated() {
            for name in 0..<5 { try client.prepare("s\(name)", "select \(name * number % 7), $1::int") }
        }
        for round in 0..<40 {
            for (number, client) in clients.enumerated() {
                try client.sendExecute("s\((round + number) % 5)", ["\(round)"])
            }
            for (number, client) in clients.enumerated() {
                let name = (round + number) % 5
                #expect(try client.lastResult().rows == [["\(name * number % 7)", "\(round)"]])
            }
        }
    }
}
