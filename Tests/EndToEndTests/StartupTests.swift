import PoolerTestSupport
import Testing

/// What a peer may say before it has logged in: anything. It gets an error, and nobody else notices.
@Suite struct StartupTests {
    /// A first packet and the answer: an error, or nil for a close without a word.
    struct BadPacket: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let answer: String?
        /// The PgBouncer 1.x that answers so; earlier ones do otherwise.
        let since: Int
        var testDescription: String { name }

        init(_ name: String, _ bytes: [UInt8], _ answer: String?, since: Int = 0) {
            (self.name, self.bytes, self.answer, self.since) = (name, bytes, answer, since)
        }
    }

    private static let user = [("user", "app"), ("database", "app")]

    static let badPackets = [
        BadPacket("too short", int32(4) + int32(196_608), "bad packet header: '0000000400030000'"),
        BadPacket("length 0", int32(0) + int32(196_608), "bad packet header: '0000000000030000'"),
        BadPacket("negative length", int32(-1) + int32(196_608), "bad packet header: 'ffffffff00030000'"),
        BadPacket(
            "no terminator", untyped(196_608, cString("user") + cString("app") + [65]),
            "invalid startup packet layout: expected terminator as last byte", since: 24),
        BadPacket(
            "name without a value", untyped(196_608, cString("user") + cString("app") + cString("database") + [65]),
            "invalid startup packet layout: expected terminator as last byte", since: 24),
        BadPacket("no user", startupPacket([("database", "app")]), "no username supplied"),
        BadPacket("empty user", startupPacket([("user", ""), ("database", "app")]), "no username supplied"),
        BadPacket("nothing at all", startupPacket([]), "no username supplied"),
        BadPacket(
            "unknown parameter", startupPacket(user + [("no such thing", "1")]),
            "unsupported startup parameter: no such thing"),
        BadPacket(
            "unknown parameter in options", startupPacket(user + [("options", "-c no-such-thing=1")]),
            "unsupported startup parameter in options: no-such-thing", since: 20),
        BadPacket(
            "a switch in options", startupPacket(user + [("options", "-B 100")]),
            "unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed", since: 20),
        BadPacket(
            "protocol 2", untyped(0x0002_0000, [UInt8](repeating: 0, count: 288)), "old V2 protocol not supported"),
        BadPacket("protocol 4", startupPacket(user, version: 0x0004_0000), "bad packet header: '0000001f00040000'"),
        BadPacket("HTTP", Array("GET / HTTP/1.1\r\n\r\n".utf8), "bad packet header: '474554202f204854'", since: 24),
        BadPacket("password first", WireMessage("p", cString("x")).bytes, "client password pkt before startup packet"),
        BadPacket("query first", WireMessage.query("select 1").bytes, nil),
        BadPacket("cancel with a short key", untyped(RequestCode.cancel, [1, 2, 3, 4]), nil),
        BadPacket("cancel with a long key", untyped(RequestCode.cancel, [UInt8](repeating: 7, count: 300)), nil),
        BadPacket(
            "words behind SSLRequest", untyped(RequestCode.ssl) + startupPacket(user),
            "received unencrypted data after SSL request"),
        BadPacket(
            "console for a stranger", startupPacket([("user", "app"), ("database", "pgbouncer")]), "not allowed"),
    ]

    @Test(arguments: badPackets.filter { Pooler.version >= (1, $0.since) })
    func `a bad startup packet gets its error and costs nobody else anything`(packet: BadPacket) throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let bystander = try pooler.connect()
        let client = try RawClient(pooler)
        try client.send(packet.bytes)
        if let answer = packet.answer {
            try client.expectFatal(.fatal(answer))
        }
        #expect(try client.isClosed())
        #expect(try bystander.query("select 1").value == "1")
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `a user name of 128 bytes is too long`() throws {
        let pooler = try Pooler()
        let client = try RawClient(pooler)
        #expect(throws: PostgresError.fatal("username too long")) {
            try client.logIn([("user", String(repeating: "u", count: 128))])
        }
    }

    @Test func `random bytes end the sender and nobody else`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "max_client_conn": "1000"])
        let bystander = try pooler.connect()
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let client = try RawClient(pooler)
            try? client.send(
                (0..<Int.random(in: 1...200, using: &random)).map { _ in .random(in: 0...255, using: &random) })
            client.close()
        }
        #expect(try bystander.query("select 1").value == "1")
        #expect(pooler.ended == nil)
    }

    @Test(.since(24)) func `a startup packet may come byte by byte`() throws {
        let pooler = try Pooler()
        let client = try RawClient(pooler)
        for byte in startupPacket(Self.user) + WireMessage.query("select 'slow'").bytes { try client.send([byte]) }
        try client.readUntil("Z")
        #expect(try client.readUntil("Z").contains { $0.values == ["slow"] })
    }

    @Test func `the database is the user's name when none is given`() throws {
        let pooler = try Pooler()
        let client = try RawClient(pooler)
        try client.logIn([("user", "app")])
        #expect(try client.query("select current_database()").contains { $0.values == ["app"] })
    }

    @Test(arguments: [RequestCode.ssl, RequestCode.gss])
    func `a request for encryption is declined, and the client goes on in plain`(code: Int32) throws {
        let pooler = try Pooler()
        let client = try RawClient(pooler)
        try client.send(untyped(code))
        #expect(try client.receive(1) == [UInt8(ascii: "N")])
        try client.logIn(Self.user)
        #expect(try client.query("select 1").last?.type == "Z")
    }

    @Test func `the welcome is what a Postgres says`() throws {
        let pooler = try Pooler()
        let client = try RawClient(pooler)
        let welcome = try client.logIn(Self.user)
        #expect(welcome.first == WireMessage("R", int32(0)))
        #expect(welcome.suffix(2).map(\.type) == ["K", "Z"])
        let names = Set(welcome.filter { $0.type == "S" }.compactMap { $0.strings.first })
        let expected = ["server_version", "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings"]
        #expect(names.isSuperset(of: expected))
    }

    @Test(.since(21), arguments: [0x0003_0000, 0x0003_0002, 0x0003_270f] as [Int32])
    func `newer minor versions and protocol options are negotiated away`(version: Int32) throws {
        let pooler = try Pooler()
        let client = try RawClient(pooler)
        let welcome = try client.logIn(Self.user + [("_pq_.feature", "on")], version: version)
        let negotiation = welcome.filter { $0.type == "v" }
        #expect(negotiation == [WireMessage("v", int32(0x0003_0000), int32(1), cString("_pq_.feature"))])
        #expect(try client.query("select 1").last?.type == "Z")
    }

    @Test(.since(21), arguments: [(0x0003_0000, 0), (0x0003_0002, 1)] as [(Int32, Int)])
    func `a version that we speak is not negotiated, a newer one exactly once`(version: Int32, count: Int) throws {
        let pooler = try Pooler()
        let client = try RawClient(pooler)
        let welcome = try client.logIn(Self.user, version: version)
        #expect(
            welcome.filter { $0.type == "v" }
                == [WireMessage("v", int32(0x0003_0000), int32(0))].prefix(count).map { $0 })
        // The key is one of version 3.0.
        #expect(client.cancelKey.count == 8)
        #expect(try client.query("select 1").last?.type == "Z")
    }

    @Test func `ignore_startup_parameters lets what it names pass`() throws {
        var settings = ["ignore_startup_parameters": "extra_float_digits, search_path"]
        if Pooler.isPgvalet { settings["session_state"] = "passthrough" }
        let pooler = try Pooler(settings)
        let client = try RawClient(pooler)
        try client.logIn(Self.user + [("extra_float_digits", "2"), ("search_path", "x")])
        #expect(try client.query("select 1").last?.type == "Z")
        #expect(throws: PostgresError.fatal("unsupported startup parameter: geqo")) {
            try RawClient(pooler).logIn(Self.user + [("geqo", "on")])
        }
    }

    @Test func `a nonsense message after the login ends the client alone`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        for bytes in [[0x01, 0, 0, 0, 4], [0x51, 0, 0, 0, 1], [0x51, 0xff, 0xff, 0xff, 0xff]] as [[UInt8]] {
            let client = try RawClient.loggedIn(pooler)
            try client.send(bytes)
            #expect(try client.readToEnd().last?.type == "E")
        }
        #expect(try pooler.connect().query("select 1").value == "1")
    }
}
