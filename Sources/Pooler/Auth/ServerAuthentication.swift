/// Answers the Authentication* requests of one server that we log in to.
///
/// A server that has begun SCRAM must prove itself with its signature before its AuthenticationOk counts.
struct ServerAuthentication: Sendable {
    enum Action {
        /// A whole message.
        case send([UInt8])
        /// Nothing to say: the server has let us in, or has proved itself and will.
        case wait
        /// Have keys derived, and answer with `keysDerived`; nothing more of the server is looked at before.
        case derive(SCRAMDerivation)
        /// Why the login cannot go on; holds nothing secret and nothing that the server wrote.
        case failed(String)
    }

    private enum State: Sendable {
        /// → awaitingOk, awaitingSASLContinue, finished
        case idle
        /// A password is sent, or the server's signature verified. → finished
        case awaitingOk
        /// → awaitingKeys, awaitingSASLFinal, finished
        case awaitingSASLContinue(SCRAMClientExchange)
        /// The password's keys are derived. → awaitingSASLFinal, finished
        case awaitingKeys(SCRAMClientExchange.Challenge)
        /// → awaitingOk, finished
        case awaitingSASLFinal(signature: SHA256Value)
        case finished
    }

    /// The longest request that is looked at, in bytes.
    static let maximumLength = 8192

    private static let noDigest = "server login failed: OpenSSL refused a digest that the method needs"
    private static let wrongPasswordType = "server login failed: wrong password type"

    private let user: String
    private let credential: Credential
    private let context: AuthenticationContext
    /// Whether the connection is encrypted, and what SCRAM can then be bound to.
    private var channel = Channel.plain
    private var state = State.idle

    private enum Channel: Sendable {
        case plain
        /// The hash of the server's certificate; nil for one that has none.
        case encrypted(endpointHash: [UInt8]?)
    }

    init(user: String, credential: Credential, context: AuthenticationContext) {
        self.user = user
        self.credential = credential
        self.context = context
    }

    /// The connection is encrypted from now on.
    mutating func channelEncrypted(endpointHash: [UInt8]?) {
        channel = .encrypted(endpointHash: endpointHash)
    }

    /// A message of type `R` has come.
    mutating func authenticationRequestReceived(_ body: RawSpan) -> Action {
        guard 4...Self.maximumLength ~= body.byteCount else {
            return failed("server login failed: malformed authentication request")
        }
        let bytes = Digests.bytes(of: body)
        let request = AuthenticationRequest(rawValue: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
        let data = bytes.dropFirst(4)
        do {
            switch state {
            case .idle:
                return try firstRequestReceived(request, data)
            case .awaitingSASLContinue(let exchange) where request == .saslContinue:
                return try serverFirstReceived(data, exchange)
            case .awaitingSASLFinal(let signature) where request == .saslFinal:
                return serverFinalReceived(data, expected: signature)
            case .awaitingOk where request == .ok:
                return finished()
            case .awaitingSASLContinue, .awaitingSASLFinal:
                return failed(
                    request == .ok
                        ? "server login failed: the server did not prove that it knows the password"
                        : "server login failed: unexpected authentication request")
            case .awaitingOk, .awaitingKeys, .finished:
                return failed("server login failed: unexpected authentication request")
            }
        } catch {
            return failed(Self.noDigest)
        }
    }

    private mutating func firstRequestReceived(
        _ request: AuthenticationRequest, _ data: ArraySlice<UInt8>
    ) throws(DigestError) -> Action {
        switch request {
        case .ok:
            return finished()
        case .cleartextPassword:
            return cleartextRequested()
        case .md5Password:
            return try md5Requested(salt: data)
        case .sasl:
            return try saslRequested(mechanisms: data)
        case .saslContinue, .saslFinal:
            return failed("server login failed: unexpected authentication request")
        default:
            return failed("server login failed: authentication method not supported: \(request.name)")
        }
    }

    private mutating func cleartextRequested() -> Action {
        switch credential.secret {
        case .plain(let password): return sendPassword(Array(password.utf8))
        // The server could not use it as a password, and whoever reads it on the way could.
        case .md5, .scram: return failed(Self.wrongPasswordType)
        case .none: return passwordMissing()
        }
    }

    private mutating func md5Requested(salt: ArraySlice<UInt8>) throws(DigestError) -> Action {
        guard salt.count == 4 else { return failed("server login failed: malformed authentication request") }
        let digests = context.digests
        let digest: [UInt8]
        switch credential.secret {
        case .plain(let password):
            digest = try MD5Password.digest(password: Array(password.utf8), user: user, digests)
        case .md5(let stored): digest = MD5Password.digest(ofSecret: stored)
        case .scram: return failed(Self.wrongPasswordType)
        case .none: return passwordMissing()
        }
        return sendPassword(try MD5Password.response(digest: digest, salt: Array(salt), digests))
    }

    private mutating func saslRequested(mechanisms: ArraySlice<UInt8>) throws(DigestError) -> Action {
        let offered = mechanisms.split(separator: 0)
        guard let (mechanism, binding) = mechanism(among: offered) else {
            return failed("server login failed: none of the server's SASL authentication mechanisms are supported")
        }
        switch (credential.secret, credential.scramKeys) {
        case (.plain, _), (_, .some): break
        case (.md5, .none), (.scram, .none): return failed(Self.wrongPasswordType)
        case (.none, .none): return passwordMissing()
        }
        let exchange = SCRAMClientExchange(nonce: context.nonce(), binding: binding)
        state = .awaitingSASLContinue(exchange)
        var writer = MessageWriter()
        writer.message(.password) {
            $0.cString(mechanism)
            $0.uint32(UInt32(clamping: exchange.clientFirst.count))
            $0.raw(exchange.clientFirst)
        }
        return .send(writer.bytes)
    }

    /// Which mechanism to use: bound to the channel wherever both can.
    private func mechanism(among offered: [ArraySlice<UInt8>]) -> (name: String, ChannelBinding)? {
        func isOffered(_ name: String) -> Bool { offered.contains { $0.elementsEqual(name.utf8) } }
        let (plain, plus) = (AuthenticationRequest.scramMechanism, AuthenticationRequest.scramPlusMechanism)
        switch channel {
        case .encrypted(let hash?) where isOffered(plus):
            return (plus, .serverEndpoint(hash))
        case .encrypted(.some):
            return isOffered(plain) ? (plain, .unused) : nil
        case .plain, .encrypted(nil):
            return isOffered(plain) ? (plain, .none) : nil
        }
    }

    private mutating func serverFirstReceived(
        _ message: ArraySlice<UInt8>, _ exchange: SCRAMClientExchange
    ) throws(DigestError) -> Action {
        guard let challenge = exchange.serverFirstReceived(message) else {
            return failed("server login failed: malformed SCRAM message")
        }
        guard case .plain(let password) = credential.secret else {
            guard let keys = credential.scramKeys else { return failed(Self.wrongPasswordType) }
            return try answer(challenge, keys)
        }
        // More work than a login is worth.
        guard challenge.iterations <= Digests.maximumIterations else {
            return failed("server login failed: too many SCRAM iterations (\(challenge.iterations))")
        }
        let derivation = SCRAMDerivation(
            password: SCRAMText.prepared(password), salt: challenge.salt, iterations: challenge.iterations)
        if let keys = try context.knownKeys(derivation) { return try answer(challenge, keys) }
        state = .awaitingKeys(challenge)
        return .derive(derivation)
    }

    /// Whether the next step is not the server's.
    var isSuspended: Bool {
        if case .awaitingKeys = state { true } else { false }
    }

    /// What `derive` asked for has come.
    mutating func keysDerived(_ outcome: SCRAMDerivation.Outcome) -> Action {
        guard case .awaitingKeys(let challenge) = state else {
            return failed("server login failed: unexpected authentication request")
        }
        switch outcome {
        case .keys(let keys):
            do {
                return try answer(challenge, keys)
            } catch {
                return failed(Self.noDigest)
            }
        case .impossible: return failed(Self.noDigest)
        case .queueFull: return failed("server login failed: too many logins wait for their password check")
        }
    }

    private mutating func answer(
        _ challenge: SCRAMClientExchange.Challenge, _ keys: SCRAMKeys
    ) throws(DigestError) -> Action {
        let digests = context.digests
        let proof = try keys.proof(authMessage: challenge.authMessage, digests)
        let signature = try digests.hmac(key: keys.serverKey, challenge.authMessage)
        state = .awaitingSASLFinal(signature: signature)
        var writer = MessageWriter()
        writer.message(.password) { $0.raw(challenge.clientFinal(proof: proof)) }
        return .send(writer.bytes)
    }

    private mutating func serverFinalReceived(_ message: ArraySlice<UInt8>, expected: SHA256Value) -> Action {
        guard let signature = SCRAMClientExchange.serverSignature(in: message) else {
            return failed("server login failed: failed to verify server signature")
        }
        guard signature == expected else { return failed("server login failed: invalid server signature") }
        state = .awaitingOk
        return .wait
    }

    private mutating func sendPassword(_ password: [UInt8]) -> Action {
        state = .awaitingOk
        var writer = MessageWriter()
        writer.message(.password) { $0.cString(password) }
        return .send(writer.bytes)
    }

    private mutating func passwordMissing() -> Action {
        failed("server login failed: no password is known for user \"\(user)\"")
    }

    private mutating func finished() -> Action {
        state = .finished
        return .wait
    }

    private mutating func failed(_ reason: String) -> Action {
        state = .finished
        return .failed(reason)
    }
}
