import PoolerTestSupport
import Testing

/// What SHOW answers: the same names, columns and types as ever, and true figures.
@Suite struct ConsoleShowTests {
    private static let columns = Fixture("show_columns").records
    static let commands = Set(columns.compactMap { $0["command"] }).sorted()

    @Test(.since(25), arguments: commands)
    func `SHOW has its columns, in order, with their types`(command: String) throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        try pooler.connect().query("select 1")
        let result = try pooler.console(command)
        let expected = Self.columns.filter { $0["command"] == command }
        #expect(result.columns.map(\.name) == expected.map { $0["column"] })
        #expect(result.columns.map { "\($0.type)" } == expected.map { $0["oid"] })
        #expect(result.tag == "SHOW")
    }

    @Test(.pgvaletOnly, arguments: commands)
    func `SHOW answers over the extended protocol too`(command: String) throws {
        let pooler = try Pooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        let simple = try console.query(command)
        let extended = try console.query(command, [])
        #expect(extended.columns == simple.columns)
        #expect(extended.tag == "SHOW")
        #expect(try console.query("SHOW VERSION").rows.count == 1)
    }

    @Test(.since(25)) func `SHOW CONFIG lists every setting with its default`() throws {
        let facts = Fixture("settings").records
        let shown = try Pooler().console("SHOW CONFIG").rows
        let names = facts.compactMap { $0["name"] }
        #expect(shown.compactMap { $0[0] }.filter { names.contains($0) } == names)
        for fact in facts {
            let row = shown.first { $0[0] == fact["name"] } ?? []
            let expected = fact["default"] == "NULL" ? nil : fact["default"] == "(empty)" ? "" : fact["default"]
            #expect(row.dropFirst(2).first == expected, "\(fact["name"] ?? "")")
            #expect(row.last == fact["changeable"], "\(fact["name"] ?? "")")
        }
    }

    @Test func `keywords in any case, blanks, a semicolon and SELECT for SHOW are understood`() throws {
        let console = try Pooler().connect(user: "admin", database: "pgbouncer")
        for command in ["SHOW VERSION", "show version", " Show \t Version ; ", "select version", "SHOW VERSION;"] {
            #expect(try console.query(command).rows.count == 1)
        }
    }

    @Test func `SHOW POOLS counts clients and servers by what they do`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"])
        let clients = try (0..<4).map { _ in try pooler.connect() }
        for client in clients.prefix(3) { try client.send("begin; select pg_sleep(0.8); commit") }
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        let busy = try pooler.pool()
        #expect(busy["sv_active"] == "2")
        #expect(busy["cl_active"] == "3")
        #expect(busy["pool_mode"] == "transaction")
        for client in clients.prefix(3) { try client.lastResult() }
        try eventually { try pooler.pool()["sv_idle"] == "2" && pooler.pool()["sv_active"] == "0" }
        #expect(try pooler.pool()["cl_active"] == "4")
    }

    @Test(.since(18)) func `SHOW CLIENTS and SHOW SERVERS name the two ends of a link`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect(["application_name": "linked"])
        try client.query("begin")
        let server = try client.serverPID()
        let clientRow = try pooler.console("SHOW CLIENTS").records.first { $0["application_name"] == "linked" } ?? [:]
        let serverRow = try pooler.console("SHOW SERVERS").records.first { $0["remote_pid"] == "\(server)" } ?? [:]
        #expect([clientRow["user"], clientRow["database"], clientRow["state"]] == ["app", "app", "active"])
        #expect([serverRow["user"], serverRow["database"], serverRow["state"]] == ["app", "app", "active"])
        #expect([clientRow["type"], clientRow["addr"], serverRow["type"]] == ["C", "127.0.0.1", "S"])
        #expect(clientRow["link"] == serverRow["ptr"])
        #expect(serverRow["link"] == clientRow["ptr"])
        #expect(serverRow["port"] == "\(pooler.postgres.port)")
        try client.query("commit")
        try eventually {
            try pooler.console("SHOW SERVERS").records.first { $0["remote_pid"] == "\(server)" }?["state"] == "idle"
        }
    }

    @Test func `SHOW STATS counts queries, transactions and bytes`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        func stats() throws -> [String: Int] {
            let row = try pooler.console("SHOW STATS").records.first { $0["database"] == "app" } ?? [:]
            return row.compactMapValues { Int($0) }
        }
        try client.query("select 1")
        try eventually { try stats()["total_query_count"] == 1 }
        let before = try stats()
        for _ in 0..<10 { try client.query("begin; select repeat('x', 1000); commit") }
        try client.query("begin")
        try client.query("commit")
        try eventually { try stats()["total_query_count"] == 13 }
        let after = try stats()
        #expect((after["total_xact_count"] ?? 0) - (before["total_xact_count"] ?? 0) == 11)
        #expect((after["total_received"] ?? 0) - (before["total_received"] ?? 0) == 10 * 45 + 11 + 12)
        #expect((after["total_sent"] ?? 0) - (before["total_sent"] ?? 0) > 10_000)
        #expect(after["total_query_time"] ?? 0 > 0)
    }

    @Test func `SHOW DATABASES shows what the ini says of each`() throws {
        let pooler = try Pooler(databases: [
            "swift": "$server dbname=app user=app pool_size=7 pool_mode=statement max_db_connections=9"
        ])
        let row = try pooler.console("SHOW DATABASES").records.first { $0["name"] == "swift" } ?? [:]
        #expect([row["host"], row["port"], row["database"]] == ["127.0.0.1", "\(pooler.postgres.port)", "app"])
        #expect([row["force_user"], row["pool_size"], row["pool_mode"]] == ["app", "7", "statement"])
        #expect([row["max_connections"], row["paused"], row["disabled"]] == ["9", "0", "0"])
    }

    @Test func `SHOW HELP is a notice`() throws {
        let console = try Pooler().connect(user: "admin", database: "pgbouncer")
        #expect(try console.query("SHOW HELP").tag == "SHOW")
        #expect(console.notices.map(\.message) == ["Console usage"])
        #expect(console.notices.first?.detail.contains("SHOW") == true)
    }

    @Test(.since(20)) func `SHOW LISTS and SHOW STATE tell the pooler's size and state`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try client.query("select 1")
        let lists = try Dictionary(pooler.console("SHOW LISTS").rows.map { ($0[0] ?? "", $0[1] ?? "") }) { $1 }
        #expect(lists["used_servers"] == "1")
        #expect(lists["pools"] == "2")
        #expect(lists["used_clients"] == "2")
        #expect(client.isOpen)
        let state = try pooler.console("SHOW STATE").rows
        #expect(state == [["active", "yes"], ["paused", "no"], ["suspended", "no"]])
    }

    @Test(.pgvaletOnly) func `SHOW MEM counts what there is of each kind`() throws {
        var settings = PoolerSettings()
        settings.main["pool_mode"] = "transaction"
        settings.databases = ["app": "$server", "other": "$server"]
        settings.peers = ["7": "host=127.0.0.1"]
        let pooler = try Pooler(settings)
        let client = try pooler.connect()
        try client.prepare("one", "select 1")
        try client.execute("one")
        let rows = try pooler.console("SHOW MEM").records
        let used = Dictionary(rows.map { ($0["name"] ?? "", $0["used"] ?? "") }) { $1 }
        #expect([used["user_cache"], used["credentials_cache"]] == ["5", "4"])
        #expect([used["db_cache"], used["peer_cache"], used["pool_cache"]] == ["3", "1", "1"])
        #expect(
            [used["server_cache"], used["client_cache"], used["server_prepared_statement_cache"]] == ["1", "2", "1"])
        for row in rows where row["used"] != "0" {
            let (size, used, free) = (
                Int(row["size"] ?? "") ?? 0, Int(row["used"] ?? "") ?? 0, Int(row["free"] ?? "") ?? 0
            )
            #expect(size > 0 && row["memtotal"] == "\(size * (used + free))", "\(row)")
        }
    }

    @Test func `the console's own session looks like a Postgres`() throws {
        let console = try Pooler().connect(user: "stats", database: "pgbouncer")
        #expect(console.parameter("server_version")?.hasSuffix("/bouncer") == true)
        #expect(console.parameter("client_encoding") == "UTF8")
        #expect(console.parameter("standard_conforming_strings") == "on")
    }

    @Test(.pgvaletOnly) func `the console answers under its own name too`() throws {
        let pooler = try Pooler()
        #expect(try pooler.connect(user: "admin", database: "pgvalet").query("SHOW VERSION").rows.count == 1)
    }
}
