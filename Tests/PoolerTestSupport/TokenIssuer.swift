import Synchronization

/// Signs JSON Web Tokens with a key of its own, by the openssl command; what it signs is anybody's business.
public final class TokenIssuer: Sendable {
    /// The kinds of keys, by the algorithm of their tokens.
    public enum Kind: String, CaseIterable, Sendable {
        /// RSA with 2048 bits.
        case rs256 = "RS256"
        /// P-256.
        case es256 = "ES256"
        /// Ed25519.
        case edDSA = "EdDSA"
    }

    /// What its key is.
    public let kind: Kind
    private let home: TemporaryDirectory
    private let files = Atomic<Int>(0)
    private var keyFile: String { home.file("key.pem") }

    /// Makes a key.
    public init(_ kind: Kind, rsaBits: Int = 2048) throws {
        self.kind = kind
        home = try TemporaryDirectory("issuer")
        let words: [String] =
            switch kind {
            case .rs256: ["RSA", "-pkeyopt", "rsa_keygen_bits:\(rsaBits)"]
            case .es256: ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .edDSA: ["ED25519"]
            }
        try ChildProcess.check(["openssl", "genpkey", "-algorithm"] + words + ["-out", home.file("key.pem")])
    }

    /// Its public key as an element of a JWKS; `more` are further members as JSON.
    public func publicKey(id: String? = nil, more: String = "") throws -> String {
        let encoded = try output(["openssl", "pkey", "-in", keyFile, "-pubout", "-outform", "DER"])
        let numbers: String =
            switch kind {
            case .rs256: "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"\(base64URL(try modulus()))\""
            case .es256:
                "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\(base64URL(encoded.suffix(64).prefix(32)))\",\"y\":\"\(base64URL(encoded.suffix(32)))\""
            case .edDSA: "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\(base64URL(encoded.suffix(32)))\""
            }
        return "{\(numbers)\(id.map { ",\"kid\":\"\($0)\"" } ?? "")\(more)}"
    }

    /// A token with these claims (JSON) and its true algorithm, or whatever the header says.
    public func token(_ claims: String, header: String? = nil) throws -> String {
        let header = header ?? "{\"alg\":\"\(kind.rawValue)\",\"typ\":\"JWT\"}"
        let signed = "\(base64URL(header.utf8)).\(base64URL(claims.utf8))"
        return "\(signed).\(base64URL(try sign(signed)))"
    }

    /// The raw signature of some text.
    public func sign(_ text: String) throws -> [UInt8] {
        let file = newFile()
        try writeFile(file, text)
        switch kind {
        case .rs256:
            return try output(["openssl", "dgst", "-sha256", "-sign", keyFile, file])
        case .es256:
            return Self.numbers(try output(["openssl", "dgst", "-sha256", "-sign", keyFile, file]))
        case .edDSA:
            return try output(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", keyFile, "-in", file])
        }
    }

    private func modulus() throws -> [UInt8] {
        let text = String(
            decoding: try output(["openssl", "rsa", "-in", keyFile, "-noout", "-modulus"]), as: UTF8.self)
        let digits = Array(text.split(separator: "=").last?.utf8.filter { $0 > 32 } ?? [])
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }

    private func newFile() -> String { home.file("\(files.wrappingAdd(1, ordering: .relaxed).newValue)") }

    /// What a command writes, as bytes.
    private func output(_ command: [String]) throws -> [UInt8] {
        let file = newFile()
        let script = "exec \"$@\" > \(file)"
        try ChildProcess.check(["sh", "-c", script, "sh"] + command)
        return readBytes(file)
    }

    /// r and s of an ECDSA signature in DER, 32 bytes each.
    private static func numbers(_ encoded: [UInt8]) -> [UInt8] {
        var rest = encoded.dropFirst(2)
        var result: [UInt8] = []
        for _ in 0..<2 {
            let length = Int(rest[rest.startIndex + 1])
            let number = rest.dropFirst(2).prefix(length).drop { $0 == 0 }
            result += [UInt8](repeating: 0, count: 32 - number.count) + number
            rest = rest.dropFirst(2 + length)
        }
        return result
    }
}

/// Base64 for URLs, without padding.
public func base64URL(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    var bits = 0
    var held = 0
    for byte in bytes {
        bits = (bits << 8 | Int(byte)) & 0xFFFF
        held += 8
        while held >= 6 {
            held -= 6
            text.append(digits[bits >> held & 63])
        }
    }
    if held > 0 { text.append(digits[bits << (6 - held) & 63]) }
    return String(decoding: text, as: UTF8.self)
}
