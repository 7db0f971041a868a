import PoolerTestSupport
import Testing

/// In transaction mode each client sees, message for message, what a session of its own on Postgres would have answered,
/// although the servers are fewer than the clients.
@Suite struct PreparedStatementScriptTests {
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
            "PREPARE in SQL takes names from the protocol",
            Turn(0, [.query("prepare s as select 1")]), Turn(0, [parse("s", 1), .sync]), Turn(0, run("s") + [.sync]),
            Turn(0, [parse("t", 2)] + run("t", "1") + [.sync]), Turn(0, [.parse("u", "selec"), .sync]),
            Turn(0, [parse("u", 4), .sync]),
            Turn(0, run("u", "1") + [.sync]), Turn(0, [.query("begin")]), Turn(0, [parse("v", 5), .sync]),
            Turn(0, run("v", "1") + [.sync]), Turn(0, [parse("s", 6), .sync]), Turn(0, [parse("w", 7), .sync]),
            Turn(0, [.query("rollback")]), Turn(0, run("v", "2") + [.sync]), Turn(0, [.query("deallocate s")]),
            Turn(0, [parse("s", 8), .sync]), Turn(0, run("s", "1") + [.sync]),
            Turn(0, [.query("prepare x as select 1"), parse("x", 9)] + run("s", "1") + [.sync]), Turn(0, []),
            Turn(0, [close("x"), parse("x", 10)] + run("x", "1") + [.sync]), Turn(0, [.query("deallocate all")])),
        Script(
            "PREPARE in SQL over the extended protocol, of names that were given there",
            Turn(0, [parse("s", 1), .sync]), Turn(0, WireMessage.statement("prepare s as select 1") + [.sync]),
            Turn(0, run("s", "1") + [.sync]), Turn(0, [.parse("p", "prepare s as select 2"), .sync]),
            Turn(0, run("p") + [.sync]), Turn(0, [close("s")] + run("p") + [parse("s", 3), .sync]),
            Turn(0, run("s") + [.sync]), Turn(0, run("p") + [.sync]), Turn(0, [.query("deallocate s")]),
            Turn(0, [.query("begin")]), Turn(0, run("p") + run("p") + [.sync]), Turn(0, [.query("rollback")]),
            Turn(0, [.query("deallocate s")])),
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
            let expected = try direct[turn.client].readUntil(turn.end)
            let answer = try pooled[turn.client].readUntil(turn.end).filter { !Self.isPinNotice($0) }
            #expect(answer == expected, "turn \(number): \(answer) instead of \(expected)")
        }
        for client in 0..<count {
            let answer = try pooled[client].query("select 'next'").filter { !Self.isPinNotice($0) }
            #expect(answer == (try direct[client].query("select 'next'")))
        }
    }

    /// What SQL PREPARE tells its client beside what Postgres does.
    private static func isPinNotice(_ message: WireMessage) -> Bool {
        message.type == "N" && message.error.message.contains("keeps its server connection")
    }
}
