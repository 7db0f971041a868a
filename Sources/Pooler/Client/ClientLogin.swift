/// Decides a client's way from its first byte to being authenticated.
///
/// A machine: packets in, actions out. Whether the user may come in at all (limits, databases, who the user is) is decided by
/// the shell between `identify` and `authenticationChosen`.
struct ClientLogin {
    /// Successors: startup → startup (after an encryption request) | identified; identified → authenticating | ended;
    /// authenticating → ended.
    private enum State {
        case startup(sawSSLRequest: Bool, sawGSSRequest: Bool)
        case identified
        case authenticating(ClientAuthentication)
        case ended
    }

    enum Action {
        /// Answer an SSLRequest or GSSENCRequest with `N` and go on in plain text.
        case declineEncryption
        /// The connection exists only to cancel a query; nothing is answered.
        case cancel(CancelKey)
        /// Look the client up, and answer with `authenticationChosen` or a close.
        case identify(StartupMessage)
        case send([UInt8])
        case welcome(Credential, send: [UInt8])
        case close(CloseReason)
    }

    private var state = State.startup(sawSSLRequest: false, sawGSSRequest: false)

    init() {}

    /// Whether the next bytes are a packet without a type byte.
    var expectsStartupPacket: Bool {
        if case .startup = state { return true }
        return false
    }

    /// A whole startup packet has come. `isFollowed` says whether more bytes came with it: nothing may follow a request for
    /// encryption, or it would be read as if it had been encrypted (CVE-2021-3935).
    mutating func startupPacketReceived(_ bytes: RawSpan, isFollowed: Bool) -> Action {
        guard case .startup(let sawSSL, let sawGSS) = state else { return end(.unexpectedLoginMessage) }
        let packet: StartupPacket
        do {
            packet = try StartupPacket(bytes)
        } catch {
            switch error {
            case .oldProtocol: return end(.oldProtocol)
            case .missingTerminator: return end(.badStartupLayout)
            case .badCancelRequest: return end(.unexpectedLoginMessage)
            case .badHeader: return end(.badPacketHeader(hexadecimal(bytes, upTo: 8)))
            }
        }
        switch packet {
        case .sslRequest:
            if sawSSL { return end(.unexpectedLoginMessage) }
            if isFollowed { return end(.dataAfterEncryptionRequest(gss: false)) }
            state = .startup(sawSSLRequest: true, sawGSSRequest: sawGSS)
            return .declineEncryption
        case .gssEncryptionRequest:
            if sawGSS { return end(.unexpectedLoginMessage) }
            if isFollowed { return end(.dataAfterEncryptionRequest(gss: true)) }
            state = .startup(sawSSLRequest: sawSSL, sawGSSRequest: true)
            return .declineEncryption
        case .cancelRequest(let key):
            state = .ended
            return .cancel(key)
        case .startup(let message):
            state = .identified
            return .identify(message)
        }
    }

    /// The shell knows how this client has to prove itself.
    mutating func authenticationChosen(_ authentication: ClientAuthentication) -> Action {
        guard case .identified = state else { return end(.unexpectedLoginMessage) }
        var authentication = authentication
        return translate(authentication.started(), authentication)
    }

    /// A whole message with a type byte has come.
    mutating func messageReceived(_ type: FrontendMessageType, _ body: RawSpan) -> Action {
        switch (state, type) {
        case (.authenticating(var authentication), .password):
            return translate(authentication.passwordMessageReceived(body), authentication)
        case (_, .terminate):
            return end(.clientRequest)
        case (.startup, _), (.identified, _), (.authenticating, _), (.ended, _):
            return end(.unexpectedLoginMessage)
        }
    }

    private mutating func translate(
        _ action: ClientAuthentication.Action, _ authentication: ClientAuthentication
    ) -> Action {
        switch action {
        case .send(let bytes):
            state = .authenticating(authentication)
            return .send(bytes)
        case .succeeded(let credential, let bytes):
            state = .ended
            return .welcome(credential, send: bytes)
        case .failed(let failure):
            return end(.authentication(failure))
        }
    }

    private mutating func end(_ reason: CloseReason) -> Action {
        state = .ended
        return .close(reason)
    }
}

/// The first bytes of a packet as PgBouncer prints them in "bad packet header".
func hexadecimal(_ bytes: RawSpan, upTo limit: Int) -> String {
    let digits = Array("0123456789abcdef")
    var text = ""
    for offset in 0..<min(limit, bytes.byteCount) {
        let byte = bytes.uint8(at: offset)
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return text
}
