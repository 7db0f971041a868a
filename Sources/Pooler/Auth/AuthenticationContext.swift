/// A random key made once when the process starts and given to every worker, so that all of them invent the same salt
/// for a user.
struct AuthenticationKey: Sendable {
    fileprivate let value: SHA256Value

    init() throws(DigestError) {
        let digests = try Digests()
        let seed = try digests.random(32)
        value = try digests.sha256(seed)
    }
}

/// What the authentications of one worker share: OpenSSL's contexts, the cache of derived keys, the settings.
///
/// One thread owns it with all machines that use it; `Sendable` only so that those can be moved there.
final class AuthenticationContext: @unchecked Sendable {
    let digests: Digests

    /// `scram_iterations`, 1 to `Digests.maximumIterations`; for plain secrets and unknown users.
    var scramIterations: Int {
        didSet { scramIterations = Self.clamped(scramIterations) }
    }

    private let key: AuthenticationKey
    private let derivations: KeyDerivations
    /// What nonces are made of.
    private var randomStock = RandomStock()
    /// What kinds of secrets there are.
    var population = SecretPopulation(.plain)

    /// A count of iterations outside the bounds is taken to the nearest one.
    init(
        key: AuthenticationKey, scramIterations: Int = 4096, derivations: KeyDerivations = KeyDerivations()
    ) throws(DigestError) {
        digests = try Digests()
        self.derivations = derivations
        self.key = key
        self.scramIterations = Self.clamped(scramIterations)
    }

    /// The salt for a user who has none of his own: unknown users and those whose secret is plain, so that neither can
    /// be told from the other, nor by asking twice or another worker.
    func inventedSalt(for user: String, length: Int = 16) throws(DigestError) -> [UInt8] {
        var salt: [UInt8] = []
        // One value is enough for any salt that Postgres makes.
        for part in 0..<max(1, (length + 31) / 32) {
            let text = part == 0 ? "salt:\(user)" : "salt \(part):\(user)"
            salt += try digests.hmac(key: key.value, Array(text.utf8)).bytes
        }
        return Array(salt.prefix(length))
    }

    /// A secret that belongs to no password, to do the usual work with.
    func mockSecret(for user: String, salt: [UInt8], iterations: Int) throws(DigestError) -> SCRAMSecret {
        SCRAMSecret(
            iterations: iterations, salt: salt,
            storedKey: try digests.hmac(key: key.value, Array("stored:\(user)".utf8)),
            serverKey: try digests.hmac(key: key.value, Array("server:\(user)".utf8)))
    }

    /// A nonce of 24 characters, as long as Postgres's.
    func nonce() -> [UInt8] { Base64.encode(randomStock.bytes(18)) }

    /// Keys that were derived before.
    func knownKeys(_ derivation: SCRAMDerivation) throws(DigestError) -> SCRAMKeys? {
        derivations.known(try id(of: derivation))
    }

    /// Has keys derived on another thread; false when too many wait for theirs.
    func derive(_ derivation: SCRAMDerivation, for waiter: KeyDerivations.Waiter) -> Bool {
        guard let id = try? id(of: derivation) else { return false }
        return derivations.derive(derivation, id: id, for: waiter)
    }

    /// Derives keys here and now.
    func derived(_ derivation: SCRAMDerivation) -> SCRAMDerivation.Outcome {
        guard let id = try? id(of: derivation) else { return .impossible }
        if let keys = derivations.known(id) { return .keys(keys) }
        let outcome = derivation.outcome(digests)
        if case .keys(let keys) = outcome { derivations.keep(keys, of: derivation, id: id) }
        return outcome
    }

    /// What a user without a secret is answered as; the same for the same name, by whichever worker.
    func assumedKind(of user: String) throws(DigestError) -> SecretPopulation.Kind {
        try population.kind { kind throws(DigestError) in
            let bytes = try digests.hmac(key: key.value, Array("kind:\(kind.label):\(user)".utf8)).bytes
            return (0..<SecretPopulation.parts).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        }
    }

    /// Names a derivation: only the very same password, salt and iteration count have it.
    private func id(of derivation: SCRAMDerivation) throws(DigestError) -> SHA256Value {
        var writer = MessageWriter(capacity: derivation.password.count + derivation.salt.count + 12)
        writer.uint32(UInt32(clamping: derivation.password.count))
        writer.raw(derivation.password)
        writer.uint32(UInt32(clamping: derivation.salt.count))
        writer.raw(derivation.salt)
        writer.uint32(UInt32(clamping: derivation.iterations))
        return try digests.hmac(key: key.value, writer.bytes)
    }

    private static func clamped(_ iterations: Int) -> Int {
        min(max(iterations, 1), Digests.maximumIterations)
    }
}
