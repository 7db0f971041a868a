import Glibc
import Testing

/// A throwaway LDAP server: OpenLDAP's slapd with a small directory of its own, gone afterwards.
///
/// Below `dc=example,dc=org`: people `alice` and `bob` (passwords `alice-secret`, `bob-secret`) in `ou=people`, who share one mail
/// address, `scram_user` with the password that Postgres knows too, `a+b, c=d` (`odd-secret`), `carol` in
/// `ou=guests,ou=people` (`guest-secret`), `cn=reader` (`reader-secret`), and
/// the users of the login matrix. Nobody else may search.
public final class DirectoryServer: Sendable {
    /// The port for LDAP and StartTLS on 127.0.0.1.
    public let port: Int
    /// The port for LDAP over TLS.
    public let securePort: Int
    private let home: TemporaryDirectory
    private let process: ChildProcess

    /// Whether slapd is installed.
    public static let isInstalled = unsafe access(program, X_OK) == 0

    private static let program = "/usr/sbin/slapd"

    /// Starts one, and waits until it answers.
    public init() throws {
        home = try TemporaryDirectory("directory")
        (port, securePort) = (try FreePort.take(), try FreePort.take())
        let data = home.file("data")
        try ChildProcess.check(["mkdir", data])
        try Account.give(data)
        let configuration = try home.write("slapd.conf", Self.configuration(data: data))
        let entries = try home.write("entries.ldif", Self.entries)
        try ChildProcess.check(Account.prefix + ["/usr/sbin/slapadd", "-f", configuration, "-l", entries])
        let urls = "ldap://127.0.0.1:\(port)/ ldaps://127.0.0.1:\(securePort)/"
        process = try ChildProcess(
            Account.prefix + [Self.program, "-h", urls, "-f", configuration, "-d", "0"], output: home.file("log"))
        let deadline = Deadline(patience)
        while (try? ChildProcess.check(["ldapwhoami", "-x", "-H", "ldap://127.0.0.1:\(port)/"])) == nil {
            if deadline.isOver || process.ended != nil { throw SystemError("slapd does not answer: \(log)") }
            usleep(20_000)
        }
    }

    /// What it has logged.
    public var log: String { readFile(home.file("log")) }

    /// Sends it a signal.
    public func signal(_ number: Int32) { process.signal(number) }

    /// Stops it until SIGCONT. When this returns, none of its threads runs any more.
    public func stop() throws {
        process.signal(SIGSTOP)
        try eventually { ProcessFigures(pid: process.pid).isStopped }
    }

    deinit {
        process.signal(SIGKILL)
        _ = try? process.wait()
    }

    private static func configuration(data: String) -> String {
        """
        include /etc/ldap/schema/core.schema
        include /etc/ldap/schema/cosine.schema
        include /etc/ldap/schema/inetorgperson.schema
        TLSCACertificateFile \(CertificateAuthority.shared.certificate)
        TLSCertificateFile \(CertificateAuthority.localhost.certificate)
        TLSCertificateKeyFile \(CertificateAuthority.localhost.key)
        allow bind_anon_cred bind_anon_dn
        database ldif
        suffix "dc=example,dc=org"
        directory \(data)
        access to attrs=userPassword by anonymous auth by * none
        access to * by dn.exact="cn=reader,dc=example,dc=org" read by * none

        """
    }

    private static let entries = """
        dn: dc=example,dc=org
        objectClass: dcObject
        objectClass: organization
        dc: example
        o: Example

        dn: ou=people,dc=example,dc=org
        objectClass: organizationalUnit
        ou: people

        dn: cn=reader,dc=example,dc=org
        objectClass: organizationalRole
        objectClass: simpleSecurityObject
        cn: reader
        userPassword: reader-secret

        dn: uid=alice,ou=people,dc=example,dc=org
        objectClass: inetOrgPerson
        uid: alice
        cn: Alice
        sn: A
        mail: people@example.org
        userPassword: alice-secret

        dn: uid=bob,ou=people,dc=example,dc=org
        objectClass: inetOrgPerson
        uid: bob
        cn: Bob
        sn: B
        mail: people@example.org
        userPassword: bob-secret

        dn: uid=a\\+b\\, c\\=d,ou=people,dc=example,dc=org
        objectClass: inetOrgPerson
        uid: a+b, c=d
        cn: Odd
        sn: O
        userPassword: odd-secret

        dn: ou=guests,ou=people,dc=example,dc=org
        objectClass: organizationalUnit
        ou: guests

        dn: uid=carol,ou=guests,ou=people,dc=example,dc=org
        objectClass: inetOrgPerson
        uid: carol
        cn: Carol
        sn: G
        userPassword: guest-secret

        dn: uid=scram_user,ou=people,dc=example,dc=org
        objectClass: inetOrgPerson
        uid: scram_user
        cn: Scram
        sn: S
        userPassword: secret


        """
        + ["none", "empty", "plain", "md5", "scram"].map { kind in
            """
            dn: uid=user_\(kind),ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            uid: user_\(kind)
            cn: \(kind)
            sn: U
            userPassword: secret


            """
        }.joined()
}
