import PoolerTestSupport
import Testing

/// Parameters of the startup packet that are not tracked everywhere.
@Suite(.pgvaletOnly) struct StartupSettingTests {
    private static let settings = ["pool_mode": "transaction", "default_pool_size": "1"]

    @Test func `they hold on every server, and RESET goes back to them`() throws {
        let pooler = try Pooler(Self.settings)
        let client = try pooler.connect([
            "options": "-c search_path=mine,public -c statement_timeout=7s --geqo=off -c app.tenant=x"
        ])
        let other = try pooler.connect()
        func expectOwn() throws {
            #expect(try client.setting("search_path") == "mine,public")
            #expect(try client.setting("statement_timeout") == "7s")
            #expect(try client.setting("geqo") == "off")
            #expect(try client.setting("app.tenant") == "x")
            #expect(try other.setting("search_path") == "\"$user\", public")
            #expect(try other.setting("geqo") == "on")
        }
        try expectOwn()
        try client.query("set geqo = on; set statement_timeout = '8s'")
        #expect(try client.setting("geqo") == "on")
        #expect(try client.setting("statement_timeout") == "8s")
        try client.query("reset all")
        try expectOwn()
        try client.query("discard all")
        try expectOwn()
    }

    @Test func `they may stand in the packet itself`() throws {
        let pooler = try Pooler(Self.settings)
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "app"), ("extra_float_digits", "0"), ("Search_Path", "mine")])
        let answer = try client.query("select current_setting('extra_float_digits') || current_setting('search_path')")
        #expect(answer.first { $0.type == "D" }?.values == ["0mine"])
    }

    @Test(arguments: [("statement_timeout", "much"), ("no_such_thing", "1"), ("shared_buffers", "1GB")])
    func `bad ones end their client and nobody else`(name: String, value: String) throws {
        let pooler = try Pooler(Self.settings)
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "app"), (name, value)])
        try client.send(.query("select 1"))
        try client.expectFatal(.fatal("invalid server parameter"))
        #expect(try pooler.connect().setting("statement_timeout") == "0")
    }

    @Test(arguments: ["pin", "reset", "passthrough"])
    func `they are refused where sessions are not tracked`(mode: String) throws {
        let pooler = try Pooler(Self.settings.merging(["session_state": mode]) { $1 })
        #expect(throws: PostgresError.fatal("unsupported startup parameter in options: geqo")) {
            try pooler.connect(["options": "-c geqo=off"])
        }
        #expect(throws: PostgresError.fatal("unsupported startup parameter: geqo")) {
            try RawClient(pooler).logIn([("user", "app"), ("database", "app"), ("geqo", "on")])
        }
        try pooler.reload { $0.databases["app"] = "$server session_state=track" }
        #expect(try pooler.connect(["options": "-c geqo=off"]).setting("geqo") == "off")
    }

    @Test func `ignore_startup_parameters drops what it lists`() throws {
        let pooler = try Pooler(Self.settings.merging(["ignore_startup_parameters": "geqo"]) { $1 })
        let client = try pooler.connect(["options": "-c geqo=off -c work_mem=7MB"])
        #expect(try client.setting("geqo") == "on")
        #expect(try client.setting("work_mem") == "7MB")
    }

    @Test func `they hold in session mode too, and end with their client`() throws {
        for query in ["DISCARD ALL", ""] {
            let pooler = try Pooler(["pool_mode": "session", "default_pool_size": "1", "server_reset_query": query])
            let client = try pooler.connect(["options": "-c work_mem=7MB"])
            #expect(try client.setting("work_mem") == "7MB")
            client.close()
            #expect(try pooler.connect().setting("work_mem") == "4MB")
        }
    }

    @Test(arguments: [
        ("reset search_path", ["search_path"]),
        ("reset all", ["search_path", "geqo", "app.tenant", "TimeZone", "DateStyle"]),
        ("set geqo to default", ["geqo"]), ("set time zone default", ["TimeZone"]), ("reset datestyle", ["DateStyle"]),
        ("reset app.tenant", ["app.tenant"]), ("select 1; reset geqo; select 2", ["geqo"]),
    ])
    func `RESET goes back to them at once, inside a transaction too`(sql: String, names: [String]) throws {
        let options = "-c search_path=mine -c geqo=off -c app.tenant=x -c TimeZone=Asia/Tokyo -c DateStyle=German"
        let own = [
            "search_path": "mine", "geqo": "off", "app.tenant": "x", "TimeZone": "Asia/Tokyo",
            "DateStyle": "German, DMY",
        ]
        let changed = [
            "search_path": "other", "geqo": "on", "app.tenant": "y", "TimeZone": "UTC", "DateStyle": "ISO, DMY",
        ]
        for isExtended in [false, true] where !isExtended || !sql.contains(";") {
            let pooler = try Pooler(Self.settings.merging(["default_pool_size": "1"]) { $1 })
            let (client, other) = (try pooler.connect(["options": options]), try pooler.connect())
            try client.query(
                "set search_path = other; set geqo = on; set app.tenant = 'y'; set timezone = 'UTC'; set datestyle = 'ISO'"
            )
            for end in ["rollback", "commit"] {
                try client.query("begin")
                if isExtended { try client.query(sql, []) } else { try client.query(sql) }
                for (name, value) in own {
                    #expect(try client.setting(name) == (names.contains(name) ? value : changed[name]), "\(name)")
                }
                try client.query(end)
                try other.query("select 1")
                let isBack = end == "commit"
                for (name, value) in own {
                    #expect(
                        try client.setting(name) == (names.contains(name) && isBack ? value : changed[name]), "\(name)")
                }
            }
            #expect(try other.setting("geqo") == "on")
        }
    }

    @Test(arguments: ["reset all", "RESET geqo;", "reset search_path", "reset TimeZone"])
    func `a transaction may still be set behind a RESET in it`(sql: String) throws {
        let pooler = try Pooler(Self.settings.merging(["default_pool_size": "1"]) { $1 })
        let (client, other) = (
            try pooler.connect(["options": "-c geqo=off -c search_path=one,\\ two -c TimeZone=Asia/Tokyo"]),
            try pooler.connect()
        )
        try client.query("set geqo = on; set search_path = three; set timezone = 'UTC'")
        try client.query("begin")
        try client.query(sql)
        try client.query("set transaction isolation level serializable, read only")
        #expect(try client.setting("transaction_isolation") == "serializable")
        let own = [("geqo", "off", "on"), ("search_path", "one, two", "three"), ("TimeZone", "Asia/Tokyo", "UTC")]
        for _ in 0..<2 {
            for (name, reset, changed) in own {
                let isReset = sql.lowercased().contains(name.lowercased()) || sql.contains("all")
                #expect(try client.setting(name) == (isReset ? reset : changed), "\(name)")
            }
            try client.query("commit")
            try other.query("select 1")
        }
        #expect(try client.setting("exit_on_error") == "off")
    }

    @Test func `a COPY behind a RESET is not disturbed`() throws {
        let pooler = try Pooler(Self.settings.merging(["default_pool_size": "1"]) { $1 })
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "app"), ("options", "-c geqo=off")])
        _ = try client.query("create table if not exists copied_behind (a int); truncate copied_behind")
        let data: [WireMessage] = [WireMessage("d", Array("7\n".utf8)), WireMessage("c")]
        try client.send([.query("reset all; copy copied_behind from stdin")] + data)
        #expect(try client.readUntil("Z").map(\.type).filter { "GCEZ".contains($0) } == ["C", "G", "C", "Z"])
        try client.send(
            WireMessage.statement("reset all") + WireMessage.statement("copy copied_behind from stdin") + data + [.sync]
        )
        #expect(try client.readUntil("Z").map(\.type).filter { "GCEZ".contains($0) } == ["C", "G", "C", "Z"])
        let row = try client.query("select count(*), current_setting('geqo') from copied_behind").first {
            $0.type == "D"
        }
        #expect(row?.values == ["2", "off"])
        _ = try client.query("drop table copied_behind")
    }

    @Test func `DISCARD ALL goes back to them, and RESET in a failed transaction harms nobody`() throws {
        let pooler = try Pooler(Self.settings.merging(["default_pool_size": "1"]) { $1 })
        let client = try pooler.connect(["options": "-c TimeZone=Asia/Tokyo -c geqo=off"])
        try client.query("set timezone = 'UTC'; set geqo = on")
        try client.query("discard all")
        #expect(try client.setting("TimeZone") == "Asia/Tokyo")
        #expect(client.parameter("TimeZone") == "Asia/Tokyo")
        #expect(try client.setting("geqo") == "off")
        try client.query("begin")
        #expect(throws: PostgresError.self) { try client.query("select 1/0") }
        #expect(throws: PostgresError.self) { try client.query("reset all") }
        #expect(throws: PostgresError.self) { try client.query("reset all", []) }
        #expect(try client.query("rollback").tag == "ROLLBACK")
        #expect(try client.setting("geqo") == "off")
    }
}
