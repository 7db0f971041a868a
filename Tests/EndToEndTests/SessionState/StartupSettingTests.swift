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
}
