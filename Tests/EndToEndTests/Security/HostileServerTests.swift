import PoolerTestSupport
import Testing

/// A server that means ill: it harms neither the pooler nor other databases, and learns nothing that it could use.
@Suite(.pgvaletOnly) struct HostileServerTests {
    private static func pooler(_ server: ScriptedServer, _ more: [String: String] = [:]) throws -> Pooler {
        var databases = ["app": "$server"]
        for name in evil { databases[name] = "\(server.address) user=app password=app-secret" }
        return try Pooler(
            ["server_login_retry": "0", "client_login_timeout": "2"].merging(more) { $1 }, databases: databases)
    }

    /// Databases of the hostile server, so that several pools try their luck at the same time.
    private static let evil = ["evil", "evil2", "evil3", "evil4"]

    /// Has clients wait for the hostile server until it has played so many parts.
    private static func endure(_ pooler: Pooler, _ server: ScriptedServer, parts: Int) throws {
        var clients: [RawClient] = []
        try eventually("all of it", within: .seconds(60)) {
            // Some parts are answers that end the wait.
            clients = try evil.map { database in
                let client = try RawClient(pooler)
                try client.send(startupPacket([("user", "app"), ("database", database)]))
                return client
            }
            try eventually { pooler.ended != nil || server.connections > parts || clients.allSatisfy(\.hasEnded) }
            return pooler.ended != nil || server.connections > parts
        }
        clients = []
        #expect(try pooler.connect(database: "app").query("select 1").value == "1")
        #expect(pooler.ended == nil)
    }

    /// A client of the hostile server gets an error or nothing; one of another database is served.
    private static func check(_ pooler: Pooler) throws {
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "app"), ("database", "evil")]))
        let messages = (try? client.readUntil("Z", within: .seconds(15))) ?? []
        #expect(!messages.contains { $0.type == "Z" }, "welcomed by \(messages)")
        #expect(try pooler.connect(database: "app").query("select 1").value == "1")
        #expect(pooler.ended == nil)
    }

    private static func scram(_ data: String) -> WireMessage { WireMessage("R", int32(11), Array(data.utf8)) }
    private static let saslRequest = WireMessage("R", int32(10), cString("SCRAM-SHA-256"), [0])

    /// What may come for the server's first SCRAM message. `$` stands for our own nonce.
    static let serverFirst = [
        "r=$" + String(repeating: "x", count: 5000) + ",s=AAAA,i=4096", "r=$,s=AAAA,i=4096", "r=other,s=AAAA,i=4096",
        "r=$x,s=AAAA,i=4096",
        "r=$x,s=" + String(repeating: "A", count: 8000) + ",i=1", "r=$x,s=AAAA,i=0", "r=$x,s=AAAA,i=-1",
        "r=$x,s=AAAA,i=2147483647", "r=$x,s=AAAA,i=99999999999999999999", "r=$x,s=A,i=1", "r=$x,s=,i=1", "r=$x,i=1",
        "m=ext,r=$x,s=AAAA,i=1", "", ",", "r", "r=", "r=$x,s=AAAA,i=4096,", "r=$x\u{0},s=AAAA,i=1", "e=other-error",
    ]

    @Test func `CVE-2026-6665 a long or foreign nonce, and any other first message of SCRAM`() throws {
        let answered = Shared<[String]>([])
        let server = try ScriptedServer { number, channel in
            let text = Self.serverFirst[number % Self.serverFirst.count]
            try channel.readStartup()
            try channel.send(Self.saslRequest)
            guard let message = try channel.read() else { return }
            let said = String(decoding: message.body, as: UTF8.self)
            let nonce = said.split(separator: "r=").last.map(String.init) ?? ""
            try channel.send(Self.scram(text.replacing("$", with: nonce)))
            if try channel.read() != nil { answered.update { $0.append(text) } }
        }
        try Self.endure(try Self.pooler(server, ["client_login_timeout": "60"]), server, parts: Self.serverFirst.count)
        // Whoever goes on proves something to a stranger: only to the one answer that is well-formed.
        #expect(Set(answered.value).subtracting(["r=$x,s=AAAA,i=4096"]) == [])
    }

    @Test(arguments: [
        [WireMessage("E", [0])], [WireMessage("E", [])],
        [WireMessage("E", cString("SFATAL") + cString("Mno code") + [0])],
        [WireMessage("E", [0x43])], [WireMessage("E", cString("C"))],
        [WireMessage("E", cString("SFATAL") + cString("C123456789"))],
        [WireMessage("E", [UInt8](repeating: 0xff, count: 3000))],
        [WireMessage("N", []), WireMessage("E", cString("M"))],
    ])
    func `CVE-2026-6666 an error without a code, or without anything`(messages: [WireMessage]) throws {
        let server = try ScriptedServer { _, channel in
            try channel.readStartup()
            try channel.send(messages)
        }
        let pooler = try Self.pooler(server)
        try Self.check(pooler)
        #expect(throws: (any Error).self) { try pooler.connect(database: "evil") }
        #expect(pooler.ended == nil)
    }

    /// How far a login goes before the server says something else.
    enum Stage: CaseIterable {
        case encryption, startup, cleartext, md5, sasl, saslContinue, authenticated, parameters

        func reach(_ channel: ServerChannel) throws {
            if case .encryption = self {
                _ = try channel.receive(8)
                return
            }
            try channel.readStartup()
            switch self {
            case .encryption, .startup: return
            case .cleartext: try channel.send(WireMessage("R", int32(3)))
            case .md5: try channel.send(WireMessage("R", int32(5), [1, 2, 3, 4]))
            case .sasl, .saslContinue: try channel.send(HostileServerTests.saslRequest)
            case .authenticated:
                try channel.send(WireMessage("R", int32(0)))
                return
            case .parameters:
                try channel.send(
                    WireMessage("R", int32(0)), WireMessage("S", cString("server_version") + cString("15")),
                    WireMessage("K", int32(1), int32(2)))
                return
            }
            let message = try channel.read()
            if case .saslContinue = self, let message {
                let said = String(decoding: message.body, as: UTF8.self)
                let nonce = said.split(separator: "r=").last.map(String.init) ?? ""
                try channel.send(HostileServerTests.scram("r=\(nonce)x,s=AAAA,i=1"))
                _ = try channel.read()
            }
        }
    }

    @Test(arguments: Stage.allCases)
    func `CVE-2026-6666 garbage at every point of a login`(stage: Stage) throws {
        let messages: [[UInt8]] =
            [
                [], [0], [0xff, 0xff, 0xff, 0xff, 0xff], Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
                WireMessage("R", int32(0)).bytes + WireMessage("R", int32(0)).bytes,
                WireMessage("R", int32(12), Array("v=AAAA".utf8)).bytes + WireMessage("R", int32(0)).bytes
                    + ServerChannel.ready.bytes,
                WireMessage("R", int32(12)).bytes, WireMessage("R", int32(7)).bytes, WireMessage("R", []).bytes,
                WireMessage("R", int32(10)).bytes,
                WireMessage("R", int32(10), [UInt8](repeating: 65, count: 9000)).bytes,
                WireMessage("Z", []).bytes, WireMessage("Z", [0x54]).bytes, WireMessage("Z", Array("II".utf8)).bytes,
                WireMessage("K", []).bytes, WireMessage("K", [1]).bytes, WireMessage("S", []).bytes,
                WireMessage("S", [65]).bytes, WireMessage("S", cString("a")).bytes, WireMessage("v", []).bytes,
                WireMessage("D", int16(9)).bytes, WireMessage("G", []).bytes, WireMessage("T", int16(-1)).bytes,
                [0x52, 0, 0, 0, 3], [0x52, 0xff, 0xff, 0xff, 0xff], [0x52, 0x7f, 0xff, 0xff, 0xff], [0x53],
            ]
        let server = try ScriptedServer { number, channel in
            try stage.reach(channel)
            try channel.send(messages[number % messages.count])
        }
        let pooler = try Self.pooler(
            server,
            [
                "server_tls_sslmode": stage == .encryption ? "prefer" : "disable", "client_login_timeout": "60",
            ])
        try Self.endure(pooler, server, parts: messages.count)
    }

    @Test(arguments: ["S", "N", "A"], [false, true])
    func `a server that never comes to an end is given up`(type: String, isLong: Bool) throws {
        let server = try ScriptedServer { _, channel in
            try channel.readStartup()
            try channel.send(WireMessage("R", int32(0)))
            let text = [UInt8](repeating: 65, count: isLong ? 20_000 : 1)
            // Ends when the pooler hangs up.
            for number in 0... {
                let body = type == "S" ? cString("p\(number)") + text + [0] : text
                try channel.send(WireMessage(Character(type), body))
            }
        }
        let pooler = try Self.pooler(server, ["client_login_timeout": "30", "server_login_retry": "100"])
        let waiting = try RawClient(pooler)
        try waiting.send(startupPacket([("user", "app"), ("database", "evil")]))
        try eventually { pooler.log.contains("too many messages from server during login") }
        #expect(try pooler.connect(database: "app").query("select 1").value == "1")
        #expect(pooler.figures.peakMemory < 64 << 20)
    }

    @Test func `a server that says too early that all is well gets no session, and no hash for a password`() throws {
        let heard = Shared<[WireMessage]>([])
        let server = try ScriptedServer { number, channel in
            try channel.readStartup()
            if number == 0 {
                try channel.send(Self.saslRequest)
                if let message = try channel.read() { heard.update { $0.append(message) } }
                try channel.send(WireMessage("R", int32(0)), ServerChannel.ready)
            } else {
                try channel.send(WireMessage("R", int32(3)))
                if let message = try channel.read() { heard.update { $0.append(message) } }
            }
        }
        let md5 = try Postgres.shared.query("select rolpassword from pg_authid where rolname = 'md5_user'")[0][0] ?? ""
        let pooler = try Pooler(
            ["server_login_retry": "0", "client_login_timeout": "2"],
            databases: ["evil": server.address, "app": "$server"],
            secrets: ["app": "app-secret", "md5_user": md5])
        try Self.check(pooler)
        #expect(throws: (any Error).self) { try pooler.connect(user: "md5_user", database: "evil") }
        #expect(!heard.value.contains { String(decoding: $0.body, as: UTF8.self).contains("md5") })
    }
}

extension RawClient {
    /// Whether the pooler has closed it.
    fileprivate var hasEnded: Bool { (try? receiveSome(4096, within: .milliseconds(1)))?.isEmpty == true }
}
