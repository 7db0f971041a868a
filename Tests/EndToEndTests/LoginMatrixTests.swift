import Glibc
import PoolerTestSupport
import Testing

/// Every method with every kind of secret, over every kind of connection, under every kind of rule: what comes of it stands in
/// Fixtures/login_matrix.tsv and login_rules.tsv.
@Suite(.pgvaletOnly) struct LoginMatrixTests {
    private static let methods = [
        "trust", "password", "md5", "scram-sha-256", "cert", "peer", "reject", "ldap", "pam", "jwt",
    ]
    /// Those for which there is somebody to ask here.
    private static let testedMethods = methods.filter { method in
        switch method {
        case "ldap": DirectoryServer.isInstalled
        case "pam": PAMService.isPossible
        default: true
        }
    }
    private static let secrets = ["none", "empty", "plain", "md5", "scram"]
    private static let transports = ["plain", "tls", "certificate", "unix"]

    /// By method and secret.
    private static let outcomes = Dictionary(
        uniqueKeysWithValues: Fixture("login_matrix").records.map {
            ("\($0["method"] ?? "")/\($0["secret"] ?? "")", $0)
        })
    private static let rules = Dictionary(
        uniqueKeysWithValues: Fixture("login_rules").records.map { ($0["rule"] ?? "", $0) })

    private static let failures: [String: PostgresError] = [
        "password": .fatal("password authentication failed", "28P01"),
        "ldap": .fatal("LDAP authentication failed", "28P01"),
        "pam": .fatal("PAM authentication failed", "28P01"),
        "sasl": .fatal("SASL authentication failed", "28P01"),
        "trust": .fatal("\"trust\" authentication failed", "28P01"),
        "cert": .fatal("certificate authentication failed", "28000"),
        "peer": .fatal("unix socket login rejected", "28000"),
        "reject": .fatal("login rejected", "28000"),
        "tls": .fatal("jwt authentication needs TLS; connect over TCP with sslmode=require or above", "28000"),
        "no rule": .fatal("no authentication method is found", "28000"),
    ]

    private static let issuer = try? TokenIssuer(.es256)
    private static let directory = try? DirectoryServer()
    private static let service = try? PAMService(
        "pgvalet-test-matrix", "test \"$PAM_TYPE\" = account || test \"$password\" = secret")

    /// What whoever knows it shows.
    private static func proof(_ method: String, of user: String) throws -> String {
        guard method == "jwt" else { return "secret" }
        return try #require(issuer).token("{\"sub\":\"\(user)\",\"exp\":\(time(nil) + 600),\"aud\":\"pgvalet\"}")
    }

    /// The method of a rule with what it needs.
    private static func words(_ method: String) -> String {
        switch method {
        case "cert", "peer": "\(method) map=m"
        case "pam": "pam pamservice=pgvalet-test-matrix"
        case "ldap":
            """
            ldap ldapserver=127.0.0.1 ldapport=\(directory?.port ?? 0) ldapprefix="uid=" \
            ldapsuffix=",ou=people,dc=example,dc=org"
            """
        default: method
        }
    }

    /// One pooler for all rules: each has a database of its own. Servers are logged in to as somebody whom they trust.
    private static func pooler(authType: String) throws -> Pooler {
        let authority = CertificateAuthority.shared
        var settings = PoolerSettings()
        settings.main.merge([
            "auth_type": authType, "auth_hba_file": "$directory/hba", "auth_ident_file": "$directory/ident",
            "client_tls_sslmode": "allow", "client_tls_ca_file": authority.certificate,
            "client_tls_cert_file": CertificateAuthority.localhost.certificate,
            "client_tls_key_file": CertificateAuthority.localhost.key, "auth_failure_limit": "0",
            "max_client_conn": "1000", "auth_jwt_keys": "$directory/keys.json", "auth_jwt_audience": "pgvalet",
        ]) { $1 }
        settings.files["keys.json"] = "{\"keys\":[\(try #require(issuer).publicKey())]}"
        settings.databases = ["*": "$server dbname=app user=app"]
        settings.secrets = ["app": "app-secret"]
        for secret in secrets where secret != "none" { settings.secrets["user_\(secret)"] = try text(secret) }
        settings.files["ident"] = "m app all\nm root all\nm \(try account()) all\n"
        var lines: [String] = []
        for rule in rules.keys where rule != "auth_type" {
            for method in testedMethods {
                let address = rule == "local" ? "" : "all"
                lines.append("\(rule) \(rule)_\(method) all \(address) \(words(method))")
            }
        }
        settings.files["hba"] = lines.joined(separator: "\n") + "\n"
        return try Pooler(settings)
    }

    /// What auth_file holds of a user whose password is `secret`.
    private static func text(_ kind: String) throws -> String {
        switch kind {
        case "plain": "secret"
        case "md5": try Postgres.shared.query("select 'md5' || md5('secret' || 'user_md5')")[0][0] ?? ""
        case "scram":
            try Postgres.shared.query("select rolpassword from pg_authid where rolname = 'scram_user'")[0][0] ?? ""
        default: ""
        }
    }

    private static func account() throws -> String {
        try ChildProcess.run(["id", "-un"]).output.split(separator: "\n").first.map(String.init) ?? ""
    }

    private static func parameters(_ transport: String, _ pooler: Pooler) -> [String: String] {
        let person = CertificateAuthority.app
        return switch transport {
        case "tls": ["sslmode": "require"]
        case "certificate": ["sslmode": "require", "sslcert": person.certificate, "sslkey": person.key]
        case "unix": ["host": pooler.directory]
        default: ["sslmode": "disable"]
        }
    }

    /// What is to come of a login.
    private static func expectation(
        _ rule: String, _ method: String, _ secret: String, _ transport: String, isRight: Bool
    ) -> String {
        guard rules[rule]?[transport] == "yes" else { return "no rule" }
        let outcome = outcomes["\(method)/\(secret)"]?[transport] ?? "missing in the table"
        guard outcome == "in", !isRight else { return outcome }
        switch method {
        // A SCRAM secret turns md5 into SCRAM, which shall not be told by the words.
        case "password", "md5", "jwt": return "password"
        case "ldap", "pam": return method
        case "scram-sha-256": return "sasl"
        default: return outcome
        }
    }

    /// What comes of it, in the table's words.
    private static func outcome(
        _ pooler: Pooler, database: String, user: String, _ more: [String: String], password: String
    ) throws -> String {
        do {
            let client = try pooler.connect(
                user: user, database: database, more.merging(["password": password]) { $1 })
            return try client.query("select 1").value == "1" ? "in" : "no answer"
        } catch let error as PostgresError {
            return failures.first { $0.value == error }?.key ?? "\(error)"
        }
    }

    private static func check(_ pooler: Pooler, rule: String, method: String) throws {
        for secret in secrets {
            for transport in transports {
                for password in [try proof(method, of: "user_\(secret)"), "wrong"] {
                    let expected = expectation(rule, method, secret, transport, isRight: password != "wrong")
                    let found = try outcome(
                        pooler, database: "\(rule)_\(method)", user: "user_\(secret)",
                        parameters(transport, pooler), password: password)
                    #expect(
                        found == expected,
                        "\(rule) \(method), secret \(secret), by \(transport), password \(password): \(found), not \(expected)"
                    )
                }
            }
        }
    }

    @Test func `the table is whole`() {
        #expect(Self.outcomes.count == Self.methods.count * Self.secrets.count)
        for method in Self.methods {
            for secret in Self.secrets { #expect(Self.outcomes["\(method)/\(secret)"] != nil) }
        }
        #expect(Self.rules.count == 5)
    }

    @Test func `every rule does what the table says`() throws {
        _ = Self.service
        let pooler = try Self.pooler(authType: "hba")
        for rule in Self.rules.keys.sorted() where rule != "auth_type" {
            for method in Self.testedMethods { try Self.check(pooler, rule: rule, method: method) }
        }
    }

    @Test(arguments: ["trust", "password", "md5", "scram-sha-256"])
    func `auth_type does what the table says`(method: String) throws {
        let pooler = try Self.pooler(authType: method == "password" ? "plain" : method)
        try Self.check(pooler, rule: "auth_type", method: method)
    }
}
