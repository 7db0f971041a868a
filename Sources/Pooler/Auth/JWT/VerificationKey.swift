import COpenSSL

/// A public key that tokens are signed with, as OpenSSL holds it. Immutable, and shared by all workers.
@safe
final class VerificationKey: @unchecked Sendable {
    let algorithm: JSONWebToken.Algorithm
    /// Its `kid`.
    let id: String?
    private let key: OpaquePointer

    /// RSA keys below are broken soon, and those above cost too much to check.
    private static let rsaBits = 2048...8192

    init(rsaModulus modulus: [UInt8], exponent: [UInt8], id: String?) throws(JSONWebKeySet.Unusable) {
        let bits = modulus.drop { $0 == 0 }
        guard Self.rsaBits ~= bits.count * 8 - (bits.first?.leadingZeroBitCount ?? 0) else {
            throw Self.unusable("RSA keys have from \(Self.rsaBits.lowerBound) to \(Self.rsaBits.upperBound) bits")
        }
        guard exponent.count <= 8, exponent.last.map({ $0 % 2 == 1 }) == true, exponent != [1] else {
            throw Self.unusable("its exponent is not sensible")
        }
        guard let key = unsafe openssl_rsa_public_key(modulus, modulus.count, exponent, exponent.count) else {
            throw Self.unusable("OpenSSL does not take it")
        }
        unsafe self.key = key
        self.id = id
        algorithm = .rs256
    }

    init(p256X x: [UInt8], y: [UInt8], id: String?) throws(JSONWebKeySet.Unusable) {
        guard x.count == 32, y.count == 32 else { throw Self.unusable("its coordinates have not 32 bytes") }
        let point = [4] + x + y
        guard let key = unsafe openssl_p256_public_key(point, point.count) else {
            throw Self.unusable("it is no point of its curve")
        }
        unsafe self.key = key
        self.id = id
        algorithm = .es256
    }

    init(ed25519 bytes: [UInt8], id: String?) throws(JSONWebKeySet.Unusable) {
        guard bytes.count == 32,
            let key = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { throw Self.unusable("it has not 32 bytes") }
        unsafe self.key = key
        self.id = id
        algorithm = .edDSA
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// Whether the signature of a token is this key's.
    func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        switch algorithm {
        case .rs256: return unsafe openssl_verify_rs256(key, signature, signature.count, bytes, bytes.count) == 1
        case .es256:
            guard signature.count == 64 else { return false }
            return unsafe openssl_verify_es256(key, signature, bytes, bytes.count) == 1
        case .edDSA: return unsafe openssl_verify_ed25519(key, signature, signature.count, bytes, bytes.count) == 1
        }
    }

    private static func unusable(_ text: String) -> JSONWebKeySet.Unusable {
        ERR_clear_error()
        return JSONWebKeySet.Unusable(description: text)
    }
}
