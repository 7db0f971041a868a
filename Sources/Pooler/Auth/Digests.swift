import COpenSSL

/// Why a primitive did not run: OpenSSL has no memory, no entropy, or (MD5 under FIPS) no permission.
enum DigestError: Error {
    case unavailable
}

/// A SHA-256 or HMAC-SHA-256 value. Most of those here are keys, so `==` takes the same time whatever differs, and
/// the description shows nothing.
struct SHA256Value: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    fileprivate var storage = InlineArray<32, UInt8>(repeating: 0)

    fileprivate init() {}

    /// Nil unless there are exactly 32 bytes.
    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        for (index, byte) in zip(0..<32, bytes) { storage[index] = byte }
    }

    var bytes: [UInt8] { (0..<32).map { storage[$0] } }

    static func ^ (left: Self, right: Self) -> Self {
        var result = left
        for index in 0..<32 { result.storage[index] ^= right.storage[index] }
        return result
    }

    static func == (left: Self, right: Self) -> Bool {
        unsafe left.storage.span.withUnsafeBufferPointer { left in
            unsafe right.storage.span.withUnsafeBufferPointer { right in
                unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, 32) == 0
            }
        }
    }

    func hash(into hasher: inout Hasher) {
        // The value is itself a hash: a few of its bytes tell it apart.
        for index in 0..<8 { hasher.combine(storage[index]) }
    }

    var description: String { "(hidden)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// OpenSSL's digests, MAC, key derivation and random numbers: the one place of this folder that holds pointers.
///
/// The algorithms are fetched once and the contexts are used again and again, so that a digest allocates nothing.
/// One thread owns an instance.
@safe
final class Digests {
    /// The most iterations that `pbkdf2` runs: beyond, a peer's wish would stall a worker for a second.
    /// OWASP advises 600,000 for PBKDF2-HMAC-SHA256; Postgres's own default is 4096.
    static let maximumIterations = 1_000_000

    private let sha256Algorithm: OpaquePointer
    /// Nil where the OpenSSL configuration (FIPS) has no MD5.
    private let md5Algorithm: OpaquePointer?
    private let hmacAlgorithm: OpaquePointer
    private let digestContext: OpaquePointer
    private let hmacContext: OpaquePointer

    init() throws(DigestError) {
        // What was made before a failure is not given back: without SHA-256 the process ends at once.
        guard let sha256 = unsafe EVP_MD_fetch(nil, "SHA256", nil),
            let hmac = unsafe EVP_MAC_fetch(nil, "HMAC", nil),
            let digestContext = unsafe EVP_MD_CTX_new(),
            let hmacContext = unsafe EVP_MAC_CTX_new(hmac),
            unsafe Self.selectSHA256(hmacContext)
        else {
            ERR_clear_error()
            throw .unavailable
        }
        unsafe sha256Algorithm = sha256
        unsafe hmacAlgorithm = hmac
        unsafe self.digestContext = digestContext
        unsafe self.hmacContext = hmacContext
        unsafe md5Algorithm = EVP_MD_fetch(nil, "MD5", nil)
        ERR_clear_error()
    }

    deinit {
        unsafe EVP_MAC_CTX_free(hmacContext)
        unsafe EVP_MD_CTX_free(digestContext)
        unsafe EVP_MAC_free(hmacAlgorithm)
        unsafe EVP_MD_free(md5Algorithm)
        unsafe EVP_MD_free(sha256Algorithm)
    }

    func sha256(_ bytes: [UInt8]) throws(DigestError) -> SHA256Value {
        try sha256(of: bytes.span)
    }

    func sha256(_ value: SHA256Value) throws(DigestError) -> SHA256Value {
        try sha256(of: value.storage.span)
    }

    /// The MD5 of some bytes as 32 lower-case hexadecimal digits, as Postgres's `pg_md5_hash` writes it.
    func md5Hex(_ bytes: [UInt8]) throws(DigestError) -> [UInt8] {
        guard let algorithm = unsafe md5Algorithm else { throw .unavailable }
        var value = InlineArray<16, UInt8>(repeating: 0)
        try unsafe digest(algorithm, bytes.span, into: &value)
        var text: [UInt8] = []
        text.reserveCapacity(32)
        for index in value.indices {
            text.append(Self.digit(value[index] >> 4))
            text.append(Self.digit(value[index] & 15))
        }
        return text
    }

    func hmac(key: SHA256Value, _ message: [UInt8]) throws(DigestError) -> SHA256Value {
        var value = SHA256Value()
        var length = 0
        let done = unsafe key.storage.span.withUnsafeBufferPointer { key in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe withUnsafeMutableBytes(of: &value.storage) { out in
                    unsafe EVP_MAC_init(hmacContext, key.baseAddress, key.count, nil) == 1
                        && EVP_MAC_update(hmacContext, message.baseAddress, message.count) == 1
                        && EVP_MAC_final(hmacContext, out.baseAddress, &length, out.count) == 1
                }
            }
        }
        try check(done && length == 32)
        return value
    }

    /// PBKDF2 with HMAC-SHA-256: SCRAM's `Hi` (RFC 5802, section 2.2). More than `maximumIterations` are refused.
    func pbkdf2(password: [UInt8], salt: [UInt8], iterations: Int) throws(DigestError) -> SHA256Value {
        guard 1...Self.maximumIterations ~= iterations,
            let passwordLength = Int32(exactly: password.count), let saltLength = Int32(exactly: salt.count)
        else { throw .unavailable }
        var value = SHA256Value()
        let done = unsafe password.withUnsafeBytes { password in
            unsafe salt.withUnsafeBufferPointer { salt in
                unsafe withUnsafeMutableBytes(of: &value.storage) { out in
                    let characters = unsafe password.baseAddress?.assumingMemoryBound(to: CChar.self)
                    return unsafe PKCS5_PBKDF2_HMAC(
                        characters, passwordLength, salt.baseAddress, saltLength, Int32(iterations),
                        sha256Algorithm, 32, out.baseAddress) == 1
                }
            }
        }
        try check(done)
        return value
    }

    /// Bytes that nobody can foretell.
    func random(_ count: Int) throws(DigestError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let done = unsafe bytes.withUnsafeMutableBufferPointer { out in
            unsafe RAND_bytes(out.baseAddress, Int32(clamping: out.count)) == 1
        }
        try check(done)
        return bytes
    }

    /// Whether two texts are the same; tells neither where they differ nor, in time, how long they are.
    func areEqual(_ left: [UInt8], _ right: [UInt8]) throws(DigestError) -> Bool {
        let hashes = (try sha256(left), try sha256(right))
        return hashes.0 == hashes.1
    }

    /// A copy of a message's body.
    static func bytes(of body: RawSpan) -> [UInt8] {
        unsafe body.withUnsafeBytes { unsafe Array($0) }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    private func sha256(of bytes: Span<UInt8>) throws(DigestError) -> SHA256Value {
        var value = SHA256Value()
        try unsafe digest(sha256Algorithm, bytes, into: &value.storage)
        return value
    }

    private func digest<let count: Int>(
        _ algorithm: OpaquePointer, _ bytes: Span<UInt8>, into value: inout InlineArray<count, UInt8>
    ) throws(DigestError) {
        var length: UInt32 = 0
        let done = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe withUnsafeMutableBytes(of: &value) { out in
                let address = unsafe out.baseAddress?.assumingMemoryBound(to: UInt8.self)
                return unsafe EVP_DigestInit_ex2(digestContext, algorithm, nil) == 1
                    && EVP_DigestUpdate(digestContext, bytes.baseAddress, bytes.count) == 1
                    && EVP_DigestFinal_ex(digestContext, address, &length) == 1
            }
        }
        try check(done && length == count)
    }

    private static func selectSHA256(_ context: OpaquePointer) -> Bool {
        unsafe openssl_mac_set_hmac_sha256(context, nil, 0) == 1
    }

    /// Errors must not stay in the thread's queue: the TLS code would take them for its own.
    private func check(_ done: Bool) throws(DigestError) {
        guard done else {
            ERR_clear_error()
            throw .unavailable
        }
    }
}
