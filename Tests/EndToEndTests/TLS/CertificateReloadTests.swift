import PoolerTestSupport
import Testing

/// RELOAD of certificates, and session tickets over it.
@Suite struct CertificateReloadTests {
    @Test func `a new certificate is shown to new clients, and nobody is dropped`() throws {
        let pooler = try Pooler(clientTLS("require"))
        let old = try pooler.connect(["sslmode": "verify-full", "sslrootcert": CertificateAuthority.shared.certificate])
        let authority = try CertificateAuthority("Next CA")
        let next = try authority.issue("next", commonName: "localhost", alternatives: ["IP:127.0.0.1"])
        try pooler.reload {
            $0.main["client_tls_cert_file"] = next.certificate
            $0.main["client_tls_key_file"] = next.key
        }
        #expect(try old.query("select 'still here'").value == "still here")
        let new = try pooler.connect(["sslmode": "verify-full", "sslrootcert": authority.certificate])
        #expect(try new.query("select 1").value == "1")
        #expect(throws: PostgresError.self) {
            try pooler.connect(["sslmode": "verify-full", "sslrootcert": CertificateAuthority.shared.certificate])
        }
    }

    @Test func `a certificate that cannot be used fails the whole RELOAD`() throws {
        let pooler = try Pooler(clientTLS("require", ["query_wait_timeout": "77"]))
        try pooler.configure {
            $0.main["client_tls_key_file"] = CertificateAuthority.app.key
            $0.main["query_wait_timeout"] = "5"
        }
        #expect(throws: PostgresError.self) {
            try pooler.connect(user: "admin", database: "pgbouncer", ["sslmode": "require"]).query("RELOAD")
        }
        #expect(pooler.log.contains("TLS setup failed: client_tls_key_file"))
        let trusted = ["sslmode": "verify-full", "sslrootcert": CertificateAuthority.shared.certificate]
        #expect(try pooler.connect(trusted).query("select 1").value == "1")
        let console = try pooler.connect(user: "admin", database: "pgbouncer", ["sslmode": "require"])
        #expect(try console.query("SHOW CONFIG").rows.first { $0[0] == "query_wait_timeout" }?[1] == "77")
    }

    @Test func `a client that resumes its session gets a ticket for the next time`() throws {
        let pooler = try Pooler(clientTLS("prefer"))
        let directory = try TemporaryDirectory("session")
        let options = "-starttls postgres -tls1_3"
        _ = try openSSLClient(pooler, "\(options) -sess_out \(directory.file("1"))")
        for number in 1...2 {
            let output = try openSSLClient(
                pooler,
                "\(options) -sess_in \(directory.file("\(number)")) -sess_out \(directory.file("\(number + 1)"))")
            #expect(output.contains("Reused, "))
        }
    }

    @Test(arguments: ["-tls1_3", "-tls1_2"])
    func `a session is resumed over a RELOAD and on every worker, but not under another certificate`(version: String)
        throws
    {
        let pooler = try Pooler(clientTLS("prefer", ["worker_threads": "2"]))
        let directory = try TemporaryDirectory("session")
        let options = "-starttls postgres \(version)"
        _ = try openSSLClient(pooler, "\(options) -sess_out \(directory.file("ticket"))")
        let resume = { try openSSLClient(pooler, "\(options) -sess_in \(directory.file("ticket"))") }
        for _ in 0..<4 { #expect(try resume().contains("Reused, ")) }
        try pooler.reload { $0.main["query_wait_timeout"] = "5" }
        #expect(try resume().contains("Reused, "))
        try pooler.reload {
            $0.main["client_tls_cert_file"] = CertificateAuthority.app.certificate
            $0.main["client_tls_key_file"] = CertificateAuthority.app.key
        }
        let output = try resume()
        #expect(output.contains("New, TLS"))
        #expect(!output.contains("Reused, "))
    }

    /// Waits until a certificate is not good any more.
    private static func waitForEnd(of identity: CertificateAuthority.Identity) throws {
        try eventually("the certificate's end", within: .seconds(60)) {
            try ChildProcess.run(["openssl", "x509", "-checkend", "0", "-in", identity.certificate]).output
                .contains("will expire")
        }
    }

    @Test(arguments: ["-tls1_3", "-tls1_2"])
    func `a client whose certificate has expired does not come in by a ticket`(version: String) throws {
        let authority = CertificateAuthority.shared
        let person = try authority.issue("brief\(version)", commonName: "app", until: "now + 12 seconds")
        let pooler = try Pooler(clientTLS("verify-full", ["client_tls_ca_file": authority.certificate]))
        let directory = try TemporaryDirectory("session")
        let options = "-starttls postgres \(version) -cert \(person.certificate) -key \(person.key)"
        _ = try openSSLClient(pooler, "\(options) -sess_out \(directory.file("ticket"))")
        let resume = { try openSSLClient(pooler, "\(options) -sess_in \(directory.file("ticket"))") }
        #expect(try resume().contains("Reused, "))
        try Self.waitForEnd(of: person)
        #expect(try !resume().contains("Reused, "))
        try eventually { pooler.log.contains("certificate not accepted: certificate has expired") }
    }
}
