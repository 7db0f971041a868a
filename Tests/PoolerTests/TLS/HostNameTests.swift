import Glibc
import PoolerConfig
import PoolerTestSupport
import Testing

@testable import Pooler

/// Which certificate proves that a server is the one that was configured (RFC 6125): both ends of TLS, over a socket pair.
@Suite struct HostNameTests {
    /// The certificate's common name and alternatives, the host asked for, and whether they fit under verify-full.
    static let table: [(commonName: String, names: [String], host: String, fits: Bool)] = [
        ("x", ["DNS:*.example.com"], "db.example.com", true),
        ("x", ["DNS:*.example.com"], "DB.Example.Com", true),
        ("x", ["DNS:*.example.com"], "db.example.com.", true),
        ("x", ["DNS:*.example.com"], "a.db.example.com", false),
        ("x", ["DNS:*.example.com"], "example.com", false),
        ("x", ["DNS:*.example.com"], ".example.com", false),
        ("x", ["DNS:d*.example.com"], "db.example.com", false),
        ("x", ["DNS:*b.example.com"], "db.example.com", false),
        ("x", ["DNS:db.*.com"], "db.example.com", false),
        ("x", ["DNS:*.*.com"], "db.example.com", false),
        ("x", ["DNS:*"], "db", false),
        ("db.example.com", [], "db.example.com", true),
        ("*.example.com", [], "db.example.com", true),
        ("db.example.com", ["DNS:other.example.com"], "db.example.com", false),
        ("db.example.com", ["IP:192.0.2.1"], "192.0.2.1", true),
        ("x", ["IP:192.0.2.1"], "192.0.2.2", false),
        ("192.0.2.1", [], "192.0.2.1", false),
        ("x", ["DNS:192.0.2.1"], "192.0.2.1", false),
        ("x", ["IP:2001:db8::1"], "2001:db8::1", true),
        ("x", ["IP:2001:db8::1"], "2001:0db8:0:0::1", true),
        ("x", ["IP:2001:db8::1"], "2001:db8::2", false),
    ]

    private static func makeClientContext() throws -> TLSContext {
        var settings = Settings()
        settings.serverTlsSslmode = .verifyFull
        settings.serverTlsCaFile = CertificateAuthority.shared.certificate
        return try TLSContext(TLSParameters(serverSideOf: settings), .connecting)
    }

    private static func serverContext(_ identity: CertificateAuthority.Identity) throws -> TLSContext {
        var settings = Settings()
        settings.clientTlsSslmode = .require
        settings.clientTlsCertFile = identity.certificate
        settings.clientTlsKeyFile = identity.key
        return try TLSContext(TLSParameters(clientSideOf: settings), .accepting(TicketKeys()))
    }

    /// Whether a client that expects this host shakes hands with the server.
    private static func shakesHands(_ server: TLSContext, host: String) throws -> Bool {
        var pair: [Int32] = [0, 0]
        try #require(
            unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
        defer { for descriptor in pair { close(descriptor) } }
        let accepting = try TLSStream(server, .accepting(demandsALPN: false), descriptor: pair[0])
        let connecting: TLSStream
        do throws(TLSError) {
            connecting = try TLSStream(
                clientContext, .connecting(host: host, session: nil, demandsALPN: false), descriptor: pair[1])
        } catch {
            return false
        }
        connecting.begin()
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        for _ in 0..<20 where !connecting.isEstablished && connecting.failure == nil {
            for (stream, descriptor) in [(accepting, pair[0]), (connecting, pair[1])] {
                _ = unsafe block.withUnsafeMutableBytes { unsafe stream.receive(descriptor, into: $0) }
            }
        }
        try #require(connecting.isEstablished != (connecting.failure != nil))
        return connecting.isEstablished
    }

    private static let clientContext: TLSContext = {
        do { return try makeClientContext() } catch { fatalError("\(error)") }
    }()

    @Test(arguments: Array(table.enumerated()))
    func `A certificate fits a host, or not`(
        number: Int, row: (commonName: String, names: [String], host: String, fits: Bool)
    ) throws {
        let identity = try CertificateAuthority.shared.issue(
            "host-\(number)", commonName: row.commonName, alternatives: row.names)
        #expect(try Self.shakesHands(Self.serverContext(identity), host: row.host) == row.fits)
    }
}
