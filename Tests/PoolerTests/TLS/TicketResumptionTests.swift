import Glibc
import PoolerConfig
import PoolerTestSupport
import Synchronization
import Testing

@testable import Pooler

/// Tickets over the life of the keys that sealed them: both ends of TLS, over a socket pair, under a clock of our own.
@Suite struct TicketResumptionTests {
    private final class Clock: Sendable {
        private let time = Mutex(Instant.now())

        var now: Instant { time.withLock { $0 } }

        func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    private static func context(_ keys: TicketKeys, version: String) throws -> TLSContext {
        var settings = Settings()
        settings.clientTlsSslmode = .require
        settings.clientTlsCertFile = CertificateAuthority.localhost.certificate
        settings.clientTlsKeyFile = CertificateAuthority.localhost.key
        settings.clientTlsProtocols = version
        return try TLSContext(TLSParameters(clientSideOf: settings), .accepting(keys))
    }

    private static func clientContext() throws -> TLSContext {
        var settings = Settings()
        settings.serverTlsSslmode = .require
        return try TLSContext(TLSParameters(serverSideOf: settings), .connecting)
    }

    /// One connection: whether it resumed the session, and the ticket that it brought.
    private static func connect(
        _ server: TLSContext, _ client: TLSContext, offering session: TLSSession?
    ) throws -> (isResumed: Bool, session: TLSSession?) {
        var pair: [Int32] = [0, 0]
        try #require(
            unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
        defer { for descriptor in pair { close(descriptor) } }
        let accepting = try TLSStream(server, .accepting(demandsALPN: false), descriptor: pair[0])
        let connecting = try TLSStream(
            client, .connecting(host: "localhost", session: session, demandsALPN: false), descriptor: pair[1])
        connecting.begin()
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        for _ in 0..<20 where !(accepting.isEstablished && connecting.isEstablished) {
            for (stream, descriptor) in [(accepting, pair[0]), (connecting, pair[1])] {
                _ = unsafe block.withUnsafeMutableBytes { unsafe stream.receive(descriptor, into: $0) }
            }
        }
        try #require(accepting.isEstablished && connecting.isEstablished)
        // The ticket comes before the first data.
        let byte: [UInt8] = [1]
        let sent = byte.withSpan { accepting.send($0) }
        #expect(sent == .bytes(1))
        let received = unsafe block.withUnsafeMutableBytes { unsafe connecting.receive(pair[1], into: $0) }
        #expect(received == .bytes(1))
        #expect(accepting.isResumed == connecting.isResumed)
        let session = connecting.takeSession()
        // OpenSSL lets nobody resume a session whose connection just broke.
        connecting.close()
        accepting.close()
        return (accepting.isResumed, session)
    }

    @Test(arguments: ["tlsv1.2", "tlsv1.3"])
    func `An old ticket is good while its key still opens, and is replaced`(version: String) throws {
        let clock = Clock()
        let keys = TicketKeys { clock.now }
        // As after a RELOAD: other contexts, the same keys.
        let servers = [try Self.context(keys, version: version), try Self.context(keys, version: version)]
        let client = try Self.clientContext()
        // One ticket for each try: OpenSSL's client gives one up when it is replaced.
        let tickets = try (0..<3).map { _ in
            let first = try Self.connect(servers[0], client, offering: nil)
            #expect(!first.isResumed)
            return first.session
        }
        #expect(try Self.connect(servers[1], client, offering: tickets[0]).isResumed)
        clock.advance(TicketKeys.lifetime + .seconds(60))
        let second = try Self.connect(servers[0], client, offering: tickets[1])
        #expect(second.isResumed, "the key before still opens")
        clock.advance(TicketKeys.lifetime)
        #expect(try !Self.connect(servers[0], client, offering: tickets[2]).isResumed)
        // Under TLS 1.2 the client tells nobody of the ticket that replaces one.
        guard version == "tlsv1.3" else { return }
        #expect(try Self.connect(servers[1], client, offering: second.session).isResumed)
    }

    @Test func `Tickets of other keys open nothing`() throws {
        let client = try Self.clientContext()
        let servers = [
            try Self.context(TicketKeys(), version: "secure"), try Self.context(TicketKeys(), version: "secure"),
        ]
        let first = try Self.connect(servers[0], client, offering: nil)
        #expect(try Self.connect(servers[0], client, offering: first.session).isResumed)
        let again = try Self.connect(servers[0], client, offering: nil)
        #expect(try !Self.connect(servers[1], client, offering: again.session).isResumed)
    }
}
