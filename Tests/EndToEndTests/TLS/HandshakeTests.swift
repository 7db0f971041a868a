import PoolerTestSupport
import Testing

/// The first bytes of clients that speak TLS, or pretend to.
@Suite struct HandshakeTests {
    private static let request = untyped(RequestCode.ssl)

    /// The ClientHello of a real client, taken down by a server that only listens.
    private static func clientHello() throws -> [UInt8] {
        let seen = Shared<[UInt8]>([])
        let server = try ScriptedServer { _, channel in
            guard let header = try channel.receive(5) else { return }
            let body = try channel.receive(Int(header[3]) << 8 | Int(header[4])) ?? []
            seen.set(header + body)
        }
        _ = try ChildProcess.run([
            "sh", "-c", "echo | timeout 5 openssl s_client -connect 127.0.0.1:\(server.port) -alpn postgresql",
        ])
        return seen.value
    }

    @Test func `a ClientHello in the same flight as the SSLRequest goes to the TLS engine`() throws {
        let pooler = try Pooler(clientTLS("prefer"))
        let hello = try Self.clientHello()
        for cut in [0, 1, 5, 20, hello.count] {
            let client = try RawClient(pooler)
            try client.send(Self.request + hello[..<cut])
            #expect(try client.receive(1) == [UInt8(ascii: "S")])
            if cut < hello.count { try client.send(Array(hello[cut...])) }
            // A record of the handshake, in it a ServerHello.
            let answer = try client.receive(6)
            #expect(answer?.first == 0x16)
            #expect(answer?.last == 2)
        }
    }

    @Test func `plain bytes behind an SSLRequest are never taken for protocol`() throws {
        let pooler = try Pooler(clientTLS("prefer"))
        let startup = startupPacket([("user", "app"), ("database", "app")])
        let client = try RawClient(pooler)
        try client.send(Self.request + startup)
        try client.expectFatal(.fatal("received unencrypted data after SSL request"))
        // In a flight of its own it is a broken handshake.
        let late = try RawClient(pooler)
        try late.send(Self.request)
        #expect(try late.receive(1) == [UInt8(ascii: "S")])
        try late.send(startup)
        let answer = try late.receiveSome(100)
        #expect(answer.isEmpty || answer.first == 0x15)
        #expect(!pooler.log.contains("login attempt"))
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test(arguments: ["-alpn postgresql", "-alpn h2,postgresql", "-alpn postgresql -servername db.example.com"])
    func `direct TLS logs in`(options: String) throws {
        let pooler = try Pooler(clientTLS("prefer"))
        let bytes =
            startupPacket([("user", "app"), ("database", "app")]) + WireMessage.query("select 'over' || '-tls'").bytes
        let output = try openSSLClient(pooler, "-quiet \(options)", sending: bytes)
        #expect(output.contains("server_version"))
        #expect(output.contains("over-tls"))
        #expect(pooler.log.contains("tls=TLSv1.3") == true)
        if options.contains("servername") { #expect(pooler.log.contains("sni=db.example.com")) }
    }

    @Test func `ALPN is selected where it is offered, and another protocol is refused`() throws {
        let pooler = try Pooler(clientTLS("prefer"))
        #expect(try openSSLClient(pooler, "-alpn postgresql").contains("ALPN protocol: postgresql"))
        #expect(try openSSLClient(pooler, "-starttls postgres -alpn postgresql").contains("ALPN protocol: postgresql"))
        #expect(try openSSLClient(pooler, "-alpn h2").contains("no application protocol"))
        #expect(try openSSLClient(pooler, "-starttls postgres").contains("No ALPN negotiated"))
    }

    @Test func `direct TLS without ALPN is refused, as Postgres does`() throws {
        let pooler = try Pooler(clientTLS("prefer"))
        let bytes = startupPacket([("user", "app"), ("database", "app")]) + WireMessage.query("select 1").bytes
        let output = try openSSLClient(pooler, "-quiet", sending: bytes)
        #expect(!output.contains("server_version") && !pooler.log.contains("login attempt"))
        #expect(pooler.log.contains("does not speak postgresql over direct TLS"))
    }

    @Test func `direct TLS is just wrong where TLS is off`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try RawClient(pooler)
        try client.send(try Self.clientHello())
        #expect(try client.readFatal().message.hasPrefix("bad packet header"))
    }

    @Test func `a second request for encryption is refused`() throws {
        let pooler = try Pooler(clientTLS("prefer"))
        let output = try openSSLClient(pooler, "-quiet -starttls postgres", sending: Self.request)
        #expect(!output.contains("server_version"))
        try eventually { pooler.log.contains("closing because: bad packet") }
    }

    static let rubbish: [[UInt8]] = [
        [0x16], [0x16, 3, 1, 0xff, 0xff], [0x16, 3, 1, 0, 0], [UInt8](repeating: 0x16, count: 70_000),
        [0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff], [0x17, 3, 3, 0, 1, 0], [0x15, 3, 3, 0, 2, 1, 0],
        [0x80, 0x2e, 1, 0, 2],
        Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0, count: 100),
    ]

    @Test(arguments: rubbish) func `rubbish in the place of a handshake costs nobody anything`(bytes: [UInt8]) throws {
        let pooler = try Pooler(clientTLS("prefer", ["client_login_timeout": "1"]))
        for isDirect in [false, true] {
            let client = try RawClient(pooler)
            if !isDirect {
                try client.send(Self.request)
                #expect(try client.receive(1) == [UInt8(ascii: "S")])
            }
            try? client.send(bytes)
            while try !client.receiveSome(100).isEmpty {}
        }
        #expect(try pooler.connect(["sslmode": "require"]).query("select 1").value == "1")
        #expect(pooler.ended == nil)
    }

    @Test func `half-open handshakes end in time, and those who are in notice nothing`() throws {
        let pooler = try Pooler(clientTLS("prefer", ["client_login_timeout": "1", "max_client_conn": "300"]))
        let client = try pooler.connect(["sslmode": "require"])
        let hello = try Self.clientHello()
        let silent = try (0..<200).map { number in
            let silent = try RawClient(pooler)
            try silent.send(Self.request + (number % 2 == 0 ? [] : hello))
            return silent
        }
        for number in 0..<50 { #expect(try client.query("select \(number)").value == "\(number)") }
        for silent in silent { while try !silent.receiveSome(1 << 16).isEmpty {} }
        #expect(pooler.log.contains("client_login_timeout"))
        #expect(try client.query("select 1").value == "1")
    }
}

/// What openssl's client prints when it sends those bytes and waits two seconds for answers.
private func openSSLClient(_ pooler: Pooler, _ options: String, sending bytes: [UInt8]) throws -> String {
    let octal = bytes.map { byte in
        let digits = String(byte, radix: 8)
        return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
    }
    return try openSSLClient(pooler, options, input: "(printf '\(octal.joined())'; sleep 2)")
}
