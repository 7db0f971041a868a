import PoolerConfig
import Testing

@Suite("HBA rules")
struct HBATests {
    private func file(_ text: String, _ others: [String: String] = [:], maps: String = "") -> HBAFile {
        HBAFile(
            Array(text.utf8), path: "/etc/hba.conf", maps: IdentFile(Array(maps.utf8), path: "ident").maps,
            readFile: Files(others).read)
    }

    private func method(
        _ text: String, _ peer: HBARequest.Peer, _ database: String = "db", _ user: String = "bob",
        replication: Bool = false
    ) -> HBARule.Method? {
        file(text).rules.firstMatch(
            for: HBARequest(peer: peer, database: database, user: user, isPhysicalReplication: replication))?.method
    }

    private func tcp(_ address: String, tls: Bool = false) throws -> HBARequest.Peer {
        .tcp(try #require(IPAddress(address)), tls: tls)
    }

    @Test func `The first match wins, and no match is no way in`() throws {
        let text = "host db bob 10.0.0.0/8 reject\nhost all all 0.0.0.0/0 md5 # all the others\n"
        #expect(try method(text, tcp("10.1.2.3")) == .reject)
        #expect(try method(text, tcp("10.1.2.3"), "db", "eve") == .md5)
        #expect(try method(text, tcp("11.1.2.3")) == .md5)
        #expect(try method(text, tcp("::1")) == nil)
        #expect(method(text, .unix) == nil)
        #expect(method("", .unix) == nil)
    }

    @Test(arguments: [
        ("local all all trust", true, false, false), ("host all all all trust", false, true, true),
        ("hostssl all all all trust", false, false, true), ("hostnossl all all all trust", false, true, false),
    ])
    func `The type is the way in`(rule: String, unix: Bool, plain: Bool, tls: Bool) throws {
        #expect((method(rule, .unix) != nil) == unix)
        #expect(try (method(rule, tcp("1.2.3.4")) != nil) == plain)
        #expect(try (method(rule, tcp("::1", tls: true)) != nil) == tls)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.0.0.0 255.0.0.0", "10.9.9.9", true),
        ("1.2.3.4/32", "1.2.3.4", true), ("1.2.3.4/32", "1.2.3.5", false), ("0.0.0.0/0", "9.9.9.9", true),
        ("::/0", "9.9.9.9", false), ("::/0", "fe80::1", true), ("fe80::/10", "febf::1", true),
        ("fe80::/10", "fec0::1", false),
        ("::1/128", "::1", true), ("10.0.0.5/8", "10.255.0.1", true), ("10.0.0.5/8", "11.0.0.5", false),
        ("10.0.0.5 255.0.0.0", "10.9.9.9", true), ("fe80::7/10", "febf::1", true), ("fe80:: ffff::", "fe80::5", true),
    ])
    func `Addresses match by their bits`(address: String, client: String, matches: Bool) throws {
        #expect(try (method("host all all \(address) trust", tcp(client)) == .trust) == matches)
    }

    @Test func `An IPv4 client on an IPv6 socket is an IPv4 client`() {
        let peer = HBARequest.Peer.tcp(IPAddress(mappedV6: 0xffff_0a01_0203), tls: false)
        #expect(method("host all all 10.0.0.0/8 reject\nhost all all all trust", peer) == .reject)
    }

    @Test(arguments: [
        "host all all samenet reject", "host all +banned all reject", "hostgssenc all all all reject",
        "host all all 10.0.0.0/99 reject", "local all \"bob reject", "local all bob,reject",
        "host all all all reject map=x",
        "local all @banned reject", "local all e\u{301} reject", "local all, bob\treject # these",
    ])
    func `A bad rule that was to keep somebody out is an error`(line: String) {
        let file = file("local x all md5\n\(line)\nlocal all all trust")
        #expect(file.errors.map(\.line) == [2])
        #expect(file.errors.first?.file == "/etc/hba.conf")
        #expect(file.warnings.isEmpty)
        let files = Files([
            "hba": "\(line)\nhost all all all trust", "main.ini": "[pgbouncer]\nauth_type = hba\nauth_hba_file = hba",
        ])
        let error = #expect(throws: ConfigurationError.self) { try files.load() }
        #expect(error?.description.hasPrefix("hba:1: reject: found ") == true)
    }

    @Test func `Words that only contain reject, and comments, are none`() {
        let file = file("local all all md6 # reject\nlocal rejected all md6\n")
        #expect(file.errors.isEmpty)
        #expect(file.warnings.count == 2)
    }

    @Test(arguments: [
        ("all", "db", "bob", true), ("db", "db", "bob", true), ("db", "Db", "bob", false),
        ("x,db,y", "db", "bob", true),
        ("x , db", "db", "bob", true), ("sameuser", "bob", "bob", true), ("sameuser", "db", "bob", false),
        ("\"all\"", "db", "bob", false), ("\"all\"", "all", "bob", true), ("\"a \"\"b\"\"\"", "a \"b\"", "bob", true),
        ("replication", "replication", "bob", false), ("\"replication\"", "replication", "bob", true),
        ("\"a#b\"", "a#b", "bob", true),
    ])
    func `Databases match by name and keyword`(field: String, database: String, user: String, matches: Bool) {
        #expect((method("local \(field) all trust", .unix, database, user) == .trust) == matches)
    }

    @Test(arguments: [
        ("all", "bob", true), ("bob", "bob", true), ("eve,bob", "bob", true), ("Bob", "bob", false),
        ("\"all\"", "bob", false),
        ("replication", "replication", true), ("sameuser", "sameuser", true),
    ])
    func `Users match by name and keyword`(field: String, user: String, matches: Bool) {
        #expect((method("local all \(field) trust", .unix, "db", user) == .trust) == matches)
    }

    @Test func `Physical replication needs its own rule`() {
        #expect(method("local all all trust", .unix, replication: true) == nil)
        #expect(method("local db all trust", .unix, replication: true) == nil)
        #expect(method("local replication all md5", .unix, replication: true) == .md5)
        #expect(method("local replication all md5", .unix) == nil)
    }

    @Test func `Names that are equal only to Unicode do not match`() {
        #expect(method("local all \u{e9} trust", .unix, "db", "\u{e9}") == .trust)
        #expect(method("local all \u{e9} trust", .unix, "db", "e\u{301}") == nil)
        for line in ["local all e\u{301} trust", "local \"e\u{301}\" all trust"] {
            #expect(file(line).rules.rules.isEmpty)
            #expect(file(line).warnings.first?.text.contains("Unicode normalization form C") == true)
        }
    }

    @Test func `Lists come from files beside the rules, blank lines and comments skipped`() {
        let rules = file(
            "local @dbs.txt @\"/lists/users\" trust\n",
            ["/etc/dbs.txt": "# ours\n\na, b\nc # the third\n", "/lists/users": "all"]
        ).rules
        for name in ["a", "b", "c"] {
            #expect(rules.firstMatch(for: HBARequest(peer: .unix, database: name, user: "u")) != nil)
        }
        #expect(rules.firstMatch(for: HBARequest(peer: .unix, database: "d", user: "u")) == nil)
    }

    @Test func `An empty list is a rule that matches nobody`() {
        let file = file("local @e all trust", ["/etc/e": "\n# none\n"])
        #expect(file.rules.rules.count == 1)
        #expect(file.warnings.isEmpty)
        #expect(file.rules.firstMatch(for: HBARequest(peer: .unix, database: "d", user: "u")) == nil)
    }

    @Test(arguments: HBARule.Method.allCases.map(\.rawValue))
    func `Every method is known`(name: String) {
        #expect(method("local all all \(name)", .unix)?.rawValue == name)
    }

    @Test func `A map must exist`() {
        let file = file("local all all peer map=m\nlocal all all peer map=x\nlocal all all peer map=", maps: "m a b")
        #expect(file.rules.rules.map(\.map) == ["m"])
        #expect(file.warnings.map { $0.location?.line } == [2, 3])
    }

    @Test func `LDAP options are the rest of the line`() {
        let rules = file("host all all all ldap ldapserver=\"a, b\" ldapprefix=x#y \n").rules.rules
        #expect(rules.first?.ldapOptions?.text == "ldapserver=\"a, b\" ldapprefix=x#y")
        #expect(rules.first?.ldapOptions?.servers == ["a", "b"])
        let warnings = file("host all all all ldap ldapserver=h ldapbindpasswd=s3cr3t x\n").warnings
        #expect(warnings.map(\.text.count).count == 1)
        #expect(warnings.first?.text.contains("s3cr3t") == false)
    }

    @Test(arguments: [
        "hostgssenc all all all trust", "local all", "local all all", "host all all trust",
        "host all all 10.0.0.0 trust",
        "host all all 10.0.0.0/33 trust", "host all all ::/129 trust", "host all all 10.0.0.0/x trust",
        "host all all 10.0.0.0/+8 trust", "host all all 10.0.0.0 ffff:: trust", "host all all samehost trust",
        "host all all .example.com trust", "local all +group trust", "local all /re trust", "local samerole all trust",
        "local samegroup all trust", "local all all pam pamservice=", "local all all pam pamservice=../x",
        "local all all md5 pamservice=x", "local all all any", "local all all MD5", "LOCAL all all md5",
        "local all all md5 clientcert=1", "local all \"bob trust", "local a, all trust", "local @none all trust",
        "\"local\" all all trust", "local all all \"md5\"", "local , all trust", "include x", "local all all trust,md5",
        "host all all 1.2.3.4/5/6 trust",
    ])
    func `A bad rule is a warning, and the rules around it hold`(line: String) {
        let file = file("local x all md5\n\(line)\nlocal y all md5")
        #expect(file.rules.rules.count == 2)
        #expect(file.warnings.count == 1)
        #expect(file.warnings.first?.location == SourceLocation(file: "/etc/hba.conf", line: 2))
    }

    @Test func `A list within a list is refused`() {
        #expect(file("local @a all trust", ["/etc/a": "@a"]).rules.rules.isEmpty)
    }
}

@Suite("Ident maps")
struct IdentTests {
    private let file = IdentFile(
        Array("# maps\nm  alice  bob\nm alice carol\nm \"x y\" \"all\"\nn root all\nm /re.* dave\n".utf8), path: "ident"
    )

    @Test(arguments: [
        ("m", "alice", "bob", true), ("m", "alice", "carol", true), ("m", "alice", "dave", false),
        ("m", "Alice", "bob", false),
        ("m", "x y", "all", true), ("m", "x y", "bob", false), ("n", "root", "anyone", true),
        ("n", "alice", "bob", false),
        ("m", "/re.*", "dave", true), ("m", "/rex", "dave", false), ("none", "alice", "bob", false),
    ])
    func `A map says who may be whom`(map: String, systemUser: String, user: String, allowed: Bool) {
        #expect(file.warnings.isEmpty)
        #expect(file.maps.allows(systemUser: systemUser, as: user, by: map) == allowed)
    }

    @Test(arguments: ["m a", "m", "m a b c", "m a,b c", "m \"a b", "m a e\u{301}"])
    func `A bad line is a warning, and the others hold`(line: String) {
        let file = IdentFile(Array("m a b\n\(line)\nm c d".utf8), path: "ident")
        #expect(file.warnings.map { $0.location?.line } == [2])
        #expect(file.maps.maps["m"]?.count == 2)
    }
}

@Suite("IP addresses")
struct IPAddressTests {
    @Test(arguments: [
        ("1.2.3.4", IPAddress.v4(0x0102_0304)), ("255.255.255.255", .v4(.max)), ("::", .v6(0)), ("::1", .v6(1)),
        ("1::", .v6(1 << 112)), ("1:2:3:4:5:6:7:8", .v6(0x0001_0002_0003_0004_0005_0006_0007_0008)),
        ("fe80::a:B", .v6(0xfe80 << 112 | 0xa_000b)), ("::ffff:1.2.3.4", .v6(0xffff_0102_0304)),
        ("1:2:3:4:5:6:7::", .v6(0x0001_0002_0003_0004_0005_0006_0007_0000)),
        ("::2:3:4:5:6:7:8", .v6(0x0000_0002_0003_0004_0005_0006_0007_0008)),
    ])
    func `Text forms are read`(text: String, address: IPAddress) {
        #expect(IPAddress(text) == address)
    }

    @Test(arguments: [
        "", ".", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.-4", "1.2.3.0004", "a.b.c.d", ":", ":::", "1::2::3", "1:2:3",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", ":1", "1:", "::1.2.3", "1.2.3.4::", "fe80::1%eth0",
    ])
    func `What is no address is none`(text: String) {
        #expect(IPAddress(text) == nil)
    }
}
