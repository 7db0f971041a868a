import PoolerTestSupport
import Testing

/// What takes a PostgreSQL 17: direct TLS on both sides, and a libpq that can demand a way of authentication.
@Suite(
    .pgvaletOnly,
    .enabled(if: PostgresInstallation.seventeen != nil, "scripts/postgres-17 could not unpack PostgreSQL 17 here"))
struct Postgres17Tests {
    private static let authority = CertificateAuthority.shared.certificate

    private static let server: Postgres = {
        do {
            return try Postgres.makeEncrypted(
                CertificateAuthority.localhost, installation: PostgresInstallation.seventeen ?? .newest)
        } catch { fatalError("Postgres 17 with TLS: \(error)") }
    }()

    /// Runs one query with psql 17; its output, errors included.
    private static func psql(_ pooler: Pooler, _ parameters: [String: String], _ sql: String) throws -> String {
        let all = [
            "host": "localhost", "port": "\(pooler.port)", "dbname": "app", "user": "app", "sslrootcert": authority,
            "connect_timeout": "20",
        ].merging(parameters) { $1 }
        let string = all.map { "\($0)='\($1)'" }.joined(separator: " ")
        let program = PostgresInstallation.seventeen?.program("psql") ?? "psql"
        return try ChildProcess.run([program, "-XAtq", "-c", sql, string]).output
    }

    @Test(arguments: [("require", "127.0.0.1"), ("verify-ca", "localhost"), ("verify-full", "localhost")])
    func `a server is spoken to directly`(mode: String, host: String) throws {
        let postgres = Self.server
        let pooler = try Pooler(
            ["server_tls_sslmode": mode, "server_tls_ca_file": Self.authority, "pool_mode": "transaction"],
            databases: ["*": "host=\(host) port=\(postgres.port) sslnegotiation=direct"],
            secrets: ["scram_user": "secret", "app": "x"], postgres: postgres)
        let client = try pooler.connect()
        #expect(try client.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()").value == "t")
        #expect(try client.query("show server_version_num").value?.hasPrefix("17") == true)
        // SCRAM, bound to the channel.
        #expect(
            try pooler.connect(user: "scram_user", database: "app").query("select current_user").value == "scram_user")
        // Cancel requests go the same way.
        try client.send("select pg_sleep(30), 'cancelled over direct \(mode)'")
        try eventually {
            try postgres.query(
                "select from pg_stat_activity where wait_event = 'PgSleep' and query like '%cancelled over direct \(mode)%'"
            ).count == 1
        }
        try client.cancel()
        let error = #expect(throws: PostgresError.self) { try client.lastResult() }
        #expect(error?.sqlState == "57014")
    }

    @Test func `direct TLS too checks the name`() throws {
        let identity = try CertificateAuthority.shared.issue(
            "elsewhere-17", commonName: "elsewhere", alternatives: ["DNS:elsewhere"])
        let postgres = try Postgres.makeEncrypted(identity, installation: PostgresInstallation.seventeen ?? .newest)
        let pooler = try Pooler(
            [
                "server_tls_sslmode": "verify-full", "server_tls_ca_file": Self.authority, "query_wait_timeout": "1",
                "client_login_timeout": "1",
            ],
            databases: ["*": "host=localhost port=\(postgres.port) sslnegotiation=direct"], postgres: postgres)
        #expect(throws: PostgresError.self) { try pooler.connect().query("select 1") }
        #expect(pooler.log.contains("certificate not accepted"))
    }

    @Test(arguments: ["direct", "postgres"])
    func `libpq 17 comes by TLS, directly or not`(negotiation: String) throws {
        let pooler = try Pooler(clientTLS("require", ["auth_type": "scram-sha-256"]))
        let output = try Self.psql(
            pooler,
            [
                "sslmode": "verify-full", "sslnegotiation": negotiation, "password": "app-secret",
                "channel_binding": "require",
            ], "select 'in by ' || '\(negotiation)'")
        #expect(output == "in by \(negotiation)\n")
        #expect(pooler.log.contains("tls=TLSv1.3"))
    }

    /// auth_type, what the client demands, and whether it is let in by itself.
    static let demands: [(type: String, demand: String, isMet: Bool)] = [
        ("scram-sha-256", "scram-sha-256", true), ("scram-sha-256", "md5", false),
        ("scram-sha-256", "!scram-sha-256", false), ("scram-sha-256", "scram-sha-256,md5", true),
        ("md5", "md5", true), ("md5", "scram-sha-256", false), ("md5", "!md5", false), ("md5", "!password", true),
        ("plain", "password", true), ("plain", "scram-sha-256,md5", false), ("trust", "none", true),
        ("trust", "scram-sha-256", false), ("trust", "!none", false), ("scram-sha-256", "none", false),
    ]

    @Test(arguments: demands)
    func `require_auth is met by the method of that name alone`(type: String, demand: String, isMet: Bool) throws {
        let pooler = try Pooler(["auth_type": type])
        let output = try Self.psql(
            pooler, ["host": "127.0.0.1", "require_auth": demand, "password": "app-secret", "sslmode": "disable"],
            "select 'let' || '-in'")
        #expect((output == "let-in\n") == isMet, "\(output)")
        if !isMet { #expect(output.contains("authentication method requirement")) }
    }
}
