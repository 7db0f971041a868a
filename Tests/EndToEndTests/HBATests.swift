import Glibc
import PoolerTestSupport
import Testing

/// auth_type = hba: the rule decides how a client logs in.
@Suite(.pgvaletOnly) struct HBATests {
    private static func pooler(
        _ rules: String, ident: String = "", secrets: [String: String] = [:], more: [String: String] = [:]
    ) throws -> Pooler {
        var settings = PoolerSettings()
        settings.main["auth_type"] = "hba"
        settings.main["auth_hba_file"] = "$directory/hba"
        settings.main["auth_ident_file"] = "$directory/ident"
        settings.main.merge(more) { $1 }
        settings.secrets.merge(secrets) { $1 }
        settings.databases = ["*": "$server", "other": "$server dbname=app user=app"]
        settings.files = ["hba": "host pgbouncer admin all trust\n" + rules + "\n", "ident": ident]
        return try Pooler(settings)
    }

    private static func connect(_ pooler: Pooler, _ user: String = "app", _ more: [String: String] = [:]) throws {
        #expect(try pooler.connect(user: user, more).query("select 1").value == "1")
    }

    private static func refused(
        _ code: String, _ text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        #expect(throws: PostgresError.fatal(text, code), sourceLocation: sourceLocation, performing: body)
    }

    @Test func `the first rule that fits decides`() throws {
        let pooler = try Self.pooler(
            """
            # By address, database and user.
            host  all postgres 10.0.0.0/8   trust
            host  other all    127.0.0.0/8  reject
            host  all postgres 127.0.0.1/32 scram-sha-256
            host  all app      127.0.0.1 255.255.255.255 trust
            local all app                   md5
            """)
        try Self.connect(pooler)
        Self.refused("28P01", "SASL authentication failed") {
            try Self.connect(pooler, "postgres", ["password": "wrong"])
        }
        try Self.connect(pooler, "postgres", ["password": "pg-secret"])
        Self.refused("28000", "login rejected") { try Self.connect(pooler, "app", ["dbname": "other"]) }
        Self.refused("28000", "no authentication method is found") { try Self.connect(pooler, "stranger") }
        Self.refused("28P01", "password authentication failed") {
            try Self.connect(pooler, "app", ["host": pooler.directory, "password": "wrong"])
        }
        try Self.connect(pooler, "app", ["host": pooler.directory, "password": "app-secret"])
        #expect(pooler.log.contains("login rejected by the rule at \(pooler.directory)/hba:4"))
    }

    @Test func `who comes in without a password does not take from others what their servers log in with`() throws {
        let pooler = try Self.pooler(
            "local all all trust\nhost all all all scram-sha-256", more: ["pool_mode": "transaction"])
        let client = try pooler.connect(["password": "app-secret"])
        try client.query("select 1")
        try Self.connect(pooler, "app", ["host": pooler.directory])
        try pooler.console("RECONNECT")
        #expect(try client.query("select 'fine'").value == "fine")
    }

    @Test func `a list may be in a file of its own`() throws {
        var settings = PoolerSettings()
        settings.main["auth_type"] = "hba"
        settings.main["auth_hba_file"] = "$directory/hba"
        settings.files = ["hba": "host all @people all trust\n", "people": "# those\n\napp, admin\n"]
        let pooler = try Pooler(settings)
        try Self.connect(pooler)
        Self.refused("28000", "no authentication method is found") { try Self.connect(pooler, "postgres") }
    }

    @Test func `peer lets the account's own user in, or those of its map`() throws {
        let account = Account.isRoot ? "root" : try Self.accountName()
        let rules = """
            local all mapped,app peer map=m
            local all all peer
            host all all all peer
            """
        let pooler = try Self.pooler(
            rules, ident: "m \(account) app\n", secrets: [account: "x", "mapped": "x"])
        let unix = ["host": pooler.directory]
        try Self.connect(pooler, "app", unix)
        // Known to the pooler, if not to Postgres: the console needs no server.
        #expect(throws: PostgresError.fatal("not allowed")) {
            try pooler.connect(user: account, database: "pgbouncer", unix)
        }
        Self.refused("28000", "unix socket login rejected") { try Self.connect(pooler, "mapped", unix) }
        Self.refused("28000", "unix socket login rejected") { try Self.connect(pooler, "postgres", unix) }
        Self.refused("28000", "unix socket login rejected") { try Self.connect(pooler, "app") }
        try pooler.configure { $0.main["admin_users"] = "admin, \(account)" }
        try pooler.console("RELOAD")
        #expect(try pooler.connect(user: account, database: "pgbouncer", unix).query("SHOW VERSION").value != nil)
    }

    private static func accountName() throws -> String {
        guard let entry = unsafe getpwuid(getuid()) else { throw SystemError("no account has our number") }
        return unsafe String(cString: entry.pointee.pw_name)
    }

    @Test func `cert lets in whom the certificate names, or its map`() throws {
        let authority = CertificateAuthority.shared
        let tls = [
            "client_tls_sslmode": "allow", "client_tls_ca_file": authority.certificate,
            "client_tls_cert_file": CertificateAuthority.localhost.certificate,
            "client_tls_key_file": CertificateAuthority.localhost.key,
        ]
        let pooler = try Self.pooler(
            """
            hostssl all postgres all cert map=m
            hostssl all all all cert
            hostnossl all all all cert
            """, ident: "m app postgres\n", more: tls)
        func identity(_ of: CertificateAuthority.Identity) -> [String: String] {
            ["sslmode": "require", "sslcert": of.certificate, "sslkey": of.key]
        }
        let app = identity(CertificateAuthority.app)
        try Self.connect(pooler, "app", app)
        try Self.connect(pooler, "postgres", app)
        Self.refused("28000", "certificate authentication failed") { try Self.connect(pooler, "stats", app) }
        Self.refused("28000", "certificate authentication failed") { try Self.connect(pooler, "stranger", app) }
        Self.refused("28000", "certificate authentication failed") {
            try Self.connect(pooler, "app", ["sslmode": "require"])
        }
        Self.refused("28000", "certificate authentication failed") {
            try Self.connect(pooler, "app", ["sslmode": "disable"])
        }
        // Another case of the name, and a name among the alternatives only, are other people.
        for (file, name, alternatives) in [("upper", "APP", []), ("other", "x", ["DNS:app"])] {
            let issued = try authority.issue(file, commonName: name, alternatives: alternatives)
            Self.refused("28000", "certificate authentication failed") {
                try Self.connect(pooler, "app", identity(issued))
            }
        }
    }

    @Test func `auth_type = cert needs verify-full`() throws {
        var settings = PoolerSettings()
        settings.main["auth_type"] = "cert"
        #expect(throws: (any Error).self) { try Pooler(settings) }
        let authority = CertificateAuthority.shared
        settings.main.merge([
            "client_tls_sslmode": "verify-full", "client_tls_ca_file": authority.certificate,
            "client_tls_cert_file": CertificateAuthority.localhost.certificate,
            "client_tls_key_file": CertificateAuthority.localhost.key,
        ]) { $1 }
        let pooler = try Pooler(settings)
        let app = CertificateAuthority.app
        try Self.connect(
            pooler, "app", ["sslmode": "require", "sslcert": app.certificate, "sslkey": app.key])
    }

    @Test func `RELOAD takes new rules, or leaves the old ones whole`() throws {
        let pooler = try Self.pooler("host all app all trust")
        try Self.connect(pooler)
        try pooler.reload { $0.files["hba"] = "host all app all md5\nhost pgbouncer admin all trust\n" }
        Self.refused("28P01", "password authentication failed") { try Self.connect(pooler, "app", ["password": "x"]) }
        // A file that is gone: nothing changes, not even what else is new.
        try pooler.configure {
            $0.main["auth_hba_file"] = "$directory/missing"
            $0.secrets["app"] = "new"
        }
        #expect(throws: PostgresError.self) { try pooler.console("RELOAD") }
        #expect(pooler.log.contains("auth_hba_file: found a file that cannot be read"))
        try Self.connect(pooler, "app", ["password": "app-secret"])
        // A bad line is told with its place, and left out.
        try pooler.reload {
            $0.main["auth_hba_file"] = "$directory/hba"
            $0.files["hba"] = "host all app all tru5t\nhost all all all trust\n"
        }
        #expect(pooler.log.contains("/hba:1: could not parse hba config line 1, the rule is not used"))
        try Self.connect(pooler)
    }

    @Test func `SET auth_type = hba reads the rules`() throws {
        var settings = PoolerSettings()
        settings.main["auth_hba_file"] = "$directory/hba"
        settings.files["hba"] = "host pgbouncer all all trust\nhost all app all reject\n"
        let pooler = try Pooler(settings)
        try Self.connect(pooler)
        try pooler.console("SET auth_type = 'hba'")
        Self.refused("28000", "login rejected") { try Self.connect(pooler) }
        #expect(throws: PostgresError.self) { try pooler.console("SET auth_hba_file = '/nowhere'") }
        Self.refused("28000", "login rejected") { try Self.connect(pooler) }
    }
}
