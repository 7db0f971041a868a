/// Why a client is not let in: what it is told, which is less than what is known.
struct AuthenticationFailure: Error, Equatable, Sendable {
    let sqlState: String
    let message: String

    static let password = Self(sqlState: "28P01", message: "password authentication failed")
    static let emptyPassword = Self(sqlState: "28P01", message: "empty password returned by client")
    static let sasl = Self(sqlState: "28P01", message: "SASL authentication failed")
    /// A breach of the protocol rather than a wrong password, as Postgres sees it.
    static let saslMechanism = Self(
        sqlState: "08P01", message: "client selected an invalid SASL authentication mechanism")
    static let trust = Self(sqlState: "28P01", message: "\"trust\" authentication failed")
}
