import Testing

@testable import PoolerConfig

@Suite struct LoginRuleTests {
    private static let request = HBARequest(peer: .unix, database: "app", user: "bob")

    @Test(
        arguments: [
            (AuthType.any, LoginRule.Method.any), (.trust, .trust), (.plain, .plain), (.md5, .md5),
            (.scramSHA256, .scramSHA256), (.cert, .cert), (.pam, .pam(service: nil)), (.jwt, .jwt),
            (.ldap, .ldap(try? LDAPOptions("ldapserver=o"))),
        ])
    func `auth_type decides by itself`(_ type: AuthType, _ method: LoginRule.Method) {
        var configuration = Configuration()
        configuration.settings.authType = type
        configuration.settings.authLdapOptions = try? LDAPOptions("ldapserver=o")
        configuration.hbaRules = Self.rules("local all all reject")
        #expect(configuration.loginRule(for: Self.request) == LoginRule(method))
    }

    @Test func `With hba the first rule decides, and none refuses`() {
        var configuration = Configuration()
        configuration.settings.authType = .hba
        #expect(configuration.loginRule(for: Self.request).method == .none)
        configuration.hbaRules = Self.rules("host all all all trust\nlocal all bob peer\nlocal all all trust")
        let rule = configuration.loginRule(for: Self.request)
        #expect(rule.method == .peer)
        #expect(rule.location?.line == 2)
    }

    @Test(
        arguments: [
            ("trust", LoginRule.Method.trust), ("reject", .reject), ("md5", .md5), ("password", .plain),
            ("peer", .peer), ("cert", .cert), ("scram-sha-256", .scramSHA256), ("jwt", .jwt),
            ("ldap ldapserver=a", .ldap(try? LDAPOptions("ldapserver=a"))), ("ldap", .ldap(nil)),
            ("pam", .pam(service: nil)), ("pam pamservice=x", .pam(service: "x")),
        ])
    func `Every method of a rule has its meaning`(_ word: String, _ method: LoginRule.Method) {
        var configuration = Configuration()
        configuration.settings.authType = .hba
        configuration.hbaRules = Self.rules("local all all \(word)")
        #expect(configuration.loginRule(for: Self.request).method == method)
    }

    @Test func `A name that is shown is the user's, or its map's`() {
        var configuration = Configuration()
        configuration.identMaps.maps["m"] = [
            IdentMaps.Entry(systemUser: "root", user: "bob"), IdentMaps.Entry(systemUser: "ops", user: nil),
        ]
        #expect(configuration.allows("bob", as: "bob", by: LoginRule(.peer)))
        #expect(!configuration.allows("Bob", as: "bob", by: LoginRule(.peer)))
        #expect(!configuration.allows("root", as: "bob", by: LoginRule(.peer)))
        let mapped = LoginRule(.peer, map: "m")
        #expect(configuration.allows("root", as: "bob", by: mapped))
        #expect(configuration.allows("ops", as: "anyone", by: mapped))
        #expect(!configuration.allows("bob", as: "bob", by: mapped))
        #expect(!configuration.allows("root", as: "alice", by: mapped))
    }

    private static func rules(_ text: String) -> HBARules {
        HBAFile(Array(text.utf8), path: "hba", maps: IdentMaps()) { path throws(FileError) in
            throw FileError(path: path, reason: "none")
        }.rules
    }
}
