import Testing

@testable import PoolerConfig

@Suite struct LDAPOptionsTests {
    @Test func `a simple bind has a prefix and a suffix`() throws {
        let options = try LDAPOptions(
            #"ldapserver="one two:3389" ldapprefix="uid=" ldapsuffix=", ou=people, dc=example" ldaptls=1"#)
        #expect(options.servers == ["one", "two:3389"])
        #expect(options.port == 389)
        #expect(options.protection == .startTLS)
        #expect(options.mode == .bind(prefix: "uid=", suffix: ", ou=people, dc=example"))
        #expect(try LDAPOptions("ldapserver=h").mode == .bind(prefix: "", suffix: ""))
        #expect(
            try LDAPOptions("ldapserver=h ldapsuffix=@corp.example # a comment").mode
                == .bind(prefix: "", suffix: "@corp.example"))
    }

    @Test func `a search has a base, an account and a filter`() throws {
        let options = try LDAPOptions(
            #"ldapserver=h, ldapscheme=ldaps,ldapbasedn="dc=example" ldapbinddn="cn=reader" ldapbindpasswd="a ""b"", c" ldapsearchattribute=mail"#
        )
        #expect(options.port == 636)
        #expect(options.protection == .ldaps)
        #expect(
            options.mode
                == .search(
                    LDAPOptions.Search(
                        base: "dc=example", bindName: "cn=reader", bindPassword: #"a "b", c"#,
                        filter: "(mail=$username)")))
        guard
            case .search(let search) = try LDAPOptions(
                #"ldapserver=h ldapbasedn=dc ldapport=1389 ldapsearchfilter="(|(uid=$username)(mail=$username))""#
            ).mode
        else { return #expect(Bool(false)) }
        #expect(search.filter == "(|(uid=$username)(mail=$username))")
        #expect(try LDAPOptions("ldapbasedn=dc=x").servers == [])
        guard case .search(let plain) = try LDAPOptions("ldapbasedn=dc").mode else { return #expect(Bool(false)) }
        #expect(plain == LDAPOptions.Search(base: "dc", filter: "(uid=$username)"))
    }

    @Test(
        arguments: [
            ("ldap://h", ["h"], 389, nil),
            ("ldaps://h:1636/dc=x%2Cdc=y?mail?one", ["h"], 1636, "dc=x,dc=y (mail=$username) one"),
            ("ldap://[::1]:1389/dc=x?uid?base?", ["[::1]"], 1389, "dc=x (uid=$username) base"),
            ("ldap://h/dc=x??sub?(cn=$username)", ["h"], 389, "dc=x (cn=$username) subtree"),
            ("LDAP:///dc=x", [], 389, "dc=x (uid=$username) subtree"),
        ] as [(String, [String], Int, String?)])
    func `a URL says the same`(url: String, servers: [String], port: Int, search: String?) throws {
        let options = try LDAPOptions("ldapurl=\"\(url)\"")
        #expect(options.servers == servers)
        #expect(options.port == port)
        switch options.mode {
        case .bind: #expect(search == nil)
        case .search(let found): #expect("\(found.base) \(found.filter) \(found.scope)" == search)
        }
    }

    @Test(arguments: [
        ("", "no LDAP server"), ("ldapprefix=x", "no LDAP server"), ("ldapserver", "an unknown word"),
        ("ldapserver=h ldapsufix=x", "an unknown word after ldapserver"),
        ("ldapserver= h", "an unknown word after ldapserver"),
        ("ldapserver=h ldapbasedn=dc=a,dc=s3cr3t", "an unknown word after ldapbasedn, whose value may need quotes"),
        ("ldapserver=h ldapbindpasswd=\"s3cr3t", "ldapbindpasswd with a quote that is not closed"),
        ("ldapserver=\"h\"s3cr3t", "ldapserver with a quote that is not closed"),
        ("ldapserver=h ldapserver=h", "ldapserver twice"), ("ldapserver=h ldapport=0", "\"0\""),
        ("ldapserver=h ldapport=x", "\"x\""),
        ("ldapserver=h ldapscheme=http", "ldapscheme \"http\""), ("ldapserver=h ldaptls=yes", "another ldaptls"),
        ("ldapserver=h ldapscheme=ldaps ldaptls=1", "ldaptls=1 with ldaps"),
        ("ldapserver=h ldapprefix=a ldapbasedn=b", "ldapprefix or ldapsuffix together with a search"),
        ("ldapserver=h ldapbinddn=a", "a search without ldapbasedn"),
        (
            "ldapserver=h ldapbasedn=b ldapsearchattribute=u ldapsearchfilter=f",
            "ldapsearchattribute and ldapsearchfilter"
        ),
        ("ldapserver=h ldapbasedn=b ldapsearchattribute=u)(x", "an attribute with other characters"),
        ("ldapurl=http://h/", "an ldapurl with another scheme"), ("ldapurl=h", "an ldapurl with no scheme"),
        ("ldapurl=ldap://h:0/", "an ldapurl with a bad port"),
        ("ldapurl=ldap://h/%zz", "an ldapurl with a bad % escape"),
        ("ldapurl=ldap://h/x??some", "an ldapurl with another scope"),
        ("ldapurl=ldap://h/x?a?sub?f?e", "an ldapurl with extensions"),
        ("ldapserver=h ldapsuffix=" + String(repeating: "x", count: 1024), "1048 bytes of LDAP options"),
    ])
    func `what cannot be meant is an error without secrets`(text: String, found: String) {
        let error = #expect(throws: ValueError.self) { try LDAPOptions(text) }
        #expect(error?.found.hasPrefix(found) == true, "\(error?.found ?? "")")
        #expect(error?.found.contains("s3cr3t") == false)
    }
}
