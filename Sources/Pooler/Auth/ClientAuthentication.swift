/// How one client proves who it is: the machine of the login after the startup packet.
///
/// Unknown users, and users whose secret cannot serve the method, go through the same messages as others and fail at
/// the end. The shell bounds the time that a client may take.
struct ClientAuthentication: Sendable {
    /// `auth_type`, or the method of an HBA rule.
    enum Method: Sendable {
        /// Everybody is let in: servers are logged in to as the database's forced user.
        case any
        /// Every known user is let in.
        case trust
        /// The password in clear text; any kind of secret serves.
        case plain
        /// A salted MD5 of a plain or md5 secret; for a user with a SCRAM secret it becomes `scramSHA256`.
        case md5
        /// SCRAM-SHA-256 with a plain or SCRAM secret.
        case scramSHA256
        /// A known user comes in whose certificate, or its map, names it.
        case cert(isNamed: Bool)
        /// A known user comes in whose Unix account, or its map, names it.
        case peer(isNamed: Bool)
        /// The password in clear text, judged by somebody else. The user need not be known.
        case checked(PasswordCheck)
        /// Nobody comes in.
        case refused(AuthenticationFailure)
    }

    /// The longest message of the exchange with its header, in bytes: what nobody has any use for is not kept for a stranger.
    var messageLimit: Int {
        switch method {
        case .md5, .scramSHA256: 8 * 1024
        case .any, .trust, .plain, .cert, .peer, .checked, .refused: 60 * 1024
        }
    }

    /// What to do now. Bytes are whole messages.
    enum Action {
        case send([UInt8])
        /// Have the password judged, and answer with `verdictArrived`.
        case check(PasswordCheck, password: [UInt8])
        /// Have keys derived, and answer with `keysDerived`.
        case derive(SCRAMDerivation)
        /// `send` goes before AuthenticationOk, which is the welcome's.
        case succeeded(Credential, send: [UInt8])
        case failed(AuthenticationFailure)
    }

    private enum State: Sendable {
        /// → awaitingPassword, awaitingMD5, awaitingSASLInitialResponse, finished
        case idle
        /// → awaitingVerdict, awaitingKeys, finished
        case awaitingPassword
        /// → finished
        case awaitingVerdict(PasswordCheck, password: [UInt8])
        /// → awaitingKeys, finished
        case awaitingKeys(KeyUse)
        /// → finished
        case awaitingMD5(salt: [UInt8])
        /// → awaitingSASLResponse, finished
        case awaitingSASLInitialResponse
        /// → awaitingKeys, finished
        case awaitingSASLResponse(SCRAMServerExchange)
        case finished
    }

    /// What derived keys are for.
    private enum KeyUse: Sendable {
        /// To compare the password with the stored secret, or with nothing where the user has none.
        case password(known: [UInt8], stored: SCRAMSecret)
        /// They are the plain secret's: to check the client's proof with.
        case proof(SCRAMServerExchange, SCRAMServerExchange.ClientFinal)
        /// They are the empty password's, which a stored secret must not be made of. The client has proved itself.
        case emptiness(stored: SCRAMSecret, proven: SCRAMKeys, authMessage: [UInt8])
    }

    /// The longest PasswordMessage that is looked at, in bytes (Postgres: PG_MAX_AUTH_TOKEN_LENGTH).
    static let maximumLength = 65_535

    /// What was asked for.
    private let chosen: Method
    /// What that comes to with the user's secret.
    private let method: Method
    private let user: String
    private let isKnown: Bool
    private let secret: Secret
    private let context: AuthenticationContext
    /// What a user without a secret of use is answered as.
    private let assumed: SecretPopulation.Kind
    /// The hash of the certificate that the client sees; nil without TLS, and for a certificate that has none.
    private let endpointHash: [UInt8]?
    private var state = State.idle

    /// `secret` counts only if the user `isKnown`. `channelBinding` is what SCRAM can be bound to: the hash of our
    /// certificate where the client came by TLS.
    init(
        method: Method, user: String, isKnown: Bool, secret: Secret, context: AuthenticationContext,
        channelBinding endpointHash: [UInt8]? = nil
    ) {
        self.endpointHash = endpointHash
        self.user = user
        self.isKnown = isKnown
        self.secret = isKnown ? secret : .none
        self.context = context
        // Asked for those who exist too, so that it takes the same time.
        let assumed = (try? context.assumedKind(of: user)) ?? .plain
        self.assumed = assumed
        chosen = method
        switch (method, SecretPopulation.Kind(self.secret) ?? assumed) {
        case (.md5, .scram): self.method = .scramSHA256
        default: self.method = method
        }
    }

    /// The startup packet is done with: asks the client for its proof.
    mutating func started() -> Action {
        guard case .idle = state else { return failed() }
        switch method {
        case .any:
            return succeeded(Credential(secret: secret))
        case .trust:
            return isKnown ? succeeded(Credential(secret: secret)) : failed()
        case .cert(let isNamed), .peer(let isNamed):
            return isNamed && isKnown ? succeeded(Credential(secret: secret)) : failed()
        case .refused(let failure):
            return failed(failure)
        case .plain, .checked:
            state = .awaitingPassword
            return .send(AuthenticationRequest.cleartextPassword.message())
        case .md5:
            guard let salt = try? context.digests.random(4) else { return failed() }
            state = .awaitingMD5(salt: salt)
            return .send(AuthenticationRequest.md5Password.message(salt))
        case .scramSHA256:
            state = .awaitingSASLInitialResponse
            var mechanisms = Array(AuthenticationRequest.scramMechanism.utf8) + [0, 0]
            if endpointHash != nil {
                mechanisms = Array(AuthenticationRequest.scramPlusMechanism.utf8) + [0] + mechanisms
            }
            return .send(AuthenticationRequest.sasl.message(mechanisms))
        }
    }

    /// A message of type `p` has come: PasswordMessage, SASLInitialResponse or SASLResponse, by the state.
    mutating func passwordMessageReceived(_ body: RawSpan) -> Action {
        guard body.byteCount <= Self.maximumLength else { return failed() }
        let body = Digests.bytes(of: body)
        do {
            switch state {
            case .awaitingPassword: return try passwordReceived(body)
            case .awaitingMD5(let salt): return try md5Received(body, salt: salt)
            case .awaitingSASLInitialResponse: return try initialResponseReceived(body)
            case .awaitingSASLResponse(let exchange): return try responseReceived(body, exchange)
            case .idle, .awaitingVerdict, .awaitingKeys, .finished: return failed()
            }
        } catch {
            return failed()
        }
    }

    /// What `derive` asked for has come.
    mutating func keysDerived(_ outcome: SCRAMDerivation.Outcome) -> Action {
        guard case .awaitingKeys(let use) = state else { return failed() }
        switch outcome {
        case .impossible: return failed()
        case .queueFull: return failed(.tooManyDerivations)
        case .keys(let keys):
            do {
                return try keysArrived(keys, use)
            } catch {
                return failed()
            }
        }
    }

    /// Goes on with keys, at once where they are known.
    private mutating func withKeys(_ derivation: SCRAMDerivation, _ use: KeyUse) throws(DigestError) -> Action {
        if let keys = try context.knownKeys(derivation) { return try keysArrived(keys, use) }
        guard derivation.iterations <= Digests.maximumIterations else { return failed() }
        state = .awaitingKeys(use)
        return .derive(derivation)
    }

    private mutating func keysArrived(_ keys: SCRAMKeys, _ use: KeyUse) throws(DigestError) -> Action {
        let digests = context.digests
        switch use {
        case .password(let password, let stored):
            let isStored = try digests.sha256(keys.clientKey) == stored.storedKey
            guard isStored, keys.serverKey == stored.serverKey else { return failed() }
            return passwordProved(password)
        case .proof(let exchange, let final):
            let verifier = try keys.secret(salt: exchange.salt, iterations: exchange.iterations, digests)
            return try proofArrived(final, verifier)
        case .emptiness(let stored, let proven, let authMessage):
            // Postgres takes no empty password, and a secret that was made of one elsewhere lets nobody in either.
            guard keys.serverKey != stored.serverKey else { return failed() }
            return try proved(
                Credential(secret: secret, scramKeys: proven), serverKey: stored.serverKey, authMessage)
        }
    }

    /// What `check` asked for has been judged.
    mutating func verdictArrived(_ verdict: PasswordCheck.Verdict) -> Action {
        guard case .awaitingVerdict(let check, let password) = state else { return failed() }
        if let failure = check.failure(after: verdict) { return failed(failure) }
        guard check.opensServers, let text = String(validating: password, as: UTF8.self) else {
            return succeeded(Credential(secret: secret))
        }
        return succeeded(Credential(secret: .plain(text)))
    }

    private mutating func passwordReceived(_ body: [UInt8]) throws(DigestError) -> Action {
        guard let password = Self.string(body) else { return failed() }
        guard !password.isEmpty else { return failed(.emptyPassword) }
        if case .checked(let check) = method {
            state = .awaitingVerdict(check, password: password)
            return .check(check, password: password)
        }
        return try compare(password)
    }

    /// The password of a client against what is known of its user. One who does not exist costs as much as one who does.
    private mutating func compare(_ password: [UInt8]) throws(DigestError) -> Action {
        let digests = context.digests
        let isCorrect: Bool
        switch (secret, assumed) {
        case (.plain(let plain), _):
            isCorrect = try digests.areEqual(password, Array(plain.utf8)) && !plain.isEmpty
        case (.md5(let stored), _):
            let digest = try MD5Password.digest(password: password, user: user, digests)
            isCorrect = try digests.areEqual(digest, MD5Password.digest(ofSecret: stored))
        case (.scram(let stored), _):
            return try derive(password, toCompareWith: stored)
        case (.none, .plain):
            _ = try digests.areEqual(password, Array(user.utf8))
            isCorrect = false
        case (.none, .md5):
            _ = try digests.areEqual(MD5Password.digest(password: password, user: user, digests), Array(user.utf8))
            isCorrect = false
        case (.none, .scram(let iterations, let length)):
            let salt = try context.inventedSalt(for: user, length: length)
            let mock = try context.mockSecret(for: user, salt: salt, iterations: iterations)
            return try derive(password, toCompareWith: mock)
        }
        return isCorrect ? passwordProved(password) : failed()
    }

    private mutating func derive(
        _ password: [UInt8], toCompareWith stored: SCRAMSecret
    ) throws(DigestError) -> Action {
        try withKeys(
            SCRAMDerivation(
                password: password, salt: stored.salt, iterations: stored.iterations, expected: stored.serverKey),
            .password(known: password, stored: stored))
    }

    private mutating func passwordProved(_ password: [UInt8]) -> Action {
        // The password opens every server, whatever it asks for; the secret may not.
        let known = String(validating: password, as: UTF8.self).map(Secret.plain)
        return succeeded(Credential(secret: known ?? secret))
    }

    private mutating func md5Received(_ body: [UInt8], salt: [UInt8]) throws(DigestError) -> Action {
        let digests = context.digests
        guard let response = Self.string(body) else { return failed() }
        let ofEmpty = try MD5Password.digest(password: [], user: user, digests)
        // Whom the digest of the empty password stands for may never come in.
        var digest = ofEmpty
        switch secret {
        case .plain(let plain):
            digest = try MD5Password.digest(password: Array(plain.utf8), user: user, digests)
        case .md5(let stored):
            digest = MD5Password.digest(ofSecret: stored)
        case .none, .scram:
            break
        }
        let expected = try MD5Password.response(digest: digest, salt: salt, digests)
        let isCorrect = try digests.areEqual(response, expected)
        let isEmpty = try digests.areEqual(digest, ofEmpty)
        return isCorrect && !isEmpty ? succeeded(Credential(secret: secret)) : failed()
    }

    private mutating func initialResponseReceived(_ body: [UInt8]) throws(DigestError) -> Action {
        guard let end = body.firstIndex(of: 0) else { return failed() }
        guard let bindings = bindings(allowedBy: body[..<end]) else { return failed(.saslMechanism) }
        let data = body[(end + 1)...].dropFirst(4)
        let length = body[(end + 1)...].prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard body.count - end - 1 >= 4, length == data.count else { return failed() }
        let (salt, iterations) = try shownSalt()
        guard
            let exchange = SCRAMServerExchange(
                clientFirst: data, bindings: bindings, serverNonce: context.nonce(), salt: salt,
                iterations: iterations)
        else { return failed() }
        state = .awaitingSASLResponse(exchange)
        return .send(AuthenticationRequest.saslContinue.message(exchange.serverFirst))
    }

    /// The salt and the iterations that the client is shown: the stored ones, or those that somebody of this name would have.
    private func shownSalt() throws(DigestError) -> (salt: [UInt8], iterations: Int) {
        switch (secret, assumed) {
        case (.scram(let stored), _):
            _ = try context.inventedSalt(for: user)
            return (stored.salt, stored.iterations)
        case (.none, .scram(let iterations, let length)), (.md5, .scram(let iterations, let length)):
            return (try context.inventedSalt(for: user, length: length), iterations)
        case (.plain, _), (.none, _), (.md5, _):
            return (try context.inventedSalt(for: user), context.scramIterations)
        }
    }

    /// What a client may say of channel binding under the mechanism that it chose; nil for one that was not offered.
    ///
    /// Once binding was offered, a client that says `y` (it could, but thinks that we cannot) was told otherwise by somebody
    /// in between (RFC 5802, section 6).
    private func bindings(allowedBy mechanism: ArraySlice<UInt8>) -> [ChannelBinding]? {
        if mechanism.elementsEqual(AuthenticationRequest.scramMechanism.utf8) {
            return endpointHash == nil ? [.none, .unused] : [.none]
        }
        guard let endpointHash, mechanism.elementsEqual(AuthenticationRequest.scramPlusMechanism.utf8) else {
            return nil
        }
        return [.serverEndpoint(endpointHash)]
    }

    private mutating func responseReceived(
        _ body: [UInt8], _ exchange: SCRAMServerExchange
    ) throws(DigestError) -> Action {
        guard let final = exchange.clientFinalReceived(body[...]) else { return failed() }
        switch secret {
        case .scram(let stored):
            return try proofArrived(final, stored)
        case .plain(let plain):
            // What it is derived to is found by the secret as it is now, never by what it was.
            return try withKeys(
                SCRAMDerivation(
                    password: SCRAMText.prepared(plain), salt: exchange.salt, iterations: exchange.iterations),
                .proof(exchange, final))
        case .none, .md5:
            let mock = try context.mockSecret(for: user, salt: exchange.salt, iterations: exchange.iterations)
            return try proofArrived(final, mock)
        }
    }

    /// The proof of a client, and what to check it with.
    private mutating func proofArrived(
        _ final: SCRAMServerExchange.ClientFinal, _ verifier: SCRAMSecret
    ) throws(DigestError) -> Action {
        let keys = try verifier.keys(provenBy: final.proof, authMessage: final.authMessage, context.digests)
        guard let keys else { return failed() }
        switch secret {
        case .none, .md5:
            return failed()
        case .plain(let plain):
            guard !plain.isEmpty else { return failed() }
            return try proved(Credential(secret: secret), serverKey: verifier.serverKey, final.authMessage)
        case .scram(let stored):
            return try withKeys(
                SCRAMDerivation(password: [], salt: stored.salt, iterations: stored.iterations),
                .emptiness(stored: stored, proven: keys, authMessage: final.authMessage))
        }
    }

    /// The client has proved itself: so do we.
    private mutating func proved(
        _ credential: Credential, serverKey: SHA256Value, _ authMessage: [UInt8]
    ) throws(DigestError) -> Action {
        let signature = try context.digests.hmac(key: serverKey, authMessage)
        let serverFinal = Array("v=".utf8) + Base64.encode(signature.bytes)
        return succeeded(credential, send: AuthenticationRequest.saslFinal.message(serverFinal))
    }

    private mutating func succeeded(_ credential: Credential, send bytes: [UInt8] = []) -> Action {
        state = .finished
        return .succeeded(credential, send: bytes)
    }

    private mutating func failed(_ failure: AuthenticationFailure? = nil) -> Action {
        state = .finished
        // By the method that was asked for: under md5 all fail in the same words, whatever their secret made of it.
        switch chosen {
        case .any, .trust: return .failed(failure ?? .trust)
        case .plain, .md5: return .failed(failure ?? .password)
        case .scramSHA256: return .failed(failure ?? .sasl)
        case .cert: return .failed(failure ?? .certificate)
        case .peer: return .failed(failure ?? .peer)
        case .checked(let check): return .failed(failure ?? check.failure)
        case .refused(let refusal): return .failed(failure ?? refusal)
        }
    }

    /// The content of a body that is one zero-terminated string and nothing else.
    private static func string(_ body: [UInt8]) -> [UInt8]? {
        body.firstIndex(of: 0) == body.count - 1 ? body.dropLast() : nil
    }
}
