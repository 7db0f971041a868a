import PoolerConfig

/// Decides whether a token lets a client in under the name that it gave: signature, times, issuer, audience, user.
struct TokenVerifier: Sendable {
    /// How far the clocks of issuer and pooler may be apart, in seconds.
    static let leeway = 60.0
    /// Signatures that are tried for one token, where keys have no names: each costs some 50 µs.
    private static let tryLimit = 8

    let keys: JSONWebKeySet
    /// Empty: any.
    let issuer: String
    /// Empty: any.
    let audience: String
    let userClaim: String

    init(keys: JSONWebKeySet, issuer: String, audience: String, userClaim: String) {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
        self.userClaim = userClaim
    }

    /// As a configuration says; nil without keys.
    init?(_ configuration: Configuration) throws(TokenKeysError) {
        guard let bytes = configuration.tokenKeys else { return nil }
        let settings = configuration.settings
        do throws(JSONWebKeySet.Unusable) {
            self.init(
                keys: try JSONWebKeySet(bytes), issuer: settings.authJwtIssuer, audience: settings.authJwtAudience,
                userClaim: settings.authJwtUserClaim)
        } catch {
            throw TokenKeysError(path: settings.authJwtKeys ?? "", reason: error)
        }
    }

    /// Succeeds if the token is good at `now` (seconds since 1970), and `isAllowed` says that the name in it may log in. Claims are
    /// looked at only after the signature.
    func verify(_ text: [UInt8], now: Int64, isAllowed: (String) -> Bool) throws(TokenFailure) {
        let token = try JSONWebToken(text)
        try checkSignature(of: token)
        try checkTimes(token.claims, now: Double(now))
        try checkOrigin(token.claims)
        guard let name = token.claims[userClaim]?.string, !name.isEmpty else { throw .missing(claim: userClaim) }
        guard isAllowed(name) else { throw .user(claim: userClaim) }
    }

    /// The key says which algorithm it is for, so that a token cannot have it used for another.
    private func checkSignature(of token: JSONWebToken) throws(TokenFailure) {
        let candidates = keys.keys.filter { key in
            key.algorithm == token.algorithm && (token.keyID == nil || key.id == nil || key.id == token.keyID)
        }
        guard !candidates.isEmpty else { throw .unknownKey }
        let isSigned = candidates.prefix(Self.tryLimit).contains { $0.verifies(token.signature, of: token.signed) }
        guard isSigned else { throw .signature }
    }

    private func checkTimes(_ claims: JSONValue, now: Double) throws(TokenFailure) {
        guard case .number(let end) = claims["exp"] else { throw .missing(claim: "exp") }
        guard now < end + Self.leeway else { throw .expired }
        guard let start = claims["nbf"] else { return }
        guard case .number(let start) = start else { throw .missing(claim: "nbf") }
        guard now >= start - Self.leeway else { throw .notYetValid }
    }

    private func checkOrigin(_ claims: JSONValue) throws(TokenFailure) {
        if !issuer.isEmpty {
            guard let text = claims["iss"]?.string, Self.isSame(text, issuer) else { throw .issuer }
        }
        guard !audience.isEmpty else { return }
        let audiences: [String] =
            switch claims["aud"] {
            case .string(let text): [text]
            case .array(let list): list.compactMap(\.string)
            default: []
            }
        guard audiences.contains(where: { Self.isSame($0, audience) }) else { throw .audience }
    }

    /// Byte for byte: String's own `==` holds different spellings for the same.
    private static func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}

/// Why the file of `auth_jwt_keys` is of no use.
struct TokenKeysError: Error, CustomStringConvertible {
    let path: String
    let reason: JSONWebKeySet.Unusable

    var description: String { "auth_jwt_keys: \(path): found \(reason), expected a JSON Web Key Set (RFC 7517)" }
}
