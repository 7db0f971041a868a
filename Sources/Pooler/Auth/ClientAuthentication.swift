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

    /// What to do now. Bytes are whole messages.
    enum Action {
        case send([UInt8])
        /// Have the password judged, and answer with `verdictArrived`.
        case check(PasswordCheck, password: [UInt8])
        /// `send` goes before AuthenticationOk, which is the welcome's.
        case succeeded(Credential, send: [UInt8])
        case failed(AuthenticationFailure)
    }

    private enum State: Sendable {
        /// → awaitingPassword, awaitingMD5, awaitingSASLInitialResponse, finished
        case idle
        /// → awaitingVerdict, finished
        case awaitingPassword
        /// → finished
        case awaitingVerdict(PasswordCheck, password: [UInt8])
        /// → finished
        case awaitingMD5(salt: [UInt8])
        /// → awaitingSASLResponse, finished
        case awaitingSASLInitialResponse
        /// → finished
        case awaitingSASLResponse(SCRAMServerExchange)
        case finished
    }

    /// The longest PasswordMessage that is looked at, in bytes (Postgres: PG_MAX_AUTH_TOKEN_LENGTH).
    static let maximumLength = 65_535

    private let method: Method
    private let user: String
    private let isKnown: Bool
    private let secret: Secret
    private let context: AuthenticationContext
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
        if case .scram = self.secret, case .md5 = method {
            self.method = .scramSHA256
        } else {
            self.method = method
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
            case .idle, .awaitingVerdict, .finished: return failed()
            }
        } catch {
            return failed()
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
        guard try isCorrect(password) else { return failed() }
        // The password opens every server, whatever it asks for; the secret may not.
        let known = String(validating: password, as: UTF8.self).map(Secret.plain)
        return succeeded(Credential(secret: known ?? secret))
    }

    private func isCorrect(_ password: [UInt8]) throws(DigestError) -> Bool {
        let digests = context.digests
        switch secret {
        case .none:
            // As much work as for a known user with a plain secret.
            _ = try digests.areEqual(password, Array(user.utf8))
            return false
        case .plain(let plain):
            return try digests.areEqual(password, Array(plain.utf8)) && !plain.isEmpty
        case .md5(let stored):
            let digest = try MD5Password.digest(password: password, user: user, digests)
            return try digests.areEqual(digest, MD5Password.digest(ofSecret: stored))
        case .scram(let stored):
            let isStored = { (keys: SCRAMKeys) in keys.serverKey == stored.serverKey }
            let keys = try context.scramKeys(
                password: password, salt: stored.salt, iterations: stored.iterations, isWorthKeeping: isStored)
            return try digests.sha256(keys.clientKey) == stored.storedKey && isStored(keys)
        }
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
        var salt = try context.inventedSalt(for: user)
        var iterations = context.scramIterations
        if case .scram(let stored) = secret {
            salt = stored.salt
            iterations = stored.iterations
        }
        guard
            let exchange = SCRAMServerExchange(
                clientFirst: data, bindings: bindings, serverNonce: try context.nonce(), salt: salt,
                iterations: iterations)
        else { return failed() }
        state = .awaitingSASLResponse(exchange)
        return .send(AuthenticationRequest.saslContinue.message(exchange.serverFirst))
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
        let digests = context.digests
        let verifier = try verifier(for: exchange)
        let keys = try verifier.keys(provenBy: final.proof, authMessage: final.authMessage, digests)
        guard let keys else { return failed() }
        let credential: Credential
        switch secret {
        case .none, .md5:
            return failed()
        case .plain(let plain):
            guard !plain.isEmpty else { return failed() }
            credential = Credential(secret: secret)
        case .scram(let stored):
            guard try !isOfEmptyPassword(stored) else { return failed() }
            credential = Credential(secret: secret, scramKeys: keys)
        }
        let signature = try digests.hmac(key: verifier.serverKey, final.authMessage)
        let serverFinal = Array("v=".utf8) + Base64.encode(signature.bytes)
        return succeeded(credential, send: AuthenticationRequest.saslFinal.message(serverFinal))
    }

    /// What to check the proof with. That of a plain secret is derived from the secret as it is now, or found by it.
    private func verifier(for exchange: SCRAMServerExchange) throws(DigestError) -> SCRAMSecret {
        switch secret {
        case .scram(let stored):
            return stored
        case .plain(let plain):
            let keys = try context.scramKeys(
                password: SCRAMText.prepared(plain), salt: exchange.salt, iterations: exchange.iterations)
            return try keys.secret(salt: exchange.salt, iterations: exchange.iterations, context.digests)
        case .none, .md5:
            return try context.mockSecret(for: user, salt: exchange.salt, iterations: exchange.iterations)
        }
    }

    /// Postgres takes no empty password, and a secret that was made of one elsewhere lets nobody in either.
    private func isOfEmptyPassword(_ stored: SCRAMSecret) throws(DigestError) -> Bool {
        let ofEmpty = try context.scramKeys(password: [], salt: stored.salt, iterations: stored.iterations)
        return ofEmpty.serverKey == stored.serverKey
    }

    private mutating func succeeded(_ credential: Credential, send bytes: [UInt8] = []) -> Action {
        state = .finished
        return .succeeded(credential, send: bytes)
    }

    private mutating func failed(_ failure: AuthenticationFailure? = nil) -> Action {
        state = .finished
        switch method {
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
