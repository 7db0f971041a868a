import PoolerTestSupport
import Testing

/// What clients do to their sessions over the extended protocol, and in encodings in which a byte of SQL may be half of a
/// character.
@Suite(.serialized, .pgvaletOnly) struct ProtocolLeakTests {
    /// What is done, and how many of the things that `look` counts there are then.
    static let changes = [
        "set search_path = leak", "select set_config('search_path', 'leak', false)", "set session role to app",
        "prepare leak as select 1", "select pg_advisory_lock(42)", "create temp table leak_t (a int)",
        "listen leak", "declare leak cursor with hold for select 1", "select 1 as a into temp leak_t",
        "select pg_create_physical_replication_slot('leak', true, true)",
    ]

    private static let look = """
        select (current_setting('search_path') = 'leak')::int + (current_user <> session_user)::int
        + (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
        + (select count(*) from pg_class where relname = 'leak_t' and relnamespace = pg_my_temp_schema())
        + (select count(*) from pg_cursors where is_holdable) + (select count(*) from pg_listening_channels())
        + (select count(*) from pg_prepared_statements where from_sql)
        + (select count(*) from pg_replication_slots where temporary and active_pid = pg_backend_pid())
        """

    /// Ways to send one statement over the extended protocol.
    enum Way: CaseIterable {
        case unnamed, named, acrossSync, inTransaction
    }

    private static func run(_ sql: String, _ way: Way, on client: Connection, _ raw: RawClient?) throws {
        switch way {
        case .unnamed:
            try client.query(sql, [])
        case .named:
            try client.prepare("change", sql)
            try client.execute("change")
        case .acrossSync:
            try client.prepare("", sql)
            try client.execute("")
        case .inTransaction:
            try client.query("begin", [])
            try client.query(sql, [])
            try client.query("commit", [])
        }
    }

    @Test(arguments: changes, Way.allCases)
    func `a change over the extended protocol stays with its client, and goes with it`(sql: String, way: Way) throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2", "max_pinned": "1"])
        let (client, other) = (
            try pooler.connect(user: "postgres"), try pooler.connect(user: "postgres")
        )
        try Self.run(sql, way, on: client, nil)
        for _ in 0..<3 {
            #expect(try client.query(Self.look).value == "1")
            #expect(try other.query(Self.look, []).value == "0")
        }
        client.close()
        let clients = try (0..<2).map { _ in try pooler.connect(user: "postgres") }
        // Both servers at once.
        for next in clients {
            try next.query("begin")
            #expect(try next.query(Self.look).value == "0")
        }
    }

    @Test(arguments: [
        "set search_path = a; select 1/0", "set search_path = a; commit; select 1/0",
        "begin; set search_path = a; commit; set search_path = b; select 1/0",
        "begin; set search_path = a; select 1/0; commit", "set search_path = a; selec; set search_path = b",
        "begin; savepoint x; set search_path = a; rollback to x; set geqo = off; commit; select 1/0; set geqo = on",
        "set search_path = a; rollback; set geqo = off",
        "begin; set search_path = a; rollback; set geqo = off; select 1/0",
        "set search_path = a; begin; select 1/0; rollback", "reset all; set geqo = off; select 1/0",
    ])
    func `errors half way through leave what Postgres leaves`(sql: String) throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let (client, other) = (try pooler.connect(), try pooler.connect())
        let direct = try pooler.postgres.connect(database: "app")
        for session in [client, direct] {
            try session.query("set geqo_threshold = 7")
            _ = try session.queryAll(sql)
            _ = try? session.query("rollback")
        }
        let look =
            "select concat_ws('/', current_setting('search_path'), current_setting('geqo'), current_setting('geqo_threshold'))"
        #expect(try other.query(look).value == "\"$user\", public/on/12")
        #expect(try client.query(look).value == (try direct.query(look).value))
    }

    /// Characters whose second byte means something in SQL.
    static let characters: [(encoding: String, bytes: [UInt8])] = [
        ("SJIS", [0x83, 0x5C]), ("BIG5", [0xA5, 0x5C]), ("GBK", [0x81, 0x5C]), ("GB18030", [0x81, 0x5C]),
        ("UHC", [0x81, 0x41]), ("SJIS", [0x83, 0x5F]), ("GBK", [0x81, 0x60]), ("BIG5", [0xA4, 0x40]),
        ("GB18030", [0x81, 0x30, 0x81, 0x30]),
    ]

    @Test(arguments: characters)
    func `half of a character is not taken for SQL`(encoding: String, bytes: [UInt8]) throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "max_pinned": "1"])
        let texts: [(before: String, after: String, leaks: Bool)] = [
            ("select E'", "'; set search_path = leak; --'", true), ("select '", "'; set search_path = leak; --'", true),
            ("select 1 as \"", "\"; set search_path = leak; --\"", true),
            ("select 1 as ", "; set search_path = leak", true), ("select $q$", "$q$; set search_path = leak", true),
            ("/* ", " */ set search_path = leak", true),
            ("select '", "''; set search_path = leak; --'", false),
        ]
        for isExtended in [false, true] {
            for text in texts where !isExtended || !text.leaks {
                let client = try RawClient(pooler)
                try client.logIn([("user", "app"), ("database", "app"), ("client_encoding", encoding)])
                let sql = Array(text.before.utf8) + bytes + Array(text.after.utf8) + [0]
                if isExtended {
                    try client.send(
                        WireMessage("P", [0], sql, int16(0)), .bind(""), .execute(), .sync)
                } else {
                    try client.send(WireMessage("Q", sql))
                }
                let answer = try client.readUntil("Z")
                #expect(!answer.contains { $0.type == "E" }, "\(text) \(answer)")
                let other = try pooler.connect()
                #expect(try other.query(Self.look).value == "0", "\(text)")
                let own = try client.query("show search_path").first { $0.type == "D" }?.values
                #expect(own == (text.leaks ? ["leak"] : ["\"$user\", public"]), "\(text)")
                client.close()
            }
        }
    }
}
