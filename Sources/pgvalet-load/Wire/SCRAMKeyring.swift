import COpenSSL
import Foundation
import Synchronization

/// The client's side of SCRAM-SHA-256 (RFC 5802) with keys that are made from the password once for each salt: a thousand
/// logins of one user should not cost a thousand times PBKDF2 in the one who makes the load.
final class SCRAMKeyring: Sendable {
    private struct Challenge: Hashable {
        let salt: Data
        let iterations: Int
    }

    private let password: [UInt8]
    private let clientKeys = Mutex<[Challenge: [UInt8]]>([:])

    init(password: String) { self.password = Array(password.utf8) }

    /// A new nonce.
    static func nonce() -> String {
        Data((0..<18).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
    }

    /// client-first-message.
    static func clientFirst(_ nonce: String) -> String { "n,,n=,r=\(nonce)" }

    /// client-final-message, for what the server said first.
    func clientFinal(_ nonce: String, answering serverFirst: String) throws -> String {
        let attributes = serverFirst.split(separator: ",").map { $0.dropFirst(2) }
        guard attributes.count == 3, let salt = Data(base64Encoded: String(attributes[1])),
            let iterations = Int(attributes[2])
        else { throw LoadError("server-first-message is malformed") }
        let withoutProof = "c=biws,r=\(attributes[0])"
        let message = "n=,r=\(nonce),\(serverFirst),\(withoutProof)"
        let clientKey = try clientKey(Challenge(salt: salt, iterations: iterations))
        let signature = Self.hmac(Self.sha256(clientKey), Array(message.utf8))
        let proof = Data(zip(clientKey, signature).map { $0 ^ $1 })
        return "\(withoutProof),p=\(proof.base64EncodedString())"
    }

    private func clientKey(_ challenge: Challenge) throws -> [UInt8] {
        if let known = clientKeys.withLock({ $0[challenge] }) { return known }
        var salted = [UInt8](repeating: 0, count: 32)
        let done = unsafe password.withUnsafeBytes { password in
            unsafe PKCS5_PBKDF2_HMAC(
                password.baseAddress, Int32(password.count), Array(challenge.salt), Int32(challenge.salt.count),
                Int32(challenge.iterations), EVP_sha256(), 32, &salted)
        }
        guard done == 1 else { throw LoadError("PBKDF2 failed") }
        let key = Self.hmac(salted, Array("Client Key".utf8))
        clientKeys.withLock { $0[challenge] = key }
        return key
    }

    private static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe SHA256(bytes, bytes.count, &digest)
        return digest
    }

    private static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        unsafe HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil)
        return code
    }
}
