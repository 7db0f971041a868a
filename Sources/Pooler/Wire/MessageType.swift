/// The type byte of a message that a client sends (PostgreSQL manual, "Message Formats", F and F&B).
struct FrontendMessageType: RawRepresentable, Equatable, Hashable, Sendable {
    let rawValue: UInt8

    static let bind = Self(rawValue: UInt8(ascii: "B"))
    static let close = Self(rawValue: UInt8(ascii: "C"))
    static let copyData = Self(rawValue: UInt8(ascii: "d"))
    static let copyDone = Self(rawValue: UInt8(ascii: "c"))
    static let copyFail = Self(rawValue: UInt8(ascii: "f"))
    static let describe = Self(rawValue: UInt8(ascii: "D"))
    static let execute = Self(rawValue: UInt8(ascii: "E"))
    static let flush = Self(rawValue: UInt8(ascii: "H"))
    static let functionCall = Self(rawValue: UInt8(ascii: "F"))
    static let parse = Self(rawValue: UInt8(ascii: "P"))
    /// PasswordMessage, SASLInitialResponse, SASLResponse and GSSResponse share one byte.
    static let password = Self(rawValue: UInt8(ascii: "p"))
    static let query = Self(rawValue: UInt8(ascii: "Q"))
    static let sync = Self(rawValue: UInt8(ascii: "S"))
    static let terminate = Self(rawValue: UInt8(ascii: "X"))

    /// Whether a client may send it once it is logged in.
    var isOfSession: Bool {
        switch self {
        case .bind, .close, .copyData, .copyDone, .copyFail, .describe, .execute, .flush, .functionCall, .parse, .query,
            .sync, .terminate:
            true
        default: false
        }
    }
}

/// The type byte of a message that a server sends (PostgreSQL manual, "Message Formats", B and F&B).
struct BackendMessageType: RawRepresentable, Equatable, Hashable, Sendable {
    let rawValue: UInt8

    static let authentication = Self(rawValue: UInt8(ascii: "R"))
    static let backendKeyData = Self(rawValue: UInt8(ascii: "K"))
    static let bindComplete = Self(rawValue: UInt8(ascii: "2"))
    static let closeComplete = Self(rawValue: UInt8(ascii: "3"))
    static let commandComplete = Self(rawValue: UInt8(ascii: "C"))
    static let copyBothResponse = Self(rawValue: UInt8(ascii: "W"))
    static let copyData = Self(rawValue: UInt8(ascii: "d"))
    static let copyDone = Self(rawValue: UInt8(ascii: "c"))
    static let copyInResponse = Self(rawValue: UInt8(ascii: "G"))
    static let copyOutResponse = Self(rawValue: UInt8(ascii: "H"))
    static let dataRow = Self(rawValue: UInt8(ascii: "D"))
    static let emptyQueryResponse = Self(rawValue: UInt8(ascii: "I"))
    static let errorResponse = Self(rawValue: UInt8(ascii: "E"))
    static let functionCallResponse = Self(rawValue: UInt8(ascii: "V"))
    static let negotiateProtocolVersion = Self(rawValue: UInt8(ascii: "v"))
    static let noData = Self(rawValue: UInt8(ascii: "n"))
    static let noticeResponse = Self(rawValue: UInt8(ascii: "N"))
    static let notificationResponse = Self(rawValue: UInt8(ascii: "A"))
    static let parameterDescription = Self(rawValue: UInt8(ascii: "t"))
    static let parameterStatus = Self(rawValue: UInt8(ascii: "S"))
    static let parseComplete = Self(rawValue: UInt8(ascii: "1"))
    static let portalSuspended = Self(rawValue: UInt8(ascii: "s"))
    static let readyForQuery = Self(rawValue: UInt8(ascii: "Z"))
    static let rowDescription = Self(rawValue: UInt8(ascii: "T"))
}

/// The transaction status that ReadyForQuery carries.
enum TransactionStatus: UInt8, Sendable {
    case idle = 0x49  // I
    case inTransaction = 0x54  // T
    case failed = 0x45  // E
}
