import Synchronization

/// A certificate authority of the test's own, made with the openssl command; its files go with it.
public final class CertificateAuthority: Sendable {
    private let home: TemporaryDirectory
    private let name: String
    private let issuing = Mutex(())

    /// One for all tests that need no second.
    public static let shared: CertificateAuthority = {
        do { return try CertificateAuthority() } catch { fatalError("openssl: \(error)") }
    }()

    /// A certificate and its key, as paths of PEM files that Postgres, the pooler and libpq accept.
    public struct Identity: Sendable {
        /// The certificate.
        public let certificate: String
        /// The key.
        public let key: String
    }

    /// Makes a key and a self-signed certificate.
    public init(_ name: String = "Test CA") throws {
        home = try TemporaryDirectory("ca")
        self.name = name
        try ChildProcess.check(
            ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout", home.file("ca.key")]
                + Self.newKey + ["-out", certificate])
        try Account.give(certificate)
    }

    /// The path of its own certificate: what others trust.
    public var certificate: String { home.file("ca.crt") }

    /// Issues a certificate. `alternatives` are subject alternative names, as `DNS:localhost` or `IP:127.0.0.1`;
    /// `key` are the words of `openssl req` for another kind of key, `digest` that of the signature.
    public func issue(
        _ file: String, commonName: String, alternatives: [String] = [], key: [String] = newKey,
        digest: String = "sha256"
    ) throws -> Identity {
        let identity = Identity(certificate: home.file("\(file).crt"), key: home.file("\(file).key"))
        let request = home.file("\(file).csr")
        try ChildProcess.check(
            ["openssl", "req", "-nodes", "-subj", "/CN=\(commonName)", "-keyout", identity.key, "-out", request] + key)
        var command = [
            "openssl", "x509", "-req", "-days", "2", "-\(digest)", "-in", request, "-CA", certificate, "-CAkey",
            home.file("ca.key"), "-CAcreateserial", "-out", identity.certificate,
        ]
        if !alternatives.isEmpty {
            let names = "subjectAltName=\(alternatives.joined(separator: ","))\n"
            command += ["-extfile", try home.write("\(file).ext", names)]
        }
        // The file of serial numbers is everybody's.
        try issuing.withLock { _ in try ChildProcess.check(command) }
        try ChildProcess.check(["chmod", "600", identity.key])
        try Account.give(identity.certificate)
        try Account.give(identity.key)
        return identity
    }

    /// Issues a certificate that is good until then (`date -d` understands it: "now + 10 seconds").
    public func issue(_ file: String, commonName: String, alternatives: [String] = [], until end: String) throws
        -> Identity
    {
        let identity = try issue(file, commonName: commonName)
        let names = alternatives.isEmpty ? "" : "subjectAltName=\(alternatives.joined(separator: ","))\n"
        let settings = try home.write(
            "\(file).cnf",
            """
            [ca]
            default_ca = own
            [own]
            database = \(home.file("\(file).index"))
            rand_serial = yes
            new_certs_dir = \(home.path)
            default_md = sha256
            policy = any
            x509_extensions = names
            [any]
            commonName = supplied
            [names]
            \(names)
            """)
        try home.write("\(file).index", "")
        let command = """
            openssl ca -batch -notext -config \(settings) -in \(home.file("\(file).csr")) \
            -cert \(certificate) -keyfile \(home.file("ca.key")) -startdate 20200101000000Z \
            -enddate $(date -u -d '\(end)' +%Y%m%d%H%M%SZ) -out \(identity.certificate)
            """
        try ChildProcess.check(["sh", "-c", command])
        try Account.give(identity.certificate)
        return identity
    }

    /// A certificate for 127.0.0.1 and localhost.
    public static let localhost: Identity = {
        do {
            return try shared.issue(
                "localhost", commonName: "localhost", alternatives: ["DNS:localhost", "IP:127.0.0.1"])
        } catch { fatalError("openssl: \(error)") }
    }()

    /// A certificate of a person called `app`.
    public static let app: Identity = {
        do { return try shared.issue("app", commonName: "app") } catch { fatalError("openssl: \(error)") }
    }()

    /// P-256.
    public static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
}

extension Postgres {
    /// A server with `ssl = on`, for 127.0.0.1 and localhost, that asks for certificates of the shared authority.
    public static let encrypted: Postgres = {
        do { return try makeEncrypted(CertificateAuthority.localhost) } catch {
            fatalError("Postgres with TLS: \(error)")
        }
    }()

    /// A server with `ssl = on` that shows this certificate.
    public static func makeEncrypted(
        _ identity: CertificateAuthority.Identity, installation: PostgresInstallation = .newest
    ) throws -> Postgres {
        try Postgres(
            settings: [
                "ssl": "on", "ssl_cert_file": identity.certificate, "ssl_key_file": identity.key,
                "ssl_ca_file": CertificateAuthority.shared.certificate,
            ], installation: installation)
    }
}
