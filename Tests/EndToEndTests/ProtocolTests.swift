import PoolerTestSupport
import Testing

/// A conversation through the pooler is, message for message, the one that Postgres itself would have had.
@Suite struct ProtocolTests {
    /// What a client sends, and up to which message it reads afterwards.
    struct Conversation: Sendable, CustomTestStringConvertible {
        let name: String
        let turns: [([WireMessage], Character)]
        var testDescription: String { name }

        init(_ name: String, _ turns: ([WireMessage], Character)...) { (self.name, self.turns) = (name, turns) }
    }

    private static let table = WireMessage.query("create temp table t (n int, line text)")

    static let conversations = [
        Conversation("simple query", ([.query("select 1, null, 'text'")], "Z")),
        Conversation("empty query", ([.query("")], "Z")),
        Conversation("several statements", ([.query("select 1; select 2; select 3")], "Z")),
        Conversation("error in the middle", ([.query("select 1; select 1/0; select 3")], "Z")),
        Conversation("syntax error", ([.query("selec 1")], "Z")),
        Conversation("notice", ([.query("do $$ begin raise notice 'hear'; raise warning 'hear'; end $$")], "Z")),
        Conversation("extended", (WireMessage.statement("select $1::int + 1", ["41"]) + [.sync], "Z")),
        Conversation("extended error", (WireMessage.statement("select 1/$1::int", ["0"]) + [.sync], "Z")),
        Conversation(
            "messages after an error are skipped up to Sync",
            (WireMessage.statement("select 1/0") + WireMessage.statement("select 2") + [.sync], "Z")),
        Conversation(
            "portal in pieces",
            (
                [
                    .query("begin"), .parse("", "select generate_series(1, 5)"), .bind(""), .execute(rows: 2),
                    .execute(rows: 2),
                    .execute(rows: 2), .sync,
                ], "Z"
            ), ([], "Z"), ([.query("commit")], "Z")),
        Conversation("flush", (WireMessage.statement("select 1") + [.flush], "C"), ([.sync], "Z")),
        Conversation("parse and describe", ([.parse("", "select $1::int"), WireMessage("D", [0x53, 0]), .sync], "Z")),
        Conversation("sync alone", ([.sync], "Z"), ([.sync, .sync], "Z"), ([], "Z")),
        Conversation(
            "pipeline of three",
            (
                WireMessage.statement("select 1") + [.sync] + WireMessage.statement("select 1/0") + [.sync]
                    + WireMessage.statement("select 3") + [.sync], "Z"
            ), ([], "Z"), ([], "Z")),
        Conversation(
            "queries behind one another", ([.query("select 1"), .query("select 2"), .query("selec 3")], "Z"), ([], "Z"),
            ([], "Z")),
        Conversation("copy out", ([.query("copy (select generate_series(1, 1000)) to stdout")], "Z")),
        Conversation(
            "copy in",
            ([.query("begin"), table, .query("copy t from stdin")], "G"),
            (
                [WireMessage("d", Array("1\tone\n2\t".utf8)), WireMessage("d", Array("two\n".utf8)), WireMessage("c")],
                "Z"
            ),
            ([.query("select n + 0, line || '' from t")], "Z"), ([.query("rollback")], "Z")),
        Conversation(
            "copy given up by the client", ([.query("begin"), table, .query("copy t from stdin")], "G"),
            ([WireMessage("d", Array("1\tone\n".utf8)), WireMessage("f", cString("no more"))], "Z"),
            ([.query("rollback")], "Z")),
        Conversation(
            "copy of bad rows", ([.query("begin"), table, .query("copy t from stdin")], "G"),
            ([WireMessage("d", Array("not a number\n".utf8)), WireMessage("c")], "Z"), ([.query("rollback")], "Z")),
        Conversation(
            "copy in over the extended protocol",
            ([.query("begin"), table] + WireMessage.statement("copy t from stdin"), "G"),
            ([WireMessage("d", Array("1\tone\n".utf8)), WireMessage("c"), .sync], "Z"), ([.query("rollback")], "Z")),
        Conversation(
            "copy given up over the extended protocol",
            ([.query("begin"), table] + WireMessage.statement("copy t from stdin"), "G"),
            ([WireMessage("d", Array("1\tone\n".utf8)), WireMessage("f", cString("no more")), .sync], "Z"),
            ([.query("rollback")], "Z")),
        Conversation(
            "copy of bad rows over the extended protocol, and what comes late",
            ([.query("begin"), table] + WireMessage.statement("copy t from stdin"), "G"),
            ([WireMessage("d", Array("1\tone\nnot a number\n".utf8)), .flush], "E"),
            ([WireMessage("d", Array("2\ttwo\n".utf8)), WireMessage("c"), .sync], "Z"), ([.query("rollback")], "Z")),
        // int4pl(int4, int4), OID 177, both arguments as text, so is the result.
        Conversation(
            "function call",
            (
                [
                    WireMessage(
                        "F", int32(177), int16(1), int16(0), int16(2), int32(2), Array("40".utf8), int32(1), [0x32],
                        int16(0))
                ], "Z"
            )),
        Conversation("function call that fails", ([WireMessage("F", int32(1), int16(0), int16(0), int16(0))], "Z")),
        Conversation(
            "transaction", ([.query("begin")], "Z"), ([.query("select 1/0")], "Z"), ([.query("select 1")], "Z"),
            ([.query("rollback")], "Z")),
        Conversation("a row of a megabyte", ([.query("select repeat('x', 1000000)")], "Z")),
        Conversation(
            "a query of a megabyte",
            ([.query("select length('" + String(repeating: "y", count: 1_000_000) + "')")], "Z")),
        Conversation("close of nothing", ([WireMessage("C", [0x53], cString("nothing")), .sync], "Z")),
    ]

    @Test(arguments: conversations, ["session", "transaction"])
    func `a conversation is the same with and without the pooler`(conversation: Conversation, mode: String) throws {
        let pooler = try Pooler(["pool_mode": mode])
        let (pooled, direct) = (try RawClient.loggedIn(pooler), try RawClient(pooler.postgres))
        try direct.logIn([("user", "app"), ("database", "app")])
        for (messages, end) in conversation.turns {
            try pooled.send(messages)
            try direct.send(messages)
            #expect(try pooled.readUntil(end) == direct.readUntil(end))
        }
        #expect(try pooled.query("select 'next'") == direct.query("select 'next'"))
    }

    @Test func `LISTEN and NOTIFY work in session mode`() throws {
        let pooler = try Pooler(["pool_mode": "session"])
        let (listener, sender) = (try pooler.connect(), try pooler.connect())
        try listener.query("listen news")
        try sender.query("notify news, 'hello'")
        let heard = try listener.notifications()
        #expect(heard.map(\.channel) == ["news"])
        #expect(heard.map(\.payload) == ["hello"])
    }

    @Test func `libpq's pipeline mode keeps every answer in its place`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"])
        let clients = try (0..<4).map { _ in try pooler.connect() }
        for (number, client) in clients.enumerated() {
            try client.enterPipeline()
            for round in 0..<50 {
                try client.send("select $1::int, \(round == 25 ? "1/0" : "1")", ["\(number * 100 + round)"])
                try client.pipelineSync()
            }
        }
        for (number, client) in clients.enumerated() {
            for round in 0..<50 {
                let results = try client.resultsUntilSync()
                let value = try? results.first?.get().value
                #expect(value == (round == 25 ? nil : "\(number * 100 + round)"))
            }
        }
    }

    @Test func `a function call through libpq gives its result`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        #expect(try pooler.connect().call(function: 177, [40, 2]) == 42)
    }

    @Test func `COPY carries ten megabytes in and out unharmed`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try client.query("begin; create temp table goods (n int, line text)")
        let line = String(repeating: "goods ", count: 100)
        let chunks = (0..<170).map { chunk in (0..<100).map { "\(chunk * 100 + $0)\t\(line)\n" }.joined() }
        #expect(try client.copyIn("copy goods from stdin", chunks) == "COPY 17000")
        let (rows, tag) = try client.copyOut("copy (select * from goods order by n) to stdout")
        #expect(tag == "COPY 17000")
        #expect(rows == chunks.flatMap { $0.split(separator: "\n").map { "\($0)\n" } })
        try client.query("rollback")
    }

    @Test func `named statements work in session mode`() throws {
        let pooler = try Pooler(["pool_mode": "session"])
        let client = try pooler.connect()
        try client.prepare("twice", "select $1::int * 2")
        for number in 0..<5 { #expect(try client.execute("twice", ["\(number)"]).value == "\(number * 2)") }
    }
}
