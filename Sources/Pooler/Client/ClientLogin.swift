/// Decides a client's way from its first byte to being authenticated.
///
/// A machine: packets in, actions out. Whether the user may come in at all (limits, databases, who the user is) is decided by
/// the shell between `identify` and `authenticationChosen`.
struct ClientLogin {
    /// What a client's wish for TLS comes to.
    enum Encryption {
        /// A Unix socket, or no TLS configured.
        case unavailable
        case offered
        /// Nothing but a cancel request is taken without.
        case demanded
    }

    /// Successors: startup → startup (after an encryption request, encrypted or not) | identified;
    /// identified → authenticating | ended; authenticating → awaitingVerdict | awaitingKeys | ended; awaitingVerdict → ended;
    /// awaitingKeys → awaitingKeys | ended.
    ///
    /// An exchange is boxed, since it is large, and the machine is looked at in every step.
    private enum State {
        case startup(sawSSLRequest: Bool, sawGSSRequest: Bool)
        /// As `startup`, over TLS: no more encryption requests.
        case encrypted
        case identified
        indirect case authenticating(ClientAuthentication)
        /// Somebody judges the client's password.
        indirect case awaitingVerdict(ClientAuthentication)
        /// Keys are derived from a password.
        indirect case awaitingKeys(ClientAuthentication)
        case ended
    }

    enum Action {
        /// Answer an SSLRequest or GSSENCRequest with `N` and go on in plain text.
        case declineEncryption
        /// Go on over TLS, after an `S` if the client asked; whatever else has come belongs to the TLS engine.
        case encrypt(answer: Bool)
        /// The connection exists only to cancel a query; nothing is answered.
        case cancel(CancelKey)
        /// Look the client up, and answer with `authenticationChosen` or a close, at once or later.
        case identify(StartupMessage)
        case send([UInt8])
        /// Have a password judged, and answer with `verdictArrived`, at once or later.
        case awaitVerdict(PasswordCheck, password: [UInt8])
        /// Have keys derived, and answer with `keysDerived`, at once or later.
        case deriveKeys(SCRAMDerivation)
        case welcome(Credential, send: [UInt8])
        case close(CloseReason)
    }

    private var state = State.startup(sawSSLRequest: false, sawGSSRequest: false)
    /// TLS began without a request for it. Then the client must name the protocol (ALPN), as Postgres 17 demands, since what
    /// it says could be meant for a server of another protocol.
    private(set) var isDirectTLS = false
    /// The client's next message is not looked at yet.
    private var isDelayed = false

    init() {}

    /// Whether the next bytes are a packet without a type byte.
    var expectsStartupPacket: Bool {
        switch state {
        case .startup, .encrypted: true
        case .identified, .authenticating, .awaitingVerdict, .awaitingKeys, .ended: false
        }
    }

    /// The longest message with a type byte that is waited for: of an exchange with a password or token, room for a long one.
    var messageLimit: Int {
        switch state {
        case .authenticating(let authentication), .awaitingVerdict(let authentication),
            .awaitingKeys(let authentication):
            authentication.messageLimit
        case .startup, .encrypted, .identified, .ended: 60 * 1024
        }
    }

    /// Whether the client has said nothing yet.
    var isUntouched: Bool {
        switch state {
        case .startup(sawSSLRequest: false, sawGSSRequest: false): !isDelayed
        case .startup, .encrypted, .identified, .authenticating, .awaitingVerdict, .awaitingKeys, .ended: false
        }
    }

    /// Whether the next step is not the client's: what it sends meanwhile waits.
    var isSuspended: Bool {
        switch state {
        case .identified, .awaitingVerdict, .awaitingKeys: true
        case .startup, .encrypted, .authenticating, .ended: isDelayed
        }
    }

    /// Whether the next step is `keysDerived`.
    var awaitsKeys: Bool {
        if case .awaitingKeys = state { true } else { false }
    }

    /// Whether what comes next is a TLS handshake, if none has begun.
    var awaitsHandshake: Bool { isEncrypted }

    /// The client's next message has to wait.
    mutating func delayed() { isDelayed = true }

    /// It has waited.
    mutating func delayEnded() { isDelayed = false }

    /// The first byte of every TLS handshake: the type of its record. No startup packet begins with it.
    static let handshakeRecord: UInt8 = 0x16

    /// A TLS handshake has come in the place of the first packet (direct TLS, as in Postgres 17); nil if that is no offer
    /// of ours to take up, and the bytes are just wrong.
    mutating func handshakeReceived(_ encryption: Encryption) -> Action? {
        guard encryption != .unavailable, case .startup(sawSSLRequest: false, sawGSSRequest: false) = state else {
            return nil
        }
        state = .encrypted
        isDirectTLS = true
        return .encrypt(answer: false)
    }

    /// A whole startup packet has come. `next` is the byte that came with it, if any: nothing may follow a request for
    /// encryption but a TLS handshake, or it would be read as if it had been encrypted (CVE-2021-3935).
    mutating func startupPacketReceived(_ bytes: RawSpan, next: UInt8?, _ encryption: Encryption) -> Action {
        let (sawSSL, sawGSS): (Bool, Bool)
        switch state {
        case .startup(let ssl, let gss): (sawSSL, sawGSS) = (ssl, gss)
        case .encrypted: (sawSSL, sawGSS) = (true, true)
        case .identified, .authenticating, .awaitingVerdict, .awaitingKeys, .ended: return end(.unexpectedLoginMessage)
        }
        let packet: StartupPacket
        do {
            packet = try StartupPacket(bytes)
        } catch {
            switch error {
            case .oldProtocol: return end(.oldProtocol)
            case .missingTerminator: return end(.badStartupLayout)
            case .badCancelRequest: return end(.badCancelRequest)
            case .badHeader: return end(.badPacketHeader(hexadecimal(bytes, upTo: 8)))
            }
        }
        switch packet {
        case .sslRequest:
            if sawSSL { return end(.unexpectedLoginMessage) }
            guard encryption != .unavailable else {
                if next != nil { return end(.dataAfterEncryptionRequest(gss: false)) }
                state = .startup(sawSSLRequest: true, sawGSSRequest: sawGSS)
                return .declineEncryption
            }
            if let next, next != Self.handshakeRecord { return end(.dataAfterEncryptionRequest(gss: false)) }
            state = .encrypted
            return .encrypt(answer: true)
        case .gssEncryptionRequest:
            if sawGSS { return end(.unexpectedLoginMessage) }
            if next != nil { return end(.dataAfterEncryptionRequest(gss: true)) }
            state = .startup(sawSSLRequest: sawSSL, sawGSSRequest: true)
            return .declineEncryption
        case .cancelRequest(let key):
            state = .ended
            return .cancel(key)
        case .startup(let message):
            if encryption == .demanded, !isEncrypted { return end(.sslRequired) }
            state = .identified
            return .identify(message)
        }
    }

    /// The shell knows how this client has to prove itself.
    mutating func authenticationChosen(_ authentication: consuming ClientAuthentication) -> Action {
        guard case .identified = state else { return end(.unexpectedLoginMessage) }
        let action = authentication.started()
        return translate(action, authentication)
    }

    /// A whole message with a type byte has come.
    mutating func messageReceived(_ type: FrontendMessageType, _ body: RawSpan) -> Action {
        switch (state, type) {
        case (.authenticating(var authentication), .password):
            return translate(authentication.passwordMessageReceived(body), authentication)
        case (_, .terminate):
            return end(.clientRequest)
        case (.startup, _), (.encrypted, _), (.identified, _), (.authenticating, _), (.awaitingVerdict, _),
            (.awaitingKeys, _), (.ended, _):
            return end(.unexpectedLoginMessage)
        }
    }

    /// The password has been judged.
    mutating func verdictArrived(_ verdict: PasswordCheck.Verdict) -> Action {
        guard case .awaitingVerdict(var authentication) = state else { return end(.unexpectedLoginMessage) }
        return translate(authentication.verdictArrived(verdict), authentication)
    }

    /// Keys have been derived.
    mutating func keysDerived(_ outcome: SCRAMDerivation.Outcome) -> Action {
        guard case .awaitingKeys(var authentication) = state else { return end(.unexpectedLoginMessage) }
        return translate(authentication.keysDerived(outcome), authentication)
    }

    private var isEncrypted: Bool {
        if case .encrypted = state { true } else { false }
    }

    private mutating func translate(
        _ action: ClientAuthentication.Action, _ authentication: ClientAuthentication
    ) -> Action {
        switch action {
        case .send(let bytes):
            state = .authenticating(authentication)
            return .send(bytes)
        case .check(let check, let password):
            state = .awaitingVerdict(authentication)
            return .awaitVerdict(check, password: password)
        case .derive(let derivation):
            state = .awaitingKeys(authentication)
            return .deriveKeys(derivation)
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
