import PoolerTestSupport
import Testing

/// TLS towards servers.
@Suite struct ServerTLSTests {
    private static let isEncrypted = "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()"
    private static let authority = CertificateAuthority.shared.certificate

    @Test(arguments: [
        ("disable", "127.0.0.1", "false"), ("allow", "127.0.0.1", "true"), ("prefer", "127.0.0.1", "true"),
        ("require", "127.0.0.1", "true"), ("verify-ca", "127.0.0.1", "true"), ("verify-full", "127.0.0.1", "true"),
        ("verify-full", "localhost", "true"),
    ])
    func `the mode decides`(mode: String, host: String, expected: String) throws {
        let postgres = Postgres.encrypted
        let pooler = try Pooler(
            ["pool_mode": "transaction", "server_tls_sslmode": mode, "server_tls_ca_file": Self.authority],
            databases: ["app": "host=\(host) port=\(postgres.port)"], postgres: postgres)
        #expect(try pooler.connect().query(Self.isEncrypted).value == expected)
        let row = try pooler.console("SHOW SERVERS").records.first { $0["user"] == "app" }
        let tls = row?["tls"] ?? ""
        #expect(expected == "true" ? tls.hasPrefix("TLSv1.3/") : tls.isEmpty)
    }

    @Test(arguments: [
        (["server_tls_protocols": "tlsv1.2"], "TLSv1.2 "),
        (
            ["server_tls_protocols": "tlsv1.2", "server_tls_ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256"],
            "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256"
        ),
        (["server_tls13_ciphers": "TLS_CHACHA20_POLY1305_SHA256"], "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256"),
        (["server_tls_protocols": "tlsv1.3"], "TLSv1.3 "),
    ])
    func `versions and ciphers are as configured`(settings: [String: String], expected: String) throws {
        let pooler = try Pooler(settings.merging(["server_tls_sslmode": "require"]) { $1 }, postgres: .encrypted)
        let agreed = "select version || ' ' || cipher from pg_stat_ssl where pid = pg_backend_pid()"
        #expect(try pooler.connect().query(agreed).value?.hasPrefix(expected) == true)
    }

    @Test(arguments: [
        ("require", "server refused SSL"), ("verify-full", "server refused SSL"),
    ])
    func `a server without TLS is refused where TLS is demanded`(mode: String, text: String) throws {
        let pooler = try Pooler([
            "server_tls_sslmode": mode, "server_tls_ca_file": Self.authority, "query_wait_timeout": "2",
            "client_login_timeout": "2",
        ])
        #expect(throws: PostgresError.self) { try pooler.connect().query("select 1") }
        #expect(pooler.log.contains(text))
    }

    @Test(arguments: ["allow", "prefer", "disable"])
    func `a server without TLS will do where it is only preferred`(mode: String) throws {
        let pooler = try Pooler(["server_tls_sslmode": mode])
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    /// Names in the certificate, the mode, the host asked for, and whether they fit.
    static let names: [(commonName: String, names: [String], mode: String, host: String, isAccepted: Bool)] = [
        ("wrong", ["DNS:localhost"], "verify-full", "localhost", true),
        ("wrong", ["DNS:elsewhere"], "verify-full", "localhost", false),
        ("wrong", ["DNS:elsewhere"], "verify-ca", "localhost", true),
        ("localhost", [], "verify-full", "localhost", true),
        ("localhost", ["DNS:elsewhere"], "verify-full", "localhost", false),
        ("wrong", ["DNS:localhost"], "verify-full", "127.0.0.1", false),
        ("127.0.0.1", [], "verify-full", "127.0.0.1", false),
        ("wrong", ["IP:127.0.0.1"], "verify-full", "127.0.0.1", true),
        ("wrong", ["DNS:127.0.0.1"], "verify-full", "127.0.0.1", false),
        ("wrong", ["DNS:*"], "verify-full", "localhost", false),
        ("wrong", ["DNS:LOCALHOST"], "verify-full", "localhost", true),
    ]

    @Test(arguments: names)
    func `the certificate's names are checked`(
        commonName: String, names: [String], mode: String, host: String, isAccepted: Bool
    ) throws {
        let label = "names-\(commonName)-\(names.joined())-\(mode)-\(host)".replacing("*", with: "star").replacing(
            ":", with: "_")
        let identity = try CertificateAuthority.shared.issue(label, commonName: commonName, alternatives: names)
        let postgres = try Postgres.makeEncrypted(identity)
        let pooler = try Pooler(
            [
                "server_tls_sslmode": mode, "server_tls_ca_file": Self.authority, "query_wait_timeout": "1",
                "client_login_timeout": "1",
            ], databases: ["app": "host=\(host) port=\(postgres.port)"], postgres: postgres)
        if isAccepted {
            #expect(try pooler.connect().query("select 1").value == "1")
        } else {
            #expect(throws: PostgresError.self) { try pooler.connect().query("select 1") }
            #expect(pooler.log.contains("certificate not accepted"))
        }
    }

    @Test func `each host of a list is checked by its own name`() throws {
        let identity = try CertificateAuthority.shared.issue(
            "host-list", commonName: "wrong", alternatives: ["DNS:localhost"])
        let postgres = try Postgres.makeEncrypted(identity)
        let role = try postgres.makeRole()
        let pooler = try Pooler(
            [
                "server_tls_sslmode": "verify-full", "server_tls_ca_file": Self.authority, "pool_mode": "session",
                "server_login_retry": "0", "log_connections": "1",
            ],
            databases: ["app": "host=127.0.0.1,localhost port=\(postgres.port)"], secrets: [role: "x"],
            postgres: postgres)
        // The address is not in the certificate: whoever was sent there is sent to the name after it.
        let clients = try (0..<4).map { _ in try pooler.connect(user: role) }
        for client in clients { #expect(try client.query(Self.isEncrypted).value == "true") }
        #expect(pooler.log.contains("certificate not accepted: IP address mismatch"))
        #expect(try pooler.console("SHOW SERVERS").records.filter { $0["user"] == role }.count == 4)
        // Where both are, both serve.
        let both = try Pooler(
            ["server_tls_sslmode": "verify-full", "server_tls_ca_file": Self.authority, "pool_mode": "session"],
            databases: ["app": "host=127.0.0.1,localhost port=\(Postgres.encrypted.port)"], postgres: .encrypted)
        let others = try (0..<4).map { _ in try both.connect() }
        for client in others { #expect(try client.query(Self.isEncrypted).value == "true") }
        #expect(!both.log.contains("certificate not accepted"))
    }

    @Test func `an authority that we do not know is not believed`() throws {
        let other = try CertificateAuthority("Another CA")
        let pooler = try Pooler(
            [
                "server_tls_sslmode": "verify-ca", "server_tls_ca_file": other.certificate, "query_wait_timeout": "1",
                "client_login_timeout": "1",
            ], postgres: .encrypted)
        #expect(throws: PostgresError.self) { try pooler.connect().query("select 1") }
        #expect(pooler.log.contains("certificate not accepted"))
    }

    @Test func `our certificate is shown to a server that asks`() throws {
        let identity = CertificateAuthority.app
        let pooler = try Pooler(
            [
                "server_tls_sslmode": "require", "server_tls_cert_file": identity.certificate,
                "server_tls_key_file": identity.key,
            ], postgres: .encrypted)
        let dn = try pooler.connect().query("select client_dn from pg_stat_ssl where pid = pg_backend_pid()").value
        #expect(dn == "/CN=app")
    }

    @Test(arguments: ["scram_user", "md5_user", "clear_user"])
    func `passwords work over TLS, SCRAM bound to the channel`(user: String) throws {
        let pooler = try Pooler(
            ["server_tls_sslmode": "require"], secrets: [user: "secret"], postgres: .encrypted)
        #expect(try pooler.connect(user: user).query("select current_user").value == user)
    }

    @Test func `bytes behind the answer to the SSLRequest end the attempt`() throws {
        let server = try ScriptedServer { _, channel in
            _ = try channel.receive(8)
            try channel.send(Array("S".utf8) + WireMessage("R", int32(0)).bytes + ServerChannel.ready.bytes)
            _ = try channel.receive(1)
        }
        let pooler = try Pooler(
            ["query_wait_timeout": "1", "client_login_timeout": "1"], databases: ["app": server.address])
        #expect(throws: PostgresError.self) { try pooler.connect().query("select 1") }
        #expect(pooler.log.contains("received unencrypted data after SSL response"))
    }

    static let rubbish: [[UInt8]] = [
        Array("X".utf8), Array("E".utf8), Array("SS".utf8), Array("NN".utf8), [0], Array("HTTP/1.1 400\r\n\r\n".utf8),
        [],
    ]

    @Test(arguments: rubbish) func `a server that answers rubbish costs nobody else anything`(answer: [UInt8]) throws {
        let server = try ScriptedServer { _, channel in
            _ = try channel.receive(8)
            try channel.send(answer)
        }
        let pooler = try Pooler(
            ["query_wait_timeout": "1", "client_login_timeout": "1"], databases: ["bad": server.address])
        #expect(throws: PostgresError.self) { try pooler.connect(database: "bad").query("select 1") }
        #expect(try pooler.console("SHOW VERSION").rows.count == 1)
    }

    @Test func `a query is cancelled over TLS`() throws {
        let pooler = try Pooler(
            ["pool_mode": "transaction", "server_tls_sslmode": "verify-full", "server_tls_ca_file": Self.authority],
            postgres: .encrypted)
        let client = try pooler.connect()
        try client.send("select pg_sleep(30), 'cancelled over TLS'")
        try eventually {
            try Postgres.encrypted.query(
                """
                select 1 from pg_stat_activity
                where state = 'active' and wait_event = 'PgSleep' and query like '%cancelled over TLS%'
                """
            ).count == 1
        }
        try client.cancel()
        let error = #expect(throws: PostgresError.self) { try client.lastResult() }
        #expect(error?.sqlState == "57014")
        #expect(try client.query("select 2").value == "2")
        #expect(!pooler.log.contains("cancel request failed"))
    }

    @Test func `connections move between workers`() throws {
        let role = try Postgres.encrypted.makeRole()
        let pooler = try Pooler(
            [
                "pool_mode": "transaction", "default_pool_size": "2", "worker_threads": "2",
                "server_tls_sslmode": "require",
            ], secrets: [role: "x"], postgres: .encrypted)
        let clients = (0..<8).map { number in
            Background {
                let client = try pooler.connect(user: role)
                for round in 0..<200 {
                    guard try client.query("select '\(number)-\(round)'").value == "\(number)-\(round)" else {
                        return false
                    }
                }
                return true
            }
        }
        for client in clients { #expect(try client.value(within: .seconds(60))) }
        #expect(try Postgres.encrypted.backends(of: role).count <= 2)
    }

    @Test func `new TLS settings replace connections made under the old`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "server_tls_sslmode": "disable"], postgres: .encrypted)
        let client = try pooler.connect()
        #expect(try client.query(Self.isEncrypted).value == "false")
        try pooler.reload { $0.main["server_tls_sslmode"] = "require" }
        try eventually { try client.query(Self.isEncrypted).value == "true" }
        let pid = try client.serverPID()
        try pooler.reload { $0.main["query_wait_timeout"] = "50" }
        #expect(try client.serverPID() == pid)
    }

    @Test func `a pooler behind a pooler: direct TLS, ALPN, channel binding and resumed sessions`() throws {
        let back = try Pooler(clientTLS("require", ["auth_type": "scram-sha-256"]))
        let front = try Pooler(
            [
                "pool_mode": "transaction", "server_tls_sslmode": "verify-full", "server_tls_ca_file": Self.authority,
                "server_lifetime": "0",
            ],
            databases: [
                "app": "host=localhost port=\(back.port) sslnegotiation=direct",
                "asked": "host=localhost port=\(back.port) dbname=app",
            ])
        for database in ["app", "asked"] {
            let client = try front.connect(database: database)
            for _ in 0..<4 { #expect(try client.query("select 1").value == "1") }
        }
        #expect(back.log.contains("tls=TLSv1.3"))
        #expect(back.log.contains("sni=localhost"))
        #expect(front.log.contains(", resumed"))
    }

    @Test func `a server whose certificate has expired is not taken back by its session`() throws {
        let brief = try CertificateAuthority.shared.issue(
            "brief-server", commonName: "localhost", alternatives: ["DNS:localhost"], until: "now + 12 seconds")
        let back = try Pooler([
            "client_tls_sslmode": "require", "client_tls_cert_file": brief.certificate,
            "client_tls_key_file": brief.key, "pool_mode": "transaction",
        ])
        let front = try Pooler(
            [
                "pool_mode": "transaction", "server_tls_sslmode": "verify-full", "server_tls_ca_file": Self.authority,
                "server_lifetime": "0", "query_wait_timeout": "2",
            ],
            databases: ["app": "host=localhost port=\(back.port)"])
        let client = try front.connect()
        try eventually {
            try client.query("select 1")
            return front.log.contains(", resumed")
        }
        try eventually("the certificate's end", within: .seconds(60)) {
            try ChildProcess.run(["openssl", "x509", "-checkend", "0", "-in", brief.certificate]).output
                .contains("will expire")
        }
        // One that was opened before may still serve.
        try eventually { (try? client.query("select 1")) == nil }
        #expect(front.log.contains("certificate not accepted: certificate has expired"))
    }

    @Test func `a server without ALPN is not spoken to directly`() throws {
        // Postgres 15 knows no direct TLS at all.
        let pooler = try Pooler(
            ["query_wait_timeout": "1", "client_login_timeout": "1"],
            databases: ["app": "host=127.0.0.1 port=\(Postgres.encrypted.port) sslnegotiation=direct"])
        #expect(throws: PostgresError.self) { try pooler.connect().query("select 1") }
        #expect(pooler.log.contains("TLS handshake"))
    }
}
