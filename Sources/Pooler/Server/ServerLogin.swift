/// Decides how we log in to a server: from the first byte over encryption and StartupMessage to the first ReadyForQuery, and
/// connect_query after it.
///
/// A machine: whole messages of the server in, actions out.
struct ServerLogin {
    /// Successors: encrypting → authenticating → settling → querying | ended.
    private enum State {
        /// Nothing but what encryption takes has been said.
        case encrypting(ServerEncryption)
        case authenticating(ServerAuthentication)
        /// AuthenticationOk has come; parameters and the cancel key follow.
        case settling
        /// connect_query runs.
        case querying
        case ended
    }

    enum Action: Equatable {
        case none
        case send([UInt8])
        /// Have keys derived, and answer with `keysDerived`; what the server says meanwhile waits.
        case deriveKeys(SCRAMDerivation)
        /// Begin a TLS handshake, and tell when it is over.
        case startTLS(demandsALPN: Bool)
        /// connect_query failed: say so in the log, and go on.
        case logConnectQueryError(String)
        /// The server is ready; these are its parameters.
        case ready(Welcome)
        case fail(ServerFailure)
    }

    private var state: State
    private var welcome: Welcome
    private let tracked: TrackedParameters
    private let connectQuery: String?
    private let startup: [UInt8]
    private var authentication: ServerAuthentication
    /// The server's own cancel key.
    private(set) var cancelKey: CancelKey?
    /// What it may still say before it is ready: a server that does not come to an end is none.
    private var messagesLeft = Self.messageLimit
    private var bytesLeft = Self.byteLimit

    /// The most that a server may say from its first word to ReadyForQuery, connect_query's result aside. Postgres says about 20
    /// messages, and notices on top.
    static let messageLimit = 10_000
    static let byteLimit = 1 << 20

    /// `startup` is the StartupMessage.
    init(
        encryption: ServerEncryption.Policy, startup: [UInt8], authentication: ServerAuthentication,
        tracked: TrackedParameters, connectQuery: String?
    ) {
        state = .encrypting(ServerEncryption(encryption))
        self.startup = startup
        self.authentication = authentication
        welcome = Welcome(tracked: tracked)
        self.tracked = tracked
        self.connectQuery = connectQuery
    }

    /// Whether the next byte is the answer to our SSLRequest.
    var expectsEncryptionAnswer: Bool {
        if case .encrypting(let encryption) = state { encryption.expectsAnswer } else { false }
    }

    /// Whether a TLS handshake runs.
    var isHandshaking: Bool {
        if case .encrypting(let encryption) = state { !encryption.expectsAnswer } else { false }
    }

    /// Whether the next step is not the server's.
    var isSuspended: Bool {
        if case .authenticating(let authentication) = state { authentication.isSuspended } else { false }
    }

    /// The connection stands.
    mutating func connected() -> Action {
        encrypt { $0.connected() }
    }

    /// The server has answered our SSLRequest; `isFollowed` by more bytes in the same breath.
    mutating func encryptionAnswered(_ byte: UInt8, isFollowed: Bool) -> Action {
        encrypt { $0.answered(byte, isFollowed: isFollowed) }
    }

    /// The TLS handshake is over, well; `endpointHash` is what SCRAM can bind to.
    mutating func handshakeEnded(endpointHash: [UInt8]?) -> Action {
        authentication.channelEncrypted(endpointHash: endpointHash)
        return encrypt { $0.handshakeEnded() }
    }

    private mutating func encrypt(_ event: (inout ServerEncryption) -> ServerEncryption.Action) -> Action {
        guard case .encrypting(var encryption) = state else { return fail(.protocolViolation) }
        let action = event(&encryption)
        state = .encrypting(encryption)
        switch action {
        case .ask: return .send(ServerEncryption.request)
        case .startTLS: return .startTLS(demandsALPN: encryption.demandsALPN)
        case .proceed:
            state = .authenticating(authentication)
            return .send(startup)
        case .fail(let failure): return fail(failure)
        }
    }

    /// The StartupMessage. `parameters` are those of the `[databases]` entry.
    static func startupMessage(user: String, database: String, parameters: [(name: String, value: String)]) -> [UInt8] {
        var writer = MessageWriter()
        writer.untypedMessage { body in
            body.uint32(3 << 16)
            for (name, value) in [("user", user), ("database", database)] + parameters {
                body.cString(name)
                body.cString(value)
            }
            body.uint8(0)
        }
        return writer.bytes
    }

    /// A whole message of the server has come.
    mutating func messageReceived(_ type: BackendMessageType, _ body: RawSpan) -> Action {
        switch state {
        case .encrypting: return fail(.protocolViolation)
        case .querying: break
        case .authenticating, .settling, .ended:
            messagesLeft -= 1
            bytesLeft -= body.byteCount
            guard messagesLeft >= 0, bytesLeft >= 0 else { return fail(.tooTalkative) }
        }
        switch type {
        case .noticeResponse, .negotiateProtocolVersion, .notificationResponse:
            return .none
        case .errorResponse:
            return errorReceived(ServerMessageFields(body: body))
        case .authentication:
            return authenticationReceived(body)
        case .parameterStatus:
            return parameterReceived(body)
        case .backendKeyData:
            // Longer keys belong to protocol 3.2, which we do not ask for.
            guard case .settling = state, body.byteCount == 8 else { return fail(.protocolViolation) }
            cancelKey = CancelKey(process: body.uint32(at: 0), secret: body.uint32(at: 4))
            return .none
        case .readyForQuery:
            return readyReceived(body)
        default:
            if case .querying = state { return .none }
            return fail(.protocolViolation)
        }
    }

    private mutating func authenticationReceived(_ body: RawSpan) -> Action {
        guard case .authenticating(var authentication) = state, body.byteCount >= 4 else {
            return fail(.protocolViolation)
        }
        let isOk = body.uint32(at: 0) == 0
        return translate(authentication.authenticationRequestReceived(body), authentication, isOk: isOk)
    }

    /// Keys have been derived.
    mutating func keysDerived(_ outcome: SCRAMDerivation.Outcome) -> Action {
        guard case .authenticating(var authentication) = state else { return fail(.protocolViolation) }
        return translate(authentication.keysDerived(outcome), authentication, isOk: false)
    }

    private mutating func translate(
        _ action: ServerAuthentication.Action, _ authentication: ServerAuthentication, isOk: Bool
    ) -> Action {
        switch action {
        case .derive(let derivation):
            state = .authenticating(authentication)
            return .deriveKeys(derivation)
        case .send(let bytes):
            state = .authenticating(authentication)
            return .send(bytes)
        case .wait:
            state = isOk ? .settling : .authenticating(authentication)
            return .none
        case .failed(let text):
            return fail(.authentication(text))
        }
    }

    private mutating func parameterReceived(_ body: RawSpan) -> Action {
        var cursor = 0
        guard let name = body.cString(at: &cursor), let end = body.endOfCString(from: cursor) else {
            return fail(.protocolViolation)
        }
        welcome.reported(name, body.slice(cursor..<end).array(), among: tracked)
        return welcome.isTooLong ? fail(.tooTalkative) : .none
    }

    private mutating func readyReceived(_ body: RawSpan) -> Action {
        guard body.byteCount == 1, let status = TransactionStatus(rawValue: body.uint8(at: 0)) else {
            return fail(.protocolViolation)
        }
        switch state {
        case .settling:
            guard status == .idle else { return fail(.protocolViolation) }
            guard let connectQuery, !connectQuery.isEmpty else { return ready() }
            state = .querying
            var writer = MessageWriter()
            writer.message(FrontendMessageType.query) { $0.cString(connectQuery) }
            return .send(writer.bytes)
        case .querying:
            // Its first client would find itself in a transaction that it never began.
            return status == .idle ? ready() : fail(.connectQueryLeftTransaction)
        case .encrypting, .authenticating, .ended:
            return fail(.protocolViolation)
        }
    }

    private mutating func ready() -> Action {
        state = .ended
        return .ready(welcome)
    }

    private mutating func errorReceived(_ fields: ServerMessageFields) -> Action {
        if case .querying = state, fields.severity == "ERROR" { return .logConnectQueryError(fields.message) }
        return fail(.refused(sqlState: fields.sqlState, message: fields.message))
    }

    private mutating func fail(_ failure: ServerFailure) -> Action {
        state = .ended
        return .fail(failure)
    }
}
