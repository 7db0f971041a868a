/// A JSON Web Token in its compact form (RFC 7519, RFC 7515), taken apart but not believed.
struct JSONWebToken {
    /// How a token may be signed: public keys only, so that nothing which checks tokens can make them.
    enum Algorithm: String, CaseIterable {
        /// RSA, PKCS #1 v1.5 with SHA-256 (RFC 7518, section 3.3).
        case rs256 = "RS256"
        /// ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4).
        case es256 = "ES256"
        /// Ed25519 (RFC 8037).
        case edDSA = "EdDSA"
    }

    /// Tokens with many claims have some kB; Postgres takes no longer password than 64 KiB.
    static let sizeLimit = 16_384

    let algorithm: Algorithm
    let keyID: String?
    let claims: JSONValue
    /// What the signature is about: both parts as they came.
    let signed: [UInt8]
    let signature: [UInt8]

    init(_ text: [UInt8]) throws(TokenFailure) {
        guard text.count <= Self.sizeLimit else { throw .malformed("it has \(text.count) bytes") }
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("it has not three parts") }
        let header = try Self.object(parts[0], "header")
        // An extension that must be understood, and is not (RFC 7515, section 4.1.11).
        guard header["crit"] == nil else { throw .malformed("its header has critical extensions") }
        guard let name = header["alg"]?.string, let algorithm = Algorithm(rawValue: name) else {
            throw .algorithm
        }
        if let id = header["kid"] {
            guard let text = id.string else { throw .malformed("its kid is no text") }
            keyID = text
        } else {
            keyID = nil
        }
        self.algorithm = algorithm
        claims = try Self.object(parts[1], "payload")
        guard let signature = Base64.decodeURL(parts[2]) else { throw .malformed("its signature is not Base64url") }
        self.signature = signature
        signed = Array(text[..<parts[1].endIndex])
    }

    private static func object(_ part: ArraySlice<UInt8>, _ name: String) throws(TokenFailure) -> JSONValue {
        guard let bytes = Base64.decodeURL(part) else { throw .malformed("its \(name) is not Base64url") }
        guard let value = try? JSONValue(bytes), case .object = value else {
            throw .malformed("its \(name) is no JSON object")
        }
        return value
    }
}

/// Why a token lets nobody in: for the log, never for the client, who could feel its way by it.
enum TokenFailure: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    /// Neither RS256, ES256 nor EdDSA; `none` and HS256 among others.
    case algorithm
    case unknownKey
    case signature
    case expired
    case notYetValid
    case missing(claim: String)
    case issuer
    case audience
    /// The claim names another user than the login.
    case user(claim: String)

    var description: String {
        switch self {
        case .malformed(let detail): "the token is malformed: \(detail)"
        case .algorithm: "the token is not signed by RS256, ES256 or EdDSA"
        case .unknownKey: "no key of auth_jwt_keys fits the token's kid and alg"
        case .signature: "the token's signature is wrong"
        case .expired: "the token has expired"
        case .notYetValid: "the token is not valid yet (nbf)"
        case .missing(let claim): "the token has no claim \(claim) of the right type"
        case .issuer: "the token is not from auth_jwt_issuer"
        case .audience: "the token is not for auth_jwt_audience"
        case .user(let claim): "the claim \(claim) names another user"
        }
    }
}
