/// Why no server connection came about, or why one ended.
enum ServerFailure: Equatable, Sendable {
    case lookUp(String)
    /// No password could be had; holds nothing that the program printed.
    case passwordCommand(String)
    case connect(Errno)
    case connectTimeout
    /// The server has no TLS for us.
    case tlsRefused
    /// Bytes came behind its answer to the SSLRequest that somebody else may have put there.
    case unencryptedData
    /// The handshake failed, or the encrypted stream broke.
    case tls(TLSError)
    /// The secret that we have cannot answer what the server asks for, or its answer is wrong.
    case authentication(String)
    /// The server said no, with its own code and text.
    case refused(sqlState: String, message: String)
    case protocolViolation
    /// It went on and on before it was ready.
    case tooTalkative
    /// connect_query began a transaction and did not end it.
    case connectQueryLeftTransaction
    case endOfFile
    case io(Errno)

    /// PgBouncer's words.
    var text: String {
        switch self {
        case .lookUp: "server DNS lookup failed"
        case .passwordCommand: "password_command failed"
        case .connect: "connect failed"
        case .connectTimeout: "connect timeout"
        case .tlsRefused: "server refused SSL"
        case .unencryptedData: "received unencrypted data after SSL response"
        case .tls(let error): error.description
        case .authentication(let text): text
        case .refused(_, let message): message
        case .protocolViolation: "unexpected response from server during login"
        case .tooTalkative: "too many messages from server during login"
        case .connectQueryLeftTransaction: "connect_query left a transaction open"
        case .endOfFile: "server conn crashed?"
        case .io(let error): "server connection failed: \(error)"
        }
    }

    /// The text with what the kernel or resolver said, for the log and for people.
    var description: String {
        switch self {
        case .lookUp(let error), .passwordCommand(let error): "\(text): \(error)"
        case .connect(let error): "\(text): \(error)"
        case .connectTimeout, .tlsRefused, .unencryptedData, .tls, .authentication, .refused, .protocolViolation,
            .tooTalkative, .connectQueryLeftTransaction, .endOfFile, .io:
            text
        }
    }

    /// As in the log: what the server said is told from what we say.
    var logText: String {
        switch self {
        case .refused(_, let message): "server login failed: FATAL \(message)"
        case .authentication(let text): text
        case .lookUp(let error): "DNS lookup failed: \(error)"
        case .connect(let error): "failed to connect: \(error)"
        default: "cannot log in to the server: \(description)"
        }
    }

    /// Whether the server itself answered with an error that its clients should be told at once: anything but "not yet"
    /// (57P03) and "too many" (53300), which pass.
    var isFinalAnswer: Bool {
        switch self {
        case .refused(let sqlState, _): sqlState != "57P03" && sqlState != "53300"
        case .authentication, .connectQueryLeftTransaction: true
        case .lookUp, .passwordCommand, .connect, .connectTimeout, .tlsRefused, .unencryptedData, .tls,
            .protocolViolation, .tooTalkative, .endOfFile, .io:
            false
        }
    }

    /// Whether the server does not take the password, or the user with it: class 28.
    var isRefusedPassword: Bool {
        if case .refused(let sqlState, _) = self { sqlState.hasPrefix("28") } else { false }
    }

    /// What the clients of the pool are told when that is the answer.
    var closeReason: CloseReason {
        switch self {
        case .refused(let sqlState, let message):
            .serverLogin(sqlState: sqlState.isEmpty ? "08P01" : sqlState, message: message)
        default:
            .serverLogin(sqlState: "08P01", message: text)
        }
    }
}
