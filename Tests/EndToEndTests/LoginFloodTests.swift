import PoolerTestSupport
import Testing

/// Logins cannot be guessed or flooded.
@Suite(.pgvaletOnly) struct LoginFloodTests {
    private static let wrong = PostgresError.fatal("password authentication failed", "28P01")

    private static func startup(_ user: String) -> [UInt8] { startupPacket([("user", user), ("database", "app")]) }

    private static func guess(_ pooler: Pooler, _ password: String) throws -> RawClient {
        let client = try RawClient(pooler)
        try client.send(startup("app"))
        #expect(try client.read()?.type == "R")
        try client.send(WireMessage("p", cString(password)))
        return client
    }

    @Test func `after many failures from one address logins are delayed, not refused`() throws {
        let pooler = try Pooler(["auth_type": "plain", "auth_failure_limit": "30"])
        for _ in 0..<30 { #expect(try Self.guess(pooler, "wrong").read()?.type == "E") }
        try eventually { pooler.log.contains("30 failed logins within a minute from 127.0.0.1, delaying further ones") }
        let clock = ContinuousClock()
        // Right or wrong, the password is not looked at before its time: 60 s / 30.
        let start = clock.now
        let clients = [try Self.guess(pooler, "app-secret"), try Self.guess(pooler, "wrong")]
        #expect(try clients[0].read()?.type == "R")
        #expect(clock.now - start >= .milliseconds(1900))
        #expect(try clients[1].readFatal() == Self.wrong)
        // Others are not concerned.
        let local = try pooler.connect(["host": pooler.directory, "password": "app-secret"])
        #expect(try local.query("select 1").value == "1")
    }

    @Test func `the delay is no longer than a login may take, and ends with the client`() throws {
        let pooler = try Pooler(
            ["auth_type": "plain", "auth_failure_limit": "1", "client_login_timeout": "1"],
            secrets: ["admin": "admin-secret"])
        #expect(try Self.guess(pooler, "wrong").read()?.type == "E")
        #expect(try Self.guess(pooler, "wrong").readFatal() == PostgresError.fatal("client_login_timeout"))
        let gone = try Self.guess(pooler, "wrong")
        gone.close()
        let console = try pooler.connect(
            user: "admin", database: "pgbouncer", ["host": pooler.directory, "password": "admin-secret"])
        try eventually { try console.query("SHOW LISTS").rows.first { $0[0] == "login_clients" }?[1] == "0" }
    }

    @Test func `zero is off`() throws {
        let pooler = try Pooler(["auth_type": "plain", "auth_failure_limit": "0"])
        for _ in 0..<50 { #expect(try Self.guess(pooler, "wrong").readFatal() == Self.wrong) }
        #expect(!pooler.log.contains("delaying"))
    }

    @Test(arguments: [1, 2])
    func `logins in progress are bounded, and users take turns`(workers: Int) throws {
        let pooler = try Pooler([
            "auth_type": "plain", "max_logging_in": "2", "worker_threads": "\(workers)",
        ])
        /// Whether it has been asked for its password.
        func isAsked(_ client: RawClient) throws -> Bool {
            try client.receiveSome(9, within: .seconds(5)).first == UInt8(ascii: "R")
        }
        let first = try (0..<2).map { _ in
            let client = try RawClient(pooler)
            try client.send(Self.startup("app"))
            return client
        }
        for client in first { #expect(try isAsked(client)) }
        var others: [(user: String, client: RawClient)] = []
        for user in ["app", "app", "app", "app", "stats"] {
            let client = try RawClient(pooler)
            try client.send(Self.startup(user))
            others.append((user, client))
            try eventually { pooler.log.split(separator: "login attempt").count == 3 + others.count }
        }
        // One place comes free at a time; those who hold one keep it for a second without a word.
        first[0].close()
        #expect(try isAsked(others[0].client))
        others[0].client.close()
        #expect(try isAsked(others[4].client), "stats goes before the second app")
        others[4].client.close()
        #expect(try isAsked(others[1].client))
        try others[1].client.send(WireMessage("p", cString("app-secret")))
        try others[1].client.readUntil("Z")
        #expect(try isAsked(others[2].client), "who is in makes room")
    }

    @Test func `those who let us wait keep nobody out`() throws {
        let pooler = try Pooler(["auth_type": "plain", "max_logging_in": "1"])
        let silent = try (0..<3).map { _ in
            let client = try RawClient(pooler)
            try client.send(Self.startup("app"))
            return client
        }
        #expect(try pooler.connect(["password": "app-secret"]).query("select 1").value == "1")
        // And they are not thrown out for it.
        for client in silent {
            #expect(try client.read()?.type == "R")
            try client.send(WireMessage("p", cString("app-secret")))
            try client.readUntil("Z")
        }
    }

    @Test func `who waits for a place and leaves is forgotten`() throws {
        let pooler = try Pooler(["auth_type": "plain", "max_logging_in": "1"])
        for _ in 0..<100 {
            let client = try RawClient(pooler)
            try client.send(Self.startup("app"))
            client.close()
        }
        #expect(try pooler.connect(["password": "app-secret"]).query("select 1").value == "1")
    }

    /// How far a client goes before it falls silent, and the most bytes of memory that it may cost.
    enum Stop: String, CaseIterable {
        case connected, startup, request, record, hello

        /// Of those behind their ClientHello no more are in the middle of a handshake, at 45 kB, than may be at a time.
        var cost: Int { self == .hello ? 20 * 1024 : 4096 }
        var count: Int { self == .hello ? 900 : 300 }

        /// Some of the first bytes of a login.
        func play(_ client: RawClient) throws {
            switch self {
            case .connected:
                break
            case .startup:
                try client.send(Array(startupPacket([("user", "app")]).dropLast(3)))
            case .request, .record, .hello:
                try client.send(untyped(RequestCode.ssl))
                #expect(try client.receive(1) == [UInt8(ascii: "S")])
                if self == .record { try client.send([0x16, 3, 1, 2, 0, 1]) }
                if self == .hello { try client.send(LoginFloodTests.hello) }
            }
        }
    }

    /// A ClientHello of TLS 1.3 with a key share for P-256.
    static let hello: [UInt8] = {
        let point: [UInt8] =
            [
                0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
                0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
                0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce,
                0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
            ]
        func sized(_ bytes: [UInt8]) -> [UInt8] { int16(Int16(bytes.count)) + bytes }
        let extensions: [UInt8] =
            [0, 43] + sized([2, 3, 4]) + [0, 10] + sized(sized([0, 23])) + [0, 13] + sized(sized([4, 3, 8, 4]))
            + [0, 51] + sized(sized([0, 23] + sized(point)))
        let body: [UInt8] =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + sized([0x13, 0x01]) + [1, 0] + sized(extensions)
        let handshake: [UInt8] = [1, 0] + sized(body)
        return [0x16, 3, 1] + sized(handshake)
    }()

    @Test(arguments: Stop.allCases)
    func `a client that falls silent costs little, and ends in time`(stop: Stop) throws {
        let identity = CertificateAuthority.localhost
        let pooler = try Pooler([
            "max_client_conn": "3000", "client_login_timeout": "20", "client_tls_sslmode": "allow",
            "client_tls_cert_file": identity.certificate, "client_tls_key_file": identity.key, "worker_threads": "1",
            // Else the kernel keeps those who say nothing to itself.
            "tcp_defer_accept": "0",
        ])
        func open(_ count: Int) throws -> [RawClient] {
            try (0..<count).map { _ in
                let client = try RawClient(pooler)
                try stop.play(client)
                return client
            }
        }
        // What is allocated once is allocated before.
        let idle = pooler.figures.openDescriptors
        for client in try open(50) { client.close() }
        try eventually { pooler.figures.openDescriptors <= idle }
        let before = pooler.figures.residentMemory
        let clients = try open(stop.count)
        try eventually { pooler.figures.openDescriptors >= idle + stop.count }
        let cost = (pooler.figures.residentMemory - before) / stop.count
        #expect(cost < stop.cost, "\(stop) costs \(cost) bytes")
        switch stop {
        case .connected, .startup:
            for client in clients {
                #expect(try client.readFatal(within: .seconds(60)) == PostgresError.fatal("client_login_timeout"))
            }
        case .request, .record, .hello:
            // There is no way to tell a client of TLS in plain text.
            try eventually("the end", within: .seconds(60)) { pooler.figures.openDescriptors <= idle }
        }
        _ = clients
    }

    @Test func `those who fall silent in the middle of a handshake make room for those who do not`() throws {
        let identity = CertificateAuthority.localhost
        let pooler = try Pooler([
            "max_client_conn": "3000", "client_login_timeout": "100", "client_tls_sslmode": "allow",
            "client_tls_cert_file": identity.certificate, "client_tls_key_file": identity.key, "worker_threads": "1",
        ])
        let inside = try pooler.connect(["sslmode": "require"])
        let silent = try (0..<600).map { _ in
            let client = try RawClient(pooler)
            try Stop.hello.play(client)
            return client
        }
        #expect(try inside.query("select 1").value == "1")
        #expect(try pooler.connect(["sslmode": "require"]).query("select 1").value == "1")
        #expect(pooler.log.contains("others waited for its place"))
        for client in silent { client.close() }
    }

    @Test func `an address that floods us with handshakes does not keep the others out`() throws {
        let identity = CertificateAuthority.localhost
        let pooler = try Pooler([
            "max_client_conn": "3000", "client_login_timeout": "100", "client_tls_sslmode": "allow",
            "client_tls_cert_file": identity.certificate, "client_tls_key_file": identity.key, "worker_threads": "1",
        ])
        let silent = try (0..<1200).map { _ in
            let client = try RawClient(pooler, from: 2)
            try Stop.hello.play(client)
            return client
        }
        #expect(try pooler.connect(["sslmode": "require"]).query("select 1").value == "1")
        // First come, first served, would have meant to wait until 945 of the others had been given up: all but the 255 beside it.
        #expect(pooler.log.split(separator: "others waited for its place").count - 1 < 945)
        for client in silent { client.close() }
    }
}
