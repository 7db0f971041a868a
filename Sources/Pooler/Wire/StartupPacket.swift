/// What a client may send first: a packet without a type byte (PostgreSQL manual, "Message Formats").
enum StartupPacket: Equatable {
    case sslRequest
    case gssEncryptionRequest
    case cancelRequest(CancelKey)
    case startup(StartupMessage)

    enum Malformation: Error, Equatable {
        /// Protocol 2.0.
        case oldProtocol
        /// An unknown code, or a length that cannot be.
        case badHeader
        /// The parameter list does not end with its terminator.
        case missingTerminator
        /// A CancelRequest of the wrong length.
        case badCancelRequest
    }

    /// Longest packet accepted. Postgres's own limit is 10,000 bytes (MAX_STARTUP_PACKET_LENGTH); ours leaves room for
    /// long `options`, and a stranger still costs one block at most.
    static let lengthLimit = 16 * 1024
    /// Shorter ones cannot hold length and code.
    static let lengthMinimum = 8

    private static let sslRequestCode: UInt32 = 80_877_103
    private static let gssEncryptionRequestCode: UInt32 = 80_877_104
    private static let cancelRequestCode: UInt32 = 80_877_102

    /// Reads a whole packet, length included.
    init(_ bytes: RawSpan) throws(Malformation) {
        guard bytes.byteCount >= Self.lengthMinimum else { throw .badHeader }
        let code = bytes.uint32(at: 4)
        switch code {
        case Self.sslRequestCode:
            guard bytes.byteCount == 8 else { throw .badHeader }
            self = .sslRequest
        case Self.gssEncryptionRequestCode:
            guard bytes.byteCount == 8 else { throw .badHeader }
            self = .gssEncryptionRequest
        case Self.cancelRequestCode:
            guard bytes.byteCount == 16 else { throw .badCancelRequest }
            self = .cancelRequest(CancelKey(process: bytes.uint32(at: 8), secret: bytes.uint32(at: 12)))
        default:
            switch code >> 16 {
            case 2: throw .oldProtocol
            case 3: self = .startup(try StartupMessage(minorVersion: UInt16(truncatingIfNeeded: code), bytes))
            default: throw .badHeader
            }
        }
    }
}

/// A StartupMessage of protocol 3.
struct StartupMessage: Equatable {
    /// 0 for what we speak; clients of Postgres 18 may ask for 2.
    let minorVersion: UInt16
    /// Names and values in the order in which they came.
    let parameters: [(name: String, value: String)]

    fileprivate init(minorVersion: UInt16, _ bytes: RawSpan) throws(StartupPacket.Malformation) {
        var parameters: [(name: String, value: String)] = []
        parameters.reserveCapacity(4)
        var cursor = 8
        while true {
            guard cursor < bytes.byteCount else { throw .missingTerminator }
            if bytes.uint8(at: cursor) == 0 {
                guard cursor == bytes.byteCount - 1 else { throw .missingTerminator }
                break
            }
            guard let name = bytes.cString(at: &cursor), let value = bytes.cString(at: &cursor) else {
                throw .missingTerminator
            }
            parameters.append((name, value))
        }
        self.minorVersion = minorVersion
        self.parameters = parameters
    }

    /// The value of a parameter; the last one where it is given twice.
    func value(of name: String) -> String? {
        parameters.last { $0.name == name }?.value
    }

    static func == (left: StartupMessage, right: StartupMessage) -> Bool {
        left.minorVersion == right.minorVersion && left.parameters.elementsEqual(right.parameters, by: ==)
    }
}

/// The secret with which a query can be cancelled (BackendKeyData).
struct CancelKey: Hashable, Sendable {
    let process: UInt32
    let secret: UInt32

    init(process: UInt32, secret: UInt32) {
        self.process = process
        self.secret = secret
    }

    /// A fresh one for a client: 63 random bits. The top bit stays clear because some clients print the process id as a
    /// signed number. Among peers (`peer_id` above 0) it says whose client it is, as PgBouncer's keys do: bytes 1 and 2 hold the
    /// number, low byte first, and the low two bits of byte 7 how often the request may be passed on.
    static func random(peer: Int = 0, using generator: inout some RandomNumberGenerator) -> CancelKey {
        let bits: UInt64 = generator.next() & 0x7fff_ffff_ffff_ffff
        let key = CancelKey(process: UInt32(bits >> 32), secret: UInt32(truncatingIfNeeded: bits))
        guard peer > 0 else { return key }
        let number = UInt32(peer & 0xff) << 16 | UInt32(peer >> 8 & 0xff) << 8
        return CancelKey(process: key.process & 0xff00_00ff | number, secret: key.secret | Self.hops)
    }

    /// Whose client it is, among peers.
    var peer: Int { Int(process >> 16 & 0xff) | Int(process >> 8 & 0xff) << 8 }

    /// The key as its client has it, however often the request was passed on.
    var arrived: CancelKey { CancelKey(process: process, secret: secret | Self.hops) }

    /// The key for the next process; nil when it was passed on too often.
    var forwarded: CancelKey? {
        secret & Self.hops == 0 ? nil : CancelKey(process: process, secret: secret - 1)
    }

    private static let hops: UInt32 = 3

    /// The CancelRequest that carries it.
    var request: [UInt8] {
        var writer = MessageWriter()
        writer.untypedMessage { body in
            body.uint32(80_877_102)
            body.uint32(process)
            body.uint32(secret)
        }
        return writer.bytes
    }
}
