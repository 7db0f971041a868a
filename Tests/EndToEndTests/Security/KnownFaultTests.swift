import PoolerTestSupport
import Testing

/// Faults that poolers have had, each as the class that it belongs to: what strangers could do. (What hostile servers could do is
/// in HostileServerTests.)
@Suite(.pgvaletOnly) struct KnownFaultTests {
    /// The pooler still serves those who belong there.
    private static func isWell(_ pooler: Pooler, _ more: [String: String] = [:]) throws -> Bool {
        guard pooler.ended == nil else { return false }
        return try pooler.connect(more).query("select 1").value == "1"
    }

    /// Sends bytes and waits for the end that they must lead to.
    private static func provoke(_ pooler: Pooler, _ bytes: [UInt8], _ answers: Set<Character> = ["E"]) throws {
        let client = try RawClient(pooler)
        try? client.send(bytes)
        let messages = try client.readToEnd(within: .seconds(60))
        #expect(messages.allSatisfy { answers.contains($0.type) }, "\(messages)")
    }

    // MARK: CVE-2012-4575: over-long and unterminated startup strings

    @Test func `CVE-2012-4575 over-long and unterminated startup strings`() throws {
        let pooler = try Pooler()
        let long = String(repeating: "x", count: 9000)
        for parameters in [
            [("user", long)], [("user", "app"), ("database", long)], [("user", "app"), (long, "x")],
            [("user", "app"), ("options", "-c " + long)], [("user", "app"), ("application_name", long + long)],
            [("user", String(repeating: "x", count: 128)), ("database", "app")],
        ] {
            try Self.provoke(pooler, startupPacket(parameters), ["E"])
        }
        let version = int32(0x0003_0000)
        for body in [
            Array("user".utf8), cString("user"), cString("user") + Array("app".utf8), cString("user") + cString("app"),
            cString("user") + cString("app") + Array("database".utf8), [0], [], cString(""),
            [UInt8](repeating: 1, count: 500),
        ] {
            try Self.provoke(pooler, int32(Int32(body.count + 8)) + version + body)
        }
        // 127 bytes are a name like any other.
        #expect(throws: PostgresError.fatal("\"trust\" authentication failed", "28P01")) {
            try pooler.connect(user: String(repeating: "x", count: 127))
        }
        #expect(try Self.isWell(pooler))
    }

    // MARK: CVE-2015-4054: messages that come too early

    /// The points of a login at which any message may come.
    enum Stage: CaseIterable {
        case start, afterRequest, password, md5, sasl, saslContinue

        var authType: String {
            switch self {
            case .start, .afterRequest, .password: "plain"
            case .md5: "md5"
            case .sasl, .saslContinue: "scram-sha-256"
            }
        }

        func reach(_ pooler: Pooler) throws -> RawClient {
            let client = try RawClient(pooler)
            switch self {
            case .start: return client
            case .afterRequest:
                try client.send(untyped(RequestCode.ssl))
                #expect(try client.receive(1) == [UInt8(ascii: "N")])
                return client
            case .password, .md5, .sasl, .saslContinue: break
            }
            try client.send(startupPacket([("user", "app"), ("database", "app")]))
            #expect(try client.read()?.type == "R")
            if case .saslContinue = self {
                let first = Array("n,,n=,r=abcdefghijkl".utf8)
                try client.send(WireMessage("p", cString("SCRAM-SHA-256"), int32(Int32(first.count)), first))
                #expect(try client.read()?.type == "R")
            }
            return client
        }
    }

    @Test(arguments: Stage.allCases)
    func `CVE-2015-4054 a password before its time, and any message at any point of a login`(stage: Stage) throws {
        let pooler = try Pooler(["auth_type": stage.authType, "auth_failure_limit": "0"])
        let bodies: [[UInt8]] = [[], cString("app"), cString("SCRAM-SHA-256") + int32(-1)]
        for byte in UInt8.min...UInt8.max where byte != 0 {
            for body in bodies {
                let client = try stage.reach(pooler)
                try? client.send([byte] + int32(Int32(body.count + 4)) + body)
                client.socketIsDone()
                for message in try client.readToEnd() {
                    #expect(message.type != "Z" && message.type != "K", "let in by \(byte) at \(stage)")
                }
            }
        }
        #expect(try Self.isWell(pooler, ["password": "app-secret"]))
    }

    @Test(arguments: ["md5", "scram-sha-256"])
    func `a message that no exchange has a use for is not waited for`(method: String) throws {
        let pooler = try Pooler(["auth_type": method])
        for length in [8 * 1024, 59_000] as [Int32] {
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", "app"), ("database", "app")]))
            #expect(try client.read()?.type == "R")
            try client.send([UInt8(ascii: "p")] + int32(length) + cString("SCRAM-SHA-256"))
            #expect(try client.readFatal().message.hasPrefix("bad packet header"))
        }
        let long = try Pooler(["auth_type": "plain"], secrets: ["app": String(repeating: "x", count: 50_000)])
        #expect(try Self.isWell(long, ["password": String(repeating: "x", count: 50_000)]))
    }

    // MARK: CVE-2015-6817 and the others of auth_query

    private static func lookUpPooler(_ query: String, _ more: [String: String] = [:]) throws -> Pooler {
        var settings = PoolerSettings()
        settings.main.merge(["auth_type": "md5", "auth_user": "postgres", "auth_query": query]) { $1 }
        settings.main.merge(more) { $1 }
        settings.secrets = ["postgres": "pg-secret"]
        return try Pooler(settings)
    }

    @Test(arguments: [
        "select $1, '' ", "select $1, null", "select null::text, null::text where $1 <> ''",
        "select null::text, 'x' where $1 <> ''", "select '', '' where $1 <> ''",
        "select rolname, '' from pg_roles where $1 <> ''",
        "select $1, 'x' union all select $1, 'y'", "select $1, '' where false",
    ])
    func `CVE-2015-6817 an auth_query with empty, NULL or several rows lets nobody in`(query: String) throws {
        let pooler = try Self.lookUpPooler(query)
        for user in ["scram_user", "nobody"] {
            for password in ["x", "y", "secret"] {
                #expect(throws: PostgresError.fatal("password authentication failed", "28P01")) {
                    try pooler.connect(user: user, ["password": password])
                }
            }
        }
        #expect(try Self.isWell(pooler, ["user": "postgres", "password": "pg-secret"]))
    }

    @Test(arguments: ["valid until '2001-01-01'", "nologin"])
    func `CVE-2025-2291 who has expired or may not log in stays out`(options: String) throws {
        let role = try Postgres.shared.makeRole()
        try Postgres.shared.query("alter role \(role) password 'secret' \(options)")
        for query in [
            "select usename, passwd from pg_shadow where usename = $1",
            "select rolname, rolpassword from pg_authid where rolname = $1",
        ] {
            let pooler = try Self.lookUpPooler(query, ["auth_query_cache_ttl": "3600"])
            for _ in 0..<2 {
                #expect(throws: PostgresError.self) { try pooler.connect(user: role, ["password": "secret"]) }
            }
        }
    }

    @Test func `CVE-2025-12819 a client's search_path does not reach auth_query`() throws {
        try Postgres.shared.query(
            """
            create schema if not exists planted;
            create or replace function planted.lower(text) returns text language plpgsql as
              $$ begin raise exception 'planted code runs'; end $$;
            create or replace view planted.pg_shadow as select 'scram_user'::name usename, 'planted'::text passwd;
            grant usage on schema planted to public;
            """, database: "app")
        let pooler = try Self.lookUpPooler(
            "select usename, passwd from pg_shadow where lower(usename) = lower($1)",
            ["track_extra_parameters": "search_path", "pool_mode": "transaction"])
        for options in ["-c search_path=planted,pg_catalog", "-csearch_path=planted", "--search_path=planted"] {
            #expect(throws: PostgresError.self) {
                try pooler.connect(user: "scram_user", ["password": "planted", "options": options])
            }
        }
        #expect(try pooler.connect(user: "scram_user", ["password": "secret"]).query("select 1").value == "1")
        #expect(!pooler.log.contains("planted code runs"))
    }

    // MARK: CVE-2021-3935 and CVE-2021-43766: plain text before TLS

    @Test func `CVE-2021-3935 nothing plain counts behind an encryption request`() throws {
        let identity = CertificateAuthority.localhost
        let encrypting = try Pooler([
            "client_tls_sslmode": "allow", "client_tls_cert_file": identity.certificate,
            "client_tls_key_file": identity.key,
        ])
        let startup = startupPacket([("user", "app"), ("database", "app")])
        for pooler in [encrypting, try Pooler()] {
            for request in [untyped(RequestCode.ssl), untyped(RequestCode.gss)] {
                let client = try RawClient(pooler)
                try client.send(request + startup + WireMessage.query("select 1").bytes)
                // At most the answer to the request, an alert of TLS, or an error: never a login.
                let answer = try client.receiveAll()
                #expect(!answer.contains(UInt8(ascii: "Z")) || answer.starts(with: Array("E".utf8)), "\(answer)")
                #expect(!String(decoding: answer, as: UTF8.self).contains("server_version"))
            }
        }
        #expect(try Self.isWell(encrypting))
    }

    // MARK: CVE-2026-6664: lengths and splits

    @Test func `CVE-2026-6664 every length of a packet, and every split`() throws {
        let pooler = try Pooler(["auth_type": "plain", "auth_failure_limit": "0"])
        let version = int32(0x0003_0000)
        let lengths: [Int32] = [.min, -1, 0, 1, 3, 4, 5, 7, 8, 9, 10_000, 10_001, 65_535, 65_536, 1 << 24, .max]
        for length in lengths {
            let client = try RawClient(pooler)
            try? client.send(int32(length) + version + cString("user") + cString("app") + [0])
            client.socketIsDone()
            #expect(try client.readToEnd().allSatisfy { $0.type == "E" || $0.type == "R" })
            for type in ["p", "Q", "X", "d"] as [Character] {
                let late = try Stage.password.reach(pooler)
                try? late.send([type.asciiValue ?? 0] + int32(length) + cString("app-secret"))
                late.socketIsDone()
                #expect(
                    try late.readToEnd().allSatisfy { $0.type == "E" || length == 15 }, "\(type) of length \(length)")
            }
        }
        let login =
            startupPacket([("user", "app"), ("database", "app"), ("application_name", "x")])
            + WireMessage("p", cString("app-secret")).bytes
        for cut in 0...login.count {
            let client = try RawClient(pooler)
            try client.send(Array(login[..<cut]))
            try client.send(Array(login[cut...]))
            try client.readUntil("Z")
        }
        let slow = try RawClient(pooler)
        for byte in login { try slow.send([byte]) }
        try slow.readUntil("Z")
        #expect(try Self.isWell(pooler, ["password": "app-secret"]))
    }
}

extension RawClient {
    /// Nothing more will be sent.
    fileprivate func socketIsDone() { finishSending() }

    /// Every byte up to the end of the stream.
    fileprivate func receiveAll() throws -> [UInt8] {
        finishSending()
        var bytes: [UInt8] = []
        while let more = try? receiveSome(4096), !more.isEmpty { bytes += more }
        return bytes
    }
}
