import PoolerConfig

/// Decides how a connection to a server is encrypted, before anything else is said on it.
///
/// A machine: what happened in, actions out (PostgreSQL manual, "SSL Session Encryption").
struct ServerEncryption {
    enum Policy {
        /// Never TLS.
        case never
        /// TLS if the server can.
        case wanted
        /// TLS or nothing.
        case demanded
        /// TLS or nothing, from the first byte.
        case direct
    }

    enum Action: Equatable {
        /// Send an SSLRequest; the answer is one byte.
        case ask
        /// Begin the handshake.
        case startTLS
        /// Settled: say what there is to say.
        case proceed
        case fail(ServerFailure)
    }

    /// Successors: initial → asked | handshaking | settled; asked → handshaking | settled; handshaking → settled.
    private enum State {
        case initial
        /// SSLRequest is sent.
        case asked
        case handshaking
        case settled
    }

    private let policy: Policy
    private var state = State.initial

    init(_ policy: Policy) {
        self.policy = policy
    }

    /// Whether the next byte is the answer to an SSLRequest.
    var expectsAnswer: Bool { state == .asked }

    /// Whether a server without ALPN is not to be trusted to speak Postgres's protocol.
    var demandsALPN: Bool { policy == .direct }

    /// The connection stands.
    mutating func connected() -> Action {
        switch policy {
        case .never: return settle()
        case .wanted, .demanded:
            state = .asked
            return .ask
        case .direct:
            state = .handshaking
            return .startTLS
        }
    }

    /// The answer has come. Nothing may follow it: what does was put there by somebody who wants it to be taken for a part
    /// of the encrypted stream (CVE-2021-43766), or by a server that speaks before it was spoken to.
    mutating func answered(_ byte: UInt8, isFollowed: Bool) -> Action {
        guard state == .asked else { return .fail(.protocolViolation) }
        switch byte {
        case UInt8(ascii: "S"):
            if isFollowed { return .fail(.unencryptedData) }
            state = .handshaking
            return .startTLS
        case UInt8(ascii: "N"):
            if isFollowed { return .fail(.protocolViolation) }
            return policy == .wanted ? settle() : .fail(.tlsRefused)
        default:
            return .fail(.protocolViolation)
        }
    }

    /// The handshake is over, well.
    mutating func handshakeEnded() -> Action {
        guard state == .handshaking else { return .fail(.protocolViolation) }
        return settle()
    }

    private mutating func settle() -> Action {
        state = .settled
        return .proceed
    }

    /// SSLRequest.
    static let request: [UInt8] = {
        var writer = MessageWriter()
        writer.untypedMessage { $0.uint32(80_877_103) }
        return writer.bytes
    }()
}

extension ServerEncryption.Policy {
    /// What holds for connections to a database's servers. Unix sockets never use TLS.
    init(_ database: Database, mode: SSLMode, isUnix: Bool) {
        switch (isUnix, database.sslNegotiation, mode) {
        case (true, _, _): self = .never
        case (false, .direct, _): self = .direct
        case (false, .postgres, .disable): self = .never
        case (false, .postgres, .allow), (false, .postgres, .prefer): self = .wanted
        case (false, .postgres, .require), (false, .postgres, .verifyCA), (false, .postgres, .verifyFull):
            self = .demanded
        }
    }
}
