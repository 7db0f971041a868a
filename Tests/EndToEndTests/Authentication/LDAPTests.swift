import Glibc
import PoolerTestSupport
import Testing

/// auth_type = ldap and HBA's ldap, with OpenLDAP's slapd.
@Suite(.pgvaletOnly, .enabled(if: DirectoryServer.isInstalled, "slapd is not installed"))
struct LDAPTests {
    /// One directory for the tests that leave it running.
    private static let directory: DirectoryServer = {
        do { return try DirectoryServer() } catch { fatalError("slapd: \(error)") }
    }()

    private static let people = "ldapprefix=\"uid=\" ldapsuffix=\",ou=people,dc=example,dc=org\""
    private static let search =
        "ldapbasedn=\"dc=example,dc=org\" ldapbinddn=\"cn=reader,dc=example,dc=org\" ldapbindpasswd=reader-secret"
    private static let failure = PostgresError.notAuthenticated("LDAP authentication failed")

    private static func server(_ directory: DirectoryServer = directory) -> String {
        "ldapserver=127.0.0.1 ldapport=\(directory.port)"
    }

    /// A pooler that trusts the tests' authority as an LDAP client.
    private static func pooler(_ options: String, _ more: [String: String] = [:]) throws -> Pooler {
        try Pooler(
            ["auth_type": "ldap", "auth_ldap_options": options].merging(more) { $1 },
            databases: ["app": "$server dbname=app user=app"],
            wrapper: ["env", "LDAPTLS_CACERT=\(CertificateAuthority.shared.certificate)"])
    }

    private static func isIn(_ pooler: Pooler, _ user: String, _ password: String) throws -> Bool {
        do {
            return try pooler.connect(user: user, ["password": password]).query("select current_user").value == "app"
        } catch let error as PostgresError {
            #expect(error == failure)
            return false
        }
    }

    @Test(arguments: [people, search, "\(search) ldapsearchfilter=\"(&(uid=$username)(objectClass=inetOrgPerson))\""])
    func `the directory's password lets its user in, and no other`(options: String) throws {
        let pooler = try Self.pooler("\(Self.server()) \(options)")
        #expect(try Self.isIn(pooler, "alice", "alice-secret"))
        #expect(try Self.isIn(pooler, "bob", "bob-secret"))
        for (user, password) in [
            ("alice", "bob-secret"), ("alice", "wrong"), ("nobody", "alice-secret"), ("alice)(uid=*", "alice-secret"),
            ("*", "alice-secret"), ("al*", "alice-secret"), ("app", "app-secret"),
        ] {
            #expect(try !Self.isIn(pooler, user, password), "\(user)")
        }
        #expect(!pooler.log.contains("reader-secret"))
        #expect(!pooler.log.contains("alice-secret"))
    }

    @Test func `a name is one value of the DN, whatever is in it`() throws {
        let pooler = try Self.pooler("\(Self.server()) \(Self.people)")
        #expect(try Self.isIn(pooler, "a+b, c=d", "odd-secret"))
        // As it is, it would be the name of an entry elsewhere in the tree.
        for user in ["carol,ou=guests", "carol\\2Cou=guests", "bob+cn=Bob", "#04056163657365", "\"alice\""] {
            for password in ["bob-secret", "guest-secret", "alice-secret"] {
                #expect(try !Self.isIn(pooler, user, password), "\(user)")
            }
        }
    }

    @Test func `peer does not wait for a directory that hangs`() throws {
        let directory = try DirectoryServer()
        var settings = PoolerSettings()
        settings.main.merge([
            "auth_type": "hba", "auth_hba_file": "$directory/hba", "auth_ident_file": "$directory/ident",
            "auth_ldap_options": "\(Self.server(directory)) \(Self.people)", "client_login_timeout": "15",
        ]) { $1 }
        settings.databases = ["app": "$server dbname=app user=app"]
        settings.files = ["hba": "host all all all ldap\nlocal all all peer map=m\n", "ident": ""]
        let account = try ChildProcess.run(["id", "-un"]).output.split(separator: "\n").first ?? ""
        settings.files["ident"] = "m \(account) app\n"
        let pooler = try Pooler(settings)
        try directory.stop()
        let waiting = try (0..<12).map { _ in
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", "alice"), ("database", "app")]))
            _ = try client.read()
            try client.send(WireMessage("p", cString("alice-secret")))
            return client
        }
        let client = try pooler.connect(["host": pooler.directory])
        #expect(try client.query("select 1").value == "1")
        // They still wait: this was not their end.
        for client in waiting {
            #expect(throws: (any Error).self) { try client.receiveSome(1, within: .milliseconds(1)) }
        }
        directory.signal(SIGCONT)
    }

    @Test func `an empty password, which a directory takes for no question, is refused`() throws {
        let pooler = try Self.pooler("\(Self.server()) \(Self.people)")
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "alice"), ("database", "app")]))
        _ = try client.read()
        try client.send(WireMessage("p", cString("")))
        #expect(try client.readToEnd().last?.error.severity == "FATAL")
    }

    @Test func `a search that finds two people lets in neither`() throws {
        let pooler = try Self.pooler("\(Self.server()) \(Self.search) ldapsearchattribute=mail")
        #expect(try !Self.isIn(pooler, "people@example.org", "alice-secret"))
        #expect(pooler.log.contains("LDAP knows several such users"))
    }

    @Test func `a directory that tells one of several has not told who it is`() throws {
        /// A result without any words, by the operation's tag and the code.
        @Sendable func done(_ operation: UInt8, _ code: UInt8) -> [UInt8] { [operation, 7, 10, 1, code, 4, 0, 4, 0] }
        @Sendable func message(_ number: UInt8, _ body: [UInt8]) -> [UInt8] {
            [0x30, UInt8(body.count + 3), 2, 1, number] + body
        }
        let dn = Array("uid=alice,dc=x".utf8)
        let entry: [UInt8] = [0x64, UInt8(dn.count + 4), 4, UInt8(dn.count)] + dn + [0x30, 0]
        let isLimited = Shared(false)
        // Every bind is welcome; a search finds alice, and then ends as it should or with sizeLimitExceeded.
        let directory = try ScriptedServer { _, channel in
            for number in UInt8(1)... {
                let request = try channel.receiveSome(1000)
                guard request.count > 5 else { return }
                switch request[5] {
                case 0x60: try channel.send(message(number, done(0x61, 0)))
                case 0x63:
                    try channel.send(
                        message(number, entry) + message(number, done(0x65, isLimited.value ? 4 : 0)))
                default: return
                }
            }
        }
        let pooler = try Self.pooler("ldapserver=127.0.0.1 ldapport=\(directory.port) ldapbasedn=\"dc=x\"")
        #expect(try Self.isIn(pooler, "alice", "any"))
        isLimited.set(true)
        #expect(try !Self.isIn(pooler, "alice", "any"))
        #expect(pooler.log.contains("LDAP knows several such users"))
    }

    @Test func `TLS, by StartTLS, by ldaps and by a URL`() throws {
        let directory = Self.directory
        for options in [
            "\(Self.server()) ldaptls=1 \(Self.people)",
            "ldapserver=127.0.0.1 ldapscheme=ldaps ldapport=\(directory.securePort) \(Self.people)",
            """
            ldapurl="ldaps://127.0.0.1:\(directory.securePort)/ou=people,dc=example,dc=org?uid?one" \
            ldapbinddn="cn=reader,dc=example,dc=org" ldapbindpasswd=reader-secret
            """,
        ] {
            #expect(try Self.isIn(Self.pooler(options), "alice", "alice-secret"), "\(options)")
        }
    }

    @Test func `a directory whose certificate nobody vouches for is not asked`() throws {
        let pooler = try Pooler(
            ["auth_type": "ldap", "auth_ldap_options": "\(Self.server()) ldaptls=1 \(Self.people)"],
            databases: ["app": "$server dbname=app user=app"])
        #expect(try !Self.isIn(pooler, "alice", "alice-secret"))
        #expect(pooler.log.contains("LDAP StartTLS"))
    }

    @Test func `the password opens servers too`() throws {
        let pooler = try Pooler(["auth_type": "ldap", "auth_ldap_options": "\(Self.server()) \(Self.people)"])
        let client = try pooler.connect(user: "scram_user", ["password": "secret"])
        #expect(try client.query("select current_user").value == "scram_user")
    }

    @Test func `a rule has options of its own, or those of the setting`() throws {
        var settings = PoolerSettings()
        settings.main["auth_type"] = "hba"
        settings.main["auth_hba_file"] = "$directory/hba"
        settings.main["auth_ldap_options"] = "\(Self.server()) \(Self.people)"
        settings.databases = ["app": "$server dbname=app user=app", "other": "$server dbname=app user=app"]
        settings.files = [
            "hba": """
            host other all all ldap \(Self.server()) \(Self.search) # with a search
            host all all all ldap

            """
        ]
        let pooler = try Pooler(settings)
        for database in ["app", "other"] {
            let client = try pooler.connect(user: "alice", database: database, ["password": "alice-secret"])
            #expect(try client.query("select 1").value == "1")
            #expect(throws: Self.failure) {
                try pooler.connect(user: "alice", database: database, ["password": "wrong"])
            }
        }
    }

    @Test func `a directory that hangs or is gone costs one login, and nobody else waits`() throws {
        let directory = try DirectoryServer()
        let pooler = try Self.pooler(
            "\(Self.server(directory)) \(Self.people)", ["client_login_timeout": "2", "worker_threads": "1"])
        #expect(try Self.isIn(pooler, "alice", "alice-secret"))
        let inside = try pooler.connect(user: "alice", ["password": "alice-secret"])
        try directory.stop()
        #expect(throws: PostgresError.fatal("client_login_timeout")) {
            try pooler.connect(user: "alice", ["password": "alice-secret"])
        }
        #expect(try inside.query("select 1").value == "1")
        directory.signal(SIGCONT)
        #expect(try Self.isIn(pooler, "alice", "alice-secret"))
        directory.signal(SIGKILL)
        try eventually { try !Self.isIn(pooler, "alice", "alice-secret") }
        try eventually { pooler.log.contains("password could not be checked: LDAP bind: Can't contact LDAP server") }
    }

    @Test func `options that cannot be meant are told, but not the password in them`() throws {
        let pooler = try Pooler()
        try pooler.configure { $0.main["auth_ldap_options"] = "ldapserver=h ldapbindpasswd=s3cr3t ldapbase=x" }
        #expect(throws: PostgresError.self) { try pooler.console("RELOAD") }
        #expect(pooler.log.contains("auth_ldap_options: found an unknown word after ldapbindpasswd"))
        #expect(!pooler.log.contains("s3cr3t"))
        try pooler.configure { $0.main["auth_ldap_options"] = "ldapserver=h ldapbasedn=dc ldapbindpasswd=s3cr3t" }
        try pooler.console("RELOAD")
        #expect(!(try pooler.console("SHOW CONFIG").records.description.contains("s3cr3t")))
    }
}
