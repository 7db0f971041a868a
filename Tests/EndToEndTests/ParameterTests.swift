import PoolerTestSupport
import Testing

/// Parameters that follow their client from server to server.
@Suite struct ParameterTests {
    /// A tracked parameter: its startup name, a value other than the server's, and how Postgres prints that.
    static let tracked = [
        ("client_encoding", "LATIN1", "LATIN1"), ("DateStyle", "German", "German, DMY"),
        ("TimeZone", "Asia/Tokyo", "Asia/Tokyo"), ("application_name", "it's \"mine\"", "it's \"mine\""),
        ("standard_conforming_strings", "off", "off"),
    ]

    @Test(arguments: tracked)
    func `a startup value holds on every server, beside clients with other values`(
        name: String, value: String, printed: String
    ) throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let plain = try pooler.connect()
        let usual = try plain.setting(name)
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "app"), (name, value)])
        for _ in 0..<3 {
            let answer = try client.query("select current_setting('\(name)')").first { $0.type == "D" }
            #expect(answer?.values == [printed])
            // An old PgBouncer leaves a name behind where a client has none.
            if Pooler.isPgvalet || name != "application_name" { #expect(try plain.setting(name) == usual) }
        }
    }

    @Test(.since(20)) func `IntervalStyle is tracked by default, and track_extra_parameters tracks more`() throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1",
            "track_extra_parameters": "IntervalStyle, default_transaction_read_only",
        ])
        let (client, plain) = (try pooler.connect(), try pooler.connect())
        try client.query("set intervalstyle = 'iso_8601'")
        #expect(try plain.setting("IntervalStyle") == "postgres")
        #expect(try client.setting("IntervalStyle") == "iso_8601")
    }

    @Test(.pgvaletOnly) func `a parameter that the server does not report can be tracked from the startup packet`()
        throws
    {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1",
            "track_extra_parameters": "IntervalStyle, statement_timeout",
        ])
        let client = try pooler.connect(["options": "-c statement_timeout=12345"])
        let plain = try pooler.connect()
        for _ in 0..<3 {
            #expect(try client.setting("statement_timeout") == "12345ms")
            #expect(try plain.setting("statement_timeout") == "0")
        }
    }

    @Test func `a value that a client SETs follows it to other servers`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"])
        let (client, other) = (try pooler.connect(), try pooler.connect())
        try client.query("set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set application_name = 'wanderer'")
        let home = try client.serverPID()
        try other.beginTransaction(onServer: home)
        #expect(try client.serverPID() != home)
        #expect(try client.setting("TimeZone") == "Asia/Tokyo")
        #expect(try client.setting("DateStyle") == "German, DMY")
        #expect(try client.setting("application_name") == "wanderer")
        #expect(client.parameter("TimeZone") == "Asia/Tokyo")
    }

    @Test(.since(20)) func `values given in options are taken like others`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let client = try pooler.connect(["options": "-c timezone=Asia/Tokyo --datestyle=German"])
        let plain = try pooler.connect()
        for _ in 0..<3 {
            #expect(try client.setting("TimeZone") == "Asia/Tokyo")
            #expect(try plain.setting("TimeZone") != "Asia/Tokyo")
        }
        #expect(try client.setting("DateStyle") == "German, DMY")
    }

    @Test func `the first query of a client with other values has its answer alone`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        try pooler.connect(["application_name": "before"]).query("select 1")
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "app"), ("application_name", "after")])
        for messages in [[WireMessage.query("select 'mine'")], WireMessage.statement("select 'mine'") + [.sync]] {
            try client.send(messages)
            let answers = try client.readUntil("Z").filter { !"12S".contains($0.type) }
            #expect(answers.map(\.type) == ["T", "D", "C", "Z"])
        }
    }

    @Test(.pgvaletOnly) func `a value of more than 127 bytes is set too`() throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1",
            "track_extra_parameters": "IntervalStyle, search_path",
        ])
        let path = (0..<20).map { "schema_number_\($0)" }.joined(separator: ", ")
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "app"), ("search_path", path)])
        let answer = try client.query("select current_setting('search_path')").first { $0.type == "D" }
        #expect(answer?.values == [path])
    }

    @Test func `a bad startup value ends its client and not the pool`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        try pooler.connect().query("select 1")
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "app"), ("TimeZone", "Moon/Base")])
        try client.send(.query("select 1"))
        try client.expectFatal(.fatal("invalid server parameter"))
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `a server's own settings come from its connect string`() throws {
        let pooler = try Pooler(databases: ["tuned": "$server dbname=app timezone=Asia/Tokyo"])
        let client = try pooler.connect(database: "tuned")
        #expect(client.parameter("TimeZone") == "Asia/Tokyo")
        #expect(try client.setting("TimeZone") == "Asia/Tokyo")
    }

    @Test(.pgvaletOnly) func `clients one after the other are each told their own values, and RESET goes back to them`()
        throws
    {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        func expect(_ given: String?, isTold told: String) throws {
            let client = try RawClient(pooler)
            let own = given.map { [("application_name", $0)] } ?? []
            let messages = try client.logIn([("user", "app"), ("database", "app")] + own)
            let name = messages.first { $0.type == "S" && $0.strings.first == "application_name" }
            #expect(name?.strings.dropFirst().first ?? "" == told)
            _ = try client.query("set application_name = 'other'")
            _ = try client.query("reset application_name")
            let answer = try client.query("show application_name").first { $0.type == "D" }
            #expect(answer?.values == [told])
        }
        for name in ["one", "one", nil, nil, "two", "one"] as [String?] { try expect(name, isTold: name ?? "") }
        try pooler.reload { $0.main["application_name_add_host"] = "1" }
        let names = try (0..<2).map { _ in
            try pooler.connect(["application_name": "one"]).setting("application_name")
        }
        #expect(Set(names).count == 2 && names.allSatisfy { $0.hasPrefix("one - 127.0.0.1:") })
    }

    @Test func `application_name_add_host names the client's address`() throws {
        let pooler = try Pooler(["application_name_add_host": "1"])
        let name = try pooler.connect(["application_name": "lambda"]).setting("application_name")
        #expect(name.hasPrefix("lambda - 127.0.0.1:"))
    }
}
