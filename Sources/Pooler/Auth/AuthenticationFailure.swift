/// Why a client is not let in: what it is told, which is less than what is known.
struct AuthenticationFailure: Error, Equatable, Sendable {
    let sqlState: String
    let message: String
    /// What to do about it.
    var hint: String?

    static let password = Self(sqlState: "28P01", message: "password authentication failed")
    static let emptyPassword = Self(sqlState: "28P01", message: "empty password returned by client")
    static let sasl = Self(sqlState: "28P01", message: "SASL authentication failed")
    /// A breach of the protocol rather than a wrong password, as Postgres sees it.
    static let saslMechanism = Self(
        sqlState: "08P01", message: "client selected an invalid SASL authentication mechanism")
    static let ldap = Self(sqlState: "28P01", message: "LDAP authentication failed")
    static let pam = Self(sqlState: "28P01", message: "PAM authentication failed")
    /// Methods that ask for no password fail with the code that Postgres has for them.
    static let certificate = Self(sqlState: "28000", message: "certificate authentication failed")
    static let peer = Self(sqlState: "28000", message: "unix socket login rejected")
    /// An HBA rule says so.
    static let rejected = Self(sqlState: "28000", message: "login rejected")
    /// No HBA rule is about the client.
    static let noRule = Self(sqlState: "28000", message: "no authentication method is found")
    /// There would be one for the same client over TLS.
    static let noRuleWithoutTLS = Self(
        sqlState: "28000", message: noRule.message, hint: "Connect with sslmode=require or above.")
    /// Whoever reads a token can use it.
    static let tokenNeedsTLS = Self(
        sqlState: "28000", message: "jwt authentication needs TLS; connect over TCP with sslmode=require or above")
    /// Everybody derives keys at the same time.
    static let tooManyDerivations = Self(sqlState: "53400", message: "too many logins wait for their password check")
    static let trust = Self(sqlState: "28P01", message: "\"trust\" authentication failed")
}
