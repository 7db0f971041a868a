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
    private var cache = SCRAMCache()

    /// A count of iterations outside the bounds is taken to the nearest one.
    init(key: AuthenticationKey, scramIterations: Int = 4096) throws(DigestError) {
        digests = try Digests()
        self.key = key
        self.scramIterations = Self.clamped(scramIterations)
    }

    /// The salt for a user who has none of his own: unknown users and those whose secret is plain, so that neither can
    /// be told from the other, nor by asking twice or another worker.
    func inventedSalt(for user: String) throws(DigestError) -> [UInt8] {
        Array(try digests.hmac(key: key.value, Array("salt:\(user)".utf8)).bytes.prefix(16))
    }

    /// A secret that belongs to no password, to do the usual work with.
    func mockSecret(for user: String, salt: [UInt8], iterations: Int) throws(DigestError) -> SCRAMSecret {
        SCRAMSecret(
            iterations: iterations, salt: salt,
            storedKey: try digests.hmac(key: key.value, Array("stored:\(user)".utf8)),
            serverKey: try digests.hmac(key: key.value, Array("server:\(user)".utf8)))
    }

    /// A nonce of 24 characters, as long as Postgres's.
    func nonce() throws(DigestError) -> [UInt8] {
        Base64.encode(try digests.random(18))
    }

    /// The SCRAM keys of a password, from the cache if they were derived before.
    ///
    /// `isWorthKeeping`: not a guess at a password, which would push out entries that serve.
    func scramKeys(
        password: [UInt8], salt: [UInt8], iterations: Int, isWorthKeeping: (SCRAMKeys) -> Bool = { _ in true }
    ) throws(DigestError) -> SCRAMKeys {
        var writer = MessageWriter()
        for field in [password, salt] {
            writer.uint32(UInt32(clamping: field.count))
            writer.raw(field)
        }
        writer.uint32(UInt32(clamping: iterations))
        let id = try digests.hmac(key: key.value, writer.bytes)
        if let keys = cache.keys(for: id) { return keys }
        let keys = try SCRAMKeys(password: password, salt: salt, iterations: iterations, digests)
        if isWorthKeeping(keys) { cache.insert(keys, for: id) }
        return keys
    }

    private static func clamped(_ iterations: Int) -> Int {
        min(max(iterations, 1), Digests.maximumIterations)
    }
}
