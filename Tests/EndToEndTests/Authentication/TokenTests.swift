import Glibc
import PoolerTestSupport
import Testing

/// auth_type = jwt: the password is a token.
@Suite(.pgvaletOnly) struct TokenTests {
    private static let issuers: [TokenIssuer.Kind: TokenIssuer] = {
        do {
            return try Dictionary(uniqueKeysWithValues: TokenIssuer.Kind.allCases.map { ($0, try TokenIssuer($0)) })
        } catch {
            fatalError("openssl: \(error)")
        }
    }()

    private static let failure = PostgresError.notAuthenticated("password authentication failed")

    private static func settings(_ more: [String: String] = [:]) throws -> PoolerSettings {
        var settings = PoolerSettings()
        settings.main.merge([
            "auth_type": "jwt", "auth_jwt_keys": "$directory/keys.json", "auth_jwt_audience": "pgvalet",
            "auth_jwt_issuer": "https://id.example/", "client_tls_sslmode": "allow",
            "client_tls_key_file": CertificateAuthority.localhost.key,
            "client_tls_cert_file": CertificateAuthority.localhost.certificate,
        ]) { $1 }
        settings.main.merge(more) { $1 }
        settings.databases = ["app": "$server dbname=app user=app"]
        settings.files["keys.json"] = try keys(issuers.values.map { $0 })
        return settings
    }

    private static func keys(_ issuers: [TokenIssuer]) throws -> String {
        "{\"keys\":[\(try issuers.map { try $0.publicKey(id: $0.kind.rawValue) }.joined(separator: ","))]}"
    }

    private static func token(
        _ kind: TokenIssuer.Kind = .es256, subject: String = "alice", audience: String = "pgvalet", life: Int = 300,
        of issuer: TokenIssuer? = nil
    ) throws -> String {
        let claims =
            "{\"iss\":\"https://id.example/\",\"aud\":\"\(audience)\",\"sub\":\"\(subject)\",\"exp\":\(time(nil) + life)}"
        return try (issuer ?? #require(issuers[kind])).token(claims)
    }

    private static func isIn(_ pooler: Pooler, _ token: String, as user: String = "alice") throws -> Bool {
        do {
            let client = try pooler.connect(user: user, ["password": token, "sslmode": "require"])
            return try client.query("select current_user").value == "app"
        } catch let error as PostgresError {
            #expect(error == failure)
            return false
        }
    }

    @Test func `a token lets its user in, and nothing else does`() throws {
        let pooler = try Pooler(Self.settings())
        for kind in TokenIssuer.Kind.allCases { #expect(try Self.isIn(pooler, Self.token(kind))) }
        let good = try Self.token()
        for (token, user, reason) in [
            (good, "bob", "the claim sub names another user"),
            (try Self.token(audience: "another"), "alice", "the token is not for auth_jwt_audience"),
            (try Self.token(life: -61), "alice", "the token has expired"),
            (try Self.token(of: TokenIssuer(.es256)), "alice", "the token's signature is wrong"),
            ("app-secret", "app", "the token is malformed: it has not three parts"),
            (good + String(repeating: "A", count: 20_000), "alice", "the token is malformed"),
        ] {
            #expect(try !Self.isIn(pooler, token, as: user), "\(reason)")
            #expect(pooler.log.contains("password refused: \(reason)"), "\(reason)")
        }
        #expect(!pooler.log.contains(good))
    }

    @Test func `a token is asked for only over TLS`() throws {
        let pooler = try Pooler(Self.settings())
        let token = try Self.token()
        for host in ["127.0.0.1", pooler.directory] {
            #expect(
                throws: PostgresError.fatal(
                    "jwt authentication needs TLS; connect over TCP with sslmode=require or above", "28000")
            ) { try pooler.connect(user: "alice", ["password": token, "host": host]) }
        }
        try pooler.configure { $0.main["client_tls_sslmode"] = "require" }
        pooler.signal(SIGHUP)
        try eventually {
            do { _ = try pooler.connect(user: "alice") } catch let error as PostgresError {
                return error == .fatal("SSL required") && error.hint.contains("sslmode=require")
            }
            return false
        }
    }

    @Test func `keys change with RELOAD, and broken ones stay out`() throws {
        let admin = ["password": try Self.token(subject: "admin"), "sslmode": "require"]
        let (old, new) = (try TokenIssuer(.edDSA), try TokenIssuer(.edDSA))
        let pooler = try Pooler(Self.settings())
        let console = try pooler.connect(user: "admin", database: "pgbouncer", admin)
        try pooler.configure { $0.files["keys.json"] = try? Self.keys([old]) }
        try console.query("RELOAD")
        #expect(try Self.isIn(pooler, Self.token(of: old)))
        #expect(try !Self.isIn(pooler, Self.token()))
        try pooler.configure { $0.files["keys.json"] = "{\"keys\":[" }
        #expect(throws: PostgresError.self) { try console.query("RELOAD") }
        #expect(pooler.log.contains("keys.json: found no JSON at byte 9, expected a JSON Web Key Set (RFC 7517)"))
        #expect(try Self.isIn(pooler, Self.token(of: old)))
        try pooler.configure { $0.files["keys.json"] = try? Self.keys([new]) }
        try console.query("RELOAD")
        #expect(try Self.isIn(pooler, Self.token(of: new)))
        #expect(try !Self.isIn(pooler, Self.token(of: old)))
    }

    @Test func `keys change with the file too`() throws {
        let new = try TokenIssuer(.edDSA)
        let pooler = try Pooler(Self.settings())
        let token = try Self.token(of: new)
        #expect(try !Self.isIn(pooler, token))
        // A broken file changes nothing.
        try pooler.configure { $0.files["keys.json"] = "{\"keys\":[" }
        try eventually { pooler.log.contains("the keys stay as they were") }
        #expect(try Self.isIn(pooler, Self.token()))
        try pooler.configure { $0.files["keys.json"] = try? Self.keys([new]) }
        try eventually { try Self.isIn(pooler, token) }
        #expect(try !Self.isIn(pooler, Self.token()))
    }

    @Test func `a rule may map the name in the token`() throws {
        var settings = try Self.settings([
            "auth_type": "hba", "auth_hba_file": "$directory/hba", "auth_ident_file": "$directory/ident",
        ])
        settings.files["hba"] = "hostssl all all all jwt map=staff\n"
        settings.files["ident"] = "staff \"alice@example.org\" app\n"
        let pooler = try Pooler(settings)
        let token = try Self.token(subject: "alice@example.org")
        let error = #expect(throws: PostgresError.fatal("no authentication method is found", "28000")) {
            try pooler.connect(user: "app", ["password": token])
        }
        #expect(error?.hint == "Connect with sslmode=require or above.")
        #expect(try Self.isIn(pooler, token, as: "app"))
        #expect(try !Self.isIn(pooler, token, as: "alice@example.org"))
        #expect(try !Self.isIn(pooler, Self.token(subject: "app"), as: "app"))
    }

    @Test func `servers take the user's own secret, or what a program prints`() throws {
        var settings = try Self.settings(["password_command": "echo secret"])
        settings.databases = ["*": "$server"]
        let pooler = try Pooler(settings)
        let client = try pooler.connect(
            user: "scram_user", database: "app",
            ["password": try Self.token(subject: "scram_user"), "sslmode": "require"])
        #expect(try client.query("select current_user").value == "scram_user")
    }
}
