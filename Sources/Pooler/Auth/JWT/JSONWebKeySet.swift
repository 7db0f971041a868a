/// The public keys of a JWKS file (RFC 7517) that tokens may be signed with. Others in it (for encryption, of other kinds, or
/// symmetric) are left out and named in `warnings`.
struct JSONWebKeySet: Sendable {
    /// Why a file is of no use.
    struct Unusable: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    static let sizeLimit = 1 << 20
    private static let keyLimit = 256

    let keys: [VerificationKey]
    let warnings: [String]

    init(_ bytes: [UInt8]) throws(Unusable) {
        guard bytes.count <= Self.sizeLimit else { throw Unusable(description: "more than \(Self.sizeLimit) bytes") }
        let root: JSONValue
        do throws(JSONValue.Malformed) {
            root = try JSONValue(bytes)
        } catch {
            throw Unusable(description: "no JSON at byte \(error.position)")
        }
        guard case .array(let list) = root["keys"] else {
            throw Unusable(description: "no JSON object with an array \"keys\"")
        }
        guard list.count <= Self.keyLimit else { throw Unusable(description: "more than \(Self.keyLimit) keys") }
        var keys: [VerificationKey] = []
        var warnings: [String] = []
        for (index, value) in list.enumerated() {
            do throws(Unusable) {
                keys.append(try Self.key(value))
            } catch {
                warnings.append("key \(index + 1) is not used: \(error.description)")
            }
        }
        guard !keys.isEmpty else {
            let why = warnings.isEmpty ? "" : " (\(warnings.joined(separator: "; ")))"
            throw Unusable(description: "no key for RS256, ES256 or EdDSA\(why)")
        }
        self.keys = keys
        self.warnings = warnings
    }

    private static func key(_ value: JSONValue) throws(Unusable) -> VerificationKey {
        guard let kind = value["kty"]?.string else { throw Unusable(description: "it has no kty") }
        if let use = value["use"], use.string != "sig" { throw Unusable(description: "it is not for signatures (use)") }
        if case .array(let operations) = value["key_ops"], !operations.contains(.string("verify")) {
            throw Unusable(description: "it is not for signatures (key_ops)")
        }
        guard value["d"] == nil, value["k"] == nil else {
            throw Unusable(description: "it is a secret key, which has no place here")
        }
        let id = value["kid"]?.string
        let key: VerificationKey
        switch kind {
        case "RSA":
            key = try VerificationKey(
                rsaModulus: number(value, "n"), exponent: number(value, "e"), id: id)
        case "EC":
            guard value["crv"]?.string == "P-256" else { throw Unusable(description: "its curve is not P-256") }
            key = try VerificationKey(p256X: number(value, "x"), y: number(value, "y"), id: id)
        case "OKP":
            guard value["crv"]?.string == "Ed25519" else { throw Unusable(description: "its curve is not Ed25519") }
            key = try VerificationKey(ed25519: number(value, "x"), id: id)
        default:
            throw Unusable(description: "its kty is not RSA, EC or OKP")
        }
        if let algorithm = value["alg"], algorithm.string != key.algorithm.rawValue {
            throw Unusable(description: "its alg is not \(key.algorithm.rawValue)")
        }
        return key
    }

    private static func number(_ value: JSONValue, _ name: String) throws(Unusable) -> [UInt8] {
        guard let text = value[name]?.string, let bytes = Base64.decodeURL(Array(text.utf8)[...]), !bytes.isEmpty else {
            throw Unusable(description: "its \(name) is not Base64url")
        }
        return bytes
    }
}
