import PoolerTestSupport
import Testing

/// Clients that are within the protocol and yet no comfort: they go on sending, leave in the middle, or do not wait to be asked.
@Suite struct StubbornClientTests {
    private static func makePooler() throws -> (Pooler, role: String) {
        let role = try Postgres.shared.makeRole()
        return (try Pooler(["pool_mode": "transaction", "default_pool_size": "1"], secrets: [role: "x"]), role)
    }

    @Test func `CopyData that comes after the error of a copy is for nobody`() throws {
        let (pooler, role) = try Self.makePooler()
        let (client, bystander) = (
            try RawClient.loggedIn(pooler, user: role), try RawClient.loggedIn(pooler, user: role)
        )
        try client.send(.query("create temp table goods (n int)"))
        try client.readUntil("Z")
        try client.send(.query("copy goods from stdin"))
        try client.readUntil("G")
        let rows = WireMessage("d", Array(String(repeating: "not a number\n", count: 10_000).utf8))
        for _ in 0..<200 { try client.send(rows) }
        try client.send(WireMessage("c"))
        #expect(try client.readUntil("Z").contains { $0.type == "E" && $0.error.sqlState == "22P02" })
        #expect(try client.query("drop table goods").contains { $0.type == "C" })
        #expect(try bystander.query("select 'fine'").contains { $0.type == "D" })
    }

    @Test(arguments: [true, false])
    func `a copy and what follows may come in one piece`(isExtended: Bool) throws {
        let (pooler, role) = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler, user: role)
        let rows = [WireMessage("d", Array("1\n2\n".utf8)), WireMessage("d", Array("3\n".utf8)), WireMessage("c")]
        try client.send([.query("begin; create temp table goods (n int)")])
        try client.readUntil("Z")
        if isExtended {
            try client.send(
                WireMessage.statement("copy goods from stdin") + rows + [.sync]
                    + WireMessage.statement("select sum(n)::text from goods") + [.sync])
            try client.readUntil("Z")
        } else {
            try client.send([.query("copy goods from stdin")] + rows + [.query("select sum(n)::text from goods")])
            try client.readUntil("Z")
        }
        let answer = try client.readUntil("Z")
        #expect(answer.first { $0.type == "D" }?.body.suffix(1) == [UInt8(ascii: "6")])
        #expect(try client.query("rollback").contains { $0.type == "C" })
    }

    @Test func `a client may write 100 MB before it reads the first answer`() throws {
        let (pooler, role) = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler, user: role)
        let word = String(repeating: "x", count: 1 << 20)
        for number in 0..<100 {
            try client.send(WireMessage.statement("select length($1)::text || '-\(number)'", [word]) + [.sync])
        }
        for number in 0..<100 {
            let answer = try client.readUntil("Z")
            #expect(answer.first { $0.type == "D" }?.body.dropFirst(6) == ArraySlice(Array("1048576-\(number)".utf8)))
        }
    }

    @Test func `a cancel spares the query that waits behind the one it is for`() throws {
        let (pooler, role) = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler, user: role)
        try client.send([.query("select pg_sleep(30)"), .query("select 'next'")])
        try eventually { try Postgres.shared.sleepingBackends(of: role) == 1 }
        try client.cancel()
        #expect(try client.readUntil("Z").contains { $0.type == "E" && $0.error.sqlState == "57014" })
        #expect(try client.readUntil("Z").contains { $0.type == "D" })
    }

    @Test(arguments: ["H", "S"] as [Character])
    func `Flush and Sync with a body end their client and nobody else`(type: Character) throws {
        let (pooler, role) = try Self.makePooler()
        let bystander = try pooler.connect(user: role)
        for isInTransaction in [false, true] {
            let client = try RawClient.loggedIn(pooler, user: role)
            try client.send(.query(isInTransaction ? "begin" : "select 1"), WireMessage(type, Array("xx".utf8)))
            #expect(try client.readToEnd().last?.error.sqlState == "08P01")
            #expect(try bystander.query("select 'fine'").value == "fine")
        }
    }

    @Test func `what a function does that is called by its number stays with its client`() throws {
        let (pooler, role) = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler, user: role)
        let arguments = ["search_path", "evil", "f"].flatMap { int32(Int32($0.utf8.count)) + Array($0.utf8) }
        // set_config(text, text, boolean), its arguments and its result as text.
        try client.send(WireMessage("F", int32(2078) + int16(0) + int16(3) + arguments + int16(0)))
        #expect(try client.readUntil("Z").contains { $0.type == "V" })
        try client.send(.terminate)
        _ = try client.readToEnd()
        #expect(try pooler.connect(user: role).setting("search_path") == "\"$user\", public")
    }

    @Test func `a named statement that sets something keeps it from others where statements are not tracked`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(
            ["pool_mode": "transaction", "default_pool_size": "1", "max_prepared_statements": "0"], secrets: [role: "x"]
        )
        let client = try RawClient.loggedIn(pooler, user: role)
        try client.send(.parse("later", "set search_path to evil"), .sync)
        try client.readUntil("Z")
        try client.send(.bind("later"), .execute(), .sync)
        try client.readUntil("Z")
        #expect(try pooler.connect(user: role).setting("search_path") == "\"$user\", public")
    }

    /// What has been sent before Terminate, and the type of the message that is awaited in between.
    static let states: [(sent: [WireMessage], awaited: Character?)] = [
        ([], nil), ([.query("select 1")], nil), ([.query("select 1")], "Z"), ([.query("begin")], "Z"),
        ([.query("begin; select 1/0")], "Z"), (WireMessage.statement("select 1"), nil),
        (WireMessage.statement("select 1") + [.flush], "C"), (WireMessage.statement("select 1/0") + [.flush], "E"),
        ([.parse("named", "select 1"), .sync], "Z"), ([.query("begin; listen x")], "Z"), ([.query("listen x")], "Z"),
        ([.query("copy (select generate_series(1, 100000)) to stdout")], "d"),
        ([.query("begin; create temp table goods (n int); copy goods from stdin")], "G"),
        ([.query("select pg_sleep(0.2)")], nil),
    ]

    @Test(arguments: states.indices)
    func `Terminate is understood in every state`(_ state: Int) throws {
        let (pooler, role) = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler, user: role)
        let (sent, awaited) = Self.states[state]
        try client.send(sent)
        if let awaited { try client.readUntil(awaited) }
        try client.send(.terminate)
        _ = try client.readToEnd()
        let next = try pooler.connect(user: role)
        #expect(try next.query("select now() = statement_timestamp()").value == "t")
        #expect(try next.query("select count(*) from pg_listening_channels()").value == "0")
        try eventually { try pooler.pool(user: role)["cl_active"] == "1" }
        #expect(try pooler.pool(user: role)["cl_waiting"] == "0")
    }

    @Test func `Terminate of a client that waits takes it out of the queue`() throws {
        let (pooler, role) = try Self.makePooler()
        let holder = try pooler.connect(user: role)
        try holder.query("begin")
        let client = try RawClient.loggedIn(pooler, user: role)
        try client.send([.query("select 1"), .terminate])
        client.close()
        try eventually { try pooler.pool(user: role)["cl_waiting"] == "0" }
        try holder.query("commit")
        #expect(try holder.query("select 'fine'").value == "fine")
    }
}
