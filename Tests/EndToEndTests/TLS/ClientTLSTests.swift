import PoolerTestSupport
import Testing

/// Settings with which a pooler offers TLS to clients.
func clientTLS(_ mode: String, _ more: [String: String] = [:]) -> [String: String] {
    let identity = CertificateAuthority.localhost
    return [
        "client_tls_sslmode": mode, "client_tls_cert_file": identity.certificate, "client_tls_key_file": identity.key,
        "pool_mode": "transaction",
    ].merging(more) { $1 }
}

/// What openssl s_client prints; `input` is a shell command whose output goes through the connection.
func openSSLClient(_ pooler: Pooler, _ options: String, input: String = "sleep 0.5") throws -> String {
    let command = "\(input) | timeout 15 openssl s_client -connect 127.0.0.1:\(pooler.port) \(options)"
    return try ChildProcess.run(["sh", "-c", command]).output
}

/// TLS towards clients, with libpq as the client.
@Suite struct ClientTLSTests {
    static let trust = ["sslrootcert": CertificateAuthority.shared.certificate]

    @Test(
        arguments: [
            ("disable", "disable", "no"), ("disable", "prefer", "no"), ("disable", "require", nil),
            ("allow", "disable", "no"), ("allow", "prefer", "TLSv1.3"), ("prefer", "require", "TLSv1.3"),
            ("prefer", "verify-full", "TLSv1.3"), ("require", "disable", nil), ("require", "require", "TLSv1.3"),
            ("require", "verify-full", "TLSv1.3"),
        ] as [(String, String, String?)])
    func `both sides agree on encryption as their modes say`(pooler mode: String, client: String, expected: String?)
        throws
    {
        let pooler = try Pooler(clientTLS(mode))
        let connect = { try pooler.connect(["sslmode": client].merging(Self.trust) { $1 }) }
        guard let expected else {
            #expect(throws: PostgresError.self) { try connect() }
            return
        }
        let connection = try connect()
        #expect(try connection.query("select 1").value == "1")
        #expect(pooler.log.contains("login attempt: db=app user=app tls=\(expected)"))
        let row = try pooler.console("SHOW CLIENTS").records.first { $0["user"] == "app" }
        let tls = row?["tls"] ?? ""
        #expect(expected == "no" ? tls.isEmpty : tls.hasPrefix(expected))
    }

    @Test func `a plain client is told that TLS is demanded, a Unix socket is exempt`() throws {
        let pooler = try Pooler(clientTLS("require"))
        #expect(throws: PostgresError.fatal("SSL required")) { try pooler.connect() }
        #expect(try pooler.connect(["host": pooler.directory, "sslmode": "prefer"]).query("select 1").value == "1")
    }

    @Test(arguments: ["verify-ca", "verify-full"])
    func `a client must show a certificate of the authority`(mode: String) throws {
        let authority = CertificateAuthority.shared
        let pooler = try Pooler(clientTLS(mode, ["client_tls_ca_file": authority.certificate]))
        let good = CertificateAuthority.app
        let bad = try CertificateAuthority("Another CA").issue("app", commonName: "app")
        let connect = { (identity: CertificateAuthority.Identity?) in
            var parameters = ["sslmode": "verify-full"].merging(Self.trust) { $1 }
            parameters["sslcert"] = identity?.certificate ?? ""
            parameters["sslkey"] = identity?.key
            return try pooler.connect(parameters)
        }
        #expect(try connect(good).query("select 1").value == "1")
        #expect(throws: PostgresError.self) { try connect(nil).query("select 1") }
        #expect(throws: PostgresError.self) { try connect(bad).query("select 1") }
        #expect(throws: PostgresError.fatal("SSL required")) { try pooler.connect() }
    }

    @Test(arguments: [
        ("client_tls_protocols", "tlsv1.2", "TLSv1.2/"), ("client_tls_protocols", "secure,!tlsv1.2", "TLSv1.3/"),
        ("client_tls13_ciphers", "TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3/TLS_CHACHA20_POLY1305_SHA256"),
        ("client_tls_ecdhcurve", "prime256v1", "TLSv1.3/"), ("client_tls_ecdhcurve", "none", "TLSv1.3/"),
        ("client_tls_dheparams", "none", "TLSv1.3/"), ("client_tls_ciphers", "fast", "TLSv1.3/"),
    ])
    func `versions and ciphers are as configured`(key: String, value: String, expected: String) throws {
        let pooler = try Pooler(clientTLS("require", [key: value]))
        let client = try pooler.connect(["sslmode": "require"])
        #expect(try client.query("select 1").value == "1")
        #expect(pooler.log.contains("tls=\(expected)"))
    }

    /// A setting, what a client of TLS offers, and what both then agree on; nil is nothing.
    static let agreements: [(key: String, value: String, offer: String, agreed: String?)] = [
        ("client_tls_ecdhcurve", "secp384r1", "-tls1_3", "Server Temp Key: ECDH, secp384r1"),
        ("client_tls_ecdhcurve", "prime256v1", "-tls1_3 -groups X25519:P-256", "Server Temp Key: ECDH, prime256v1"),
        ("client_tls_ecdhcurve", "prime256v1", "-tls1_3 -groups X25519", nil),
        ("client_tls_ecdhcurve", "auto", "-tls1_3 -groups X25519", "Server Temp Key: X25519"),
        ("client_tls_ecdhcurve", "none", "-tls1_3 -groups X25519:ffdhe2048", "Server Temp Key: DH, 2048 bits"),
        ("client_tls_ecdhcurve", "none", "-tls1_3 -groups X25519", nil),
        ("client_tls_dheparams", "auto", "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES256-GCM-SHA384"),
        ("client_tls_dheparams", "none", "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384", nil),
        ("client_tls_ciphers", "ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2", "Cipher is ECDHE-RSA-AES128-GCM-SHA256"),
        ("client_tls_ciphers", "ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384", nil),
        ("client_tls13_ciphers", "TLS_AES_128_GCM_SHA256", "-tls1_3", "Cipher is TLS_AES_128_GCM_SHA256"),
        ("client_tls13_ciphers", "TLS_AES_128_GCM_SHA256", "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384", nil),
        ("client_tls_protocols", "tlsv1.3", "-tls1_2", nil),
        ("client_tls_protocols", "tlsv1.2", "-tls1_3", nil),
        ("client_tls_protocols", "tlsv1.2", "-tls1_2", "New, TLSv1.2"),
    ]

    @Test(arguments: agreements)
    func `what is configured is what is spoken`(key: String, value: String, offer: String, agreed: String?) throws {
        let identity = Self.rsa
        let pooler = try Pooler([
            "client_tls_sslmode": "require", "client_tls_cert_file": identity.certificate,
            "client_tls_key_file": identity.key, key: value,
        ])
        let output = try openSSLClient(pooler, "-starttls postgres \(offer)")
        #expect(output.contains(agreed ?? "Cipher is (NONE)"), "\(output)")
    }

    private static let rsa: CertificateAuthority.Identity = {
        do {
            return try CertificateAuthority.shared.issue(
                "rsa", commonName: "localhost", key: ["-newkey", "rsa:2048"])
        } catch { fatalError("openssl: \(error)") }
    }()

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `a client can neither renegotiate nor exhaust us with new keys`(version: String) throws {
        let pooler = try Pooler(clientTLS("require"))
        // R renegotiates under TLS 1.2, K changes keys under 1.3; each on a line of its own.
        let command = version == "-tls1_2" ? "R" : "K"
        let input = "(sleep 0.5; for i in $(seq 200); do echo \(command); done; sleep 1)"
        _ = try openSSLClient(pooler, "-starttls postgres \(version)", input: input)
        try eventually { try pooler.console("SHOW LISTS").rows.contains(["login_clients", "0"]) }
        #expect(try pooler.connect(["sslmode": "require"]).query("select 1").value == "1")
    }

    @Test(arguments: [
        ["client_tls_cert_file": "/nonexistent"],
        ["client_tls_key_file": CertificateAuthority.app.key],
        ["client_tls_ciphers": "nonsense"], ["client_tls13_ciphers": "nonsense"],
        ["client_tls_ecdhcurve": "nonsense"], ["client_tls_sslmode": "verify-ca"], ["client_tls_cert_file": ""],
        ["client_tls_ca_file": "/nonexistent"],
    ])
    func `settings that cannot be used stop the start`(change: [String: String]) throws {
        let error = #expect(throws: SystemError.self) { try Pooler(clientTLS("require", change)) }
        let text = error?.description ?? ""
        #expect(text.contains("TLS setup failed"))
    }

    @Test(arguments: [("trust", "app"), ("scram-sha-256", "app")])
    func `SCRAM is bound to the channel`(method: String, user: String) throws {
        let pooler = try Pooler(clientTLS("require", ["auth_type": method]))
        let parameters = ["sslmode": "require", "channel_binding": "require", "password": "app-secret"]
        if method == "trust" {
            #expect(throws: PostgresError.self) { try pooler.connect(user: user, parameters) }
        } else {
            #expect(try pooler.connect(user: user, parameters).query("select 1").value == "1")
            #expect(throws: PostgresError.notAuthenticated("SASL authentication failed")) {
                try pooler.connect(user: user, parameters.merging(["password": "wrong"]) { $1 })
            }
            #expect(
                try pooler.connect(
                    user: user, ["sslmode": "require", "channel_binding": "disable", "password": "app-secret"]
                ).query("select 1").value == "1")
        }
    }

    @Test(arguments: ["sha1", "sha256", "sha384", "sha512"])
    func `channel binding works with every digest of the certificate`(digest: String) throws {
        let identity = try CertificateAuthority.shared.issue(
            "digest-\(digest)", commonName: "localhost", key: ["-newkey", "rsa:2048"], digest: digest)
        let pooler = try Pooler(
            clientTLS(
                "require",
                [
                    "auth_type": "scram-sha-256", "client_tls_cert_file": identity.certificate,
                    "client_tls_key_file": identity.key, "client_tls_ciphers": "DEFAULT@SECLEVEL=0",
                ]))
        let parameters = ["sslmode": "require", "channel_binding": "require", "password": "app-secret"]
        #expect(try pooler.connect(parameters).query("select 1").value == "1")
    }

    @Test func `COPY carries ten megabytes in and out over TLS unharmed`() throws {
        let pooler = try Pooler(clientTLS("require", ["server_tls_sslmode": "require"]), postgres: .encrypted)
        let client = try pooler.connect(["sslmode": "require"])
        try client.query("begin; create temp table goods (n int, line text)")
        let line = String(repeating: "goods ", count: 100)
        let chunks = (0..<170).map { chunk in (0..<100).map { "\(chunk * 100 + $0)\t\(line)\n" }.joined() }
        #expect(try client.copyIn("copy goods from stdin", chunks) == "COPY 17000")
        let (rows, tag) = try client.copyOut("copy (select * from goods order by n) to stdout")
        #expect(tag == "COPY 17000")
        #expect(rows == chunks.flatMap { $0.split(separator: "\n").map { "\($0)\n" } })
        try client.query("rollback")
    }

    @Test func `a slow reader of 200 MB over TLS costs the pooler next to nothing`() throws {
        let pooler = try Pooler(clientTLS("require", ["server_tls_sslmode": "require"]), postgres: .encrypted)
        let (reader, bystander) = (
            try pooler.connect(["sslmode": "require"]), try pooler.connect(["sslmode": "require"])
        )
        try reader.query("copy (select repeat('x', 99999) from generate_series(1, 2000)) to stdout")
        for number in 0..<100 { #expect(try bystander.query("select \(number)").value == "\(number)") }
        var received = 0
        while let row = try reader.getCopy() { received += row.utf8.count }
        #expect(received == 200_000_000)
        #expect(try reader.lastResult().tag == "COPY 2000")
        #expect(pooler.figures.peakMemory < 64 << 20)
    }
}
