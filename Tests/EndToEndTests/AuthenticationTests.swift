import PoolerTestSupport
import Testing

/// Who gets in, and with which secret; towards clients and towards servers.
@Suite struct AuthenticationTests {
    /// What auth_file may hold for the password `secret` of user `scram_user` or `md5_user`.
    enum Secret: String, CaseIterable {
        case plain, md5, scram

        /// The role whose secret it is.
        var role: String { self == .scram ? "scram_user" : "md5_user" }

        /// The text for auth_file: what Postgres itself made of the password.
        var text: String {
            get throws {
                if self == .plain { return "secret" }
                let rows = try Postgres.shared.query("select rolpassword from pg_authid where rolname = '\(role)'")
                return rows.first?.first.flatMap { $0 } ?? ""
            }
        }
    }

    /// auth_type, kind of secret, and whether the two go together.
    static let towardsClients: [(String, Secret, Bool)] = [
        ("plain", .plain, true), ("plain", .md5, true), ("plain", .scram, true),
        ("md5", .plain, true), ("md5", .md5, true), ("md5", .scram, true),
        ("scram-sha-256", .plain, true), ("scram-sha-256", .md5, false), ("scram-sha-256", .scram, true),
    ]

    @Test(arguments: towardsClients)
    func `a client gets in with the right password and only with it`(type: String, secret: Secret, fits: Bool) throws {
        let pooler = try Pooler(
            ["auth_type": type], databases: ["app": "$server dbname=app user=app"], secrets: [secret.role: secret.text])
        let failure = PostgresError.notAuthenticated(
            type == "scram-sha-256" ? "SASL authentication failed" : "password authentication failed")
        if fits {
            let client = try pooler.connect(user: secret.role, ["password": "secret"])
            #expect(try client.query("select 1").value == "1")
        } else {
            #expect(throws: failure) { try pooler.connect(user: secret.role, ["password": "secret"]) }
        }
        for wrong in ["Secret", "secret ", "md5", "x"] {
            #expect(throws: failure) { try pooler.connect(user: secret.role, ["password": wrong]) }
        }
    }

    @Test(arguments: ["plain", "md5", "scram-sha-256"])
    func `an unknown user goes through the same exchange as a known one`(type: String) throws {
        let pooler = try Pooler(["auth_type": type])
        func errorOf(_ user: String) -> PostgresError? {
            #expect(throws: PostgresError.self) { try pooler.connect(user: user, ["password": "wrong"]) }
        }
        #expect(errorOf("nobody") == errorOf("app"))
        func requests(_ user: String) throws -> [UInt8]? {
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", user), ("database", "app")]))
            return try client.read().map { Array($0.body.prefix(4)) }
        }
        #expect(try requests("nobody") == requests("app"))
    }

    @Test(arguments: ["plain", "md5", "scram-sha-256"])
    func `an empty password never gets in`(type: String) throws {
        let pooler = try Pooler(["auth_type": type], secrets: ["empty": ""])
        for user in ["app", "empty", "nobody"] {
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", user), ("database", "app")]))
            _ = try client.read()
            try client.send(WireMessage("p", cString("")))
            let last = try client.readToEnd().last
            #expect(last?.type == "E" && last?.error.severity == "FATAL")
        }
    }

    @Test func `trust lets known users in and strangers out`() throws {
        let pooler = try Pooler()
        #expect(try pooler.connect().query("select 1").value == "1")
        #expect(throws: PostgresError.notAuthenticated("\"trust\" authentication failed")) {
            try pooler.connect(user: "nobody")
        }
    }

    @Test func `any lets everyone in as the forced user`() throws {
        let pooler = try Pooler(["auth_type": "any"], databases: ["open": "$server dbname=app user=app"])
        #expect(try pooler.connect(user: "whoever", database: "open").query("select current_user").value == "app")
        #expect(throws: PostgresError.fatal("bouncer config error")) {
            try pooler.connect(user: "whoever", database: "app")
        }
    }

    @Test func `an unknown database is told only to those who may come in`() throws {
        var settings = PoolerSettings()
        settings.main["auth_type"] = "md5"
        settings.databases = ["app": "$server"]
        let pooler = try Pooler(settings)
        #expect(throws: PostgresError.notAuthenticated("password authentication failed")) {
            try pooler.connect(database: "nowhere", ["password": "wrong"])
        }
        #expect(throws: PostgresError.fatal("no such database: nowhere")) {
            try pooler.connect(database: "nowhere", ["password": "app-secret"])
        }
    }

    @Test(arguments: ["clear_user", "md5_user", "scram_user"])
    func `a plain secret opens servers that ask for it in any way`(role: String) throws {
        let pooler = try Pooler(["pool_mode": "transaction"], secrets: [role: "secret"])
        #expect(try pooler.connect(user: role).query("select current_user").value == role)
        let forced = try Pooler(databases: ["app": "$server user=\(role) password=secret"])
        #expect(try forced.connect().query("select current_user").value == role)
    }

    @Test func `an md5 secret opens a server that asks for md5`() throws {
        let pooler = try Pooler(["auth_type": "md5"], secrets: ["md5_user": Secret.md5.text])
        #expect(
            try pooler.connect(user: "md5_user", ["password": "secret"]).query("select current_user").value
                == "md5_user")
    }

    @Test func `SCRAM passes through: the client's key opens the server`() throws {
        let pooler = try Pooler(["auth_type": "scram-sha-256"], secrets: ["scram_user": Secret.scram.text])
        let client = try pooler.connect(user: "scram_user", ["password": "secret"])
        #expect(try client.query("select current_user").value == "scram_user")
        try pooler.console("RECONNECT", password: "admin-secret")
        #expect(try client.query("select current_user").value == "scram_user")
    }

    @Test(arguments: [("md5_user", Secret.scram), ("scram_user", .md5)])
    func `a secret of the wrong kind for the server is told`(role: String, secret: Secret) throws {
        let pooler = try Pooler(secrets: [role: secret.text])
        #expect(throws: PostgresError.fatal("server login failed: wrong password type")) {
            try pooler.connect(user: role).query("select 1")
        }
    }

    @Test(arguments: ["clear_user", "md5_user", "scram_user"])
    func `a wrong password towards the server is told in the server's words`(role: String) throws {
        let pooler = try Pooler(secrets: [role: "wrong"])
        let code = Pooler.isPgvalet ? "28P01" : "08P01"
        #expect(throws: PostgresError.fatal("password authentication failed for user \"\(role)\"", code)) {
            try pooler.connect(user: role).query("select 1")
        }
    }

    @Test(.pgvaletOnly, arguments: ["plain", "md5", "scram-sha-256"])
    func `a user that left auth_file cannot log in after RELOAD`(type: String) throws {
        let pooler = try Pooler(["auth_type": type])
        try pooler.connect(user: "postgres", ["password": "pg-secret"]).query("select 1")
        try pooler.configure { $0.secrets["postgres"] = nil }
        try pooler.console("RELOAD", password: "admin-secret")
        for password in ["pg-secret", "", "x"] {
            #expect(throws: PostgresError.self) { try pooler.connect(user: "postgres", ["password": password]) }
        }
        try pooler.configure { $0.secrets["postgres"] = "new-secret" }
        try pooler.console("RELOAD", password: "admin-secret")
        #expect(try pooler.connect(user: "postgres", ["password": "new-secret"]).query("select 1").value == "1")
    }

    @Test func `no secret is ever logged or told`() throws {
        let pooler = try Pooler(["auth_type": "plain", "verbose": "2"], secrets: ["app": "s3cr3t-of-app"])
        _ = try pooler.connect(["password": "s3cr3t-of-app"]).query("select 1")
        #expect(throws: PostgresError.self) { try pooler.connect(["password": "s3cr3t-but-wrong"]) }
        try pooler.writeIni("[pgbouncer]\nauth_type = s3cr3t\nbroken")
        pooler.signal(1)
        _ = try pooler.connect(["password": "s3cr3t-of-app"]).query("select 1")
        #expect(!pooler.log.contains("s3cr3t-"))
    }
}
