/// An entry of [users]: what is different for this user. A value that is nil is inherited.
public struct User: Sendable, Equatable {
    /// The user's name.
    public var name: String
    /// When a server connection goes back. Looked up under the pool user.
    public var poolMode: PoolMode?
    /// Server connections for each pool; 0 is no limit. Looked up under the pool user.
    public var poolSize: Int?
    /// Server connections beyond the pool size. Looked up under the pool user.
    public var reservePoolSize: Int?
    /// Server connections over all databases. Looked up under the pool user.
    public var maxUserConnections: Int?
    /// Client connections over all databases. Looked up under the login user.
    public var maxUserClientConnections: Int?
    /// Longest query. Looked up under the pool user.
    public var queryTimeout: Duration?
    /// Longest wait for a server connection; zero is forever. Looked up under the login user.
    public var queryWaitTimeout: Duration?
    /// Longest idle time in a transaction. Looked up under the pool user.
    public var idleTransactionTimeout: Duration?
    /// Longest transaction. Looked up under the pool user.
    public var transactionTimeout: Duration?
    /// Longest idle time without a server connection. Looked up under the login user.
    public var clientIdleTimeout: Duration?
    /// What becomes of session state. Looked up under the pool user.
    public var sessionState: SessionStateMode?
    /// Program that prints the password for server logins. Looked up under the pool user.
    public var passwordCommand: PasswordCommand?

    /// An entry that overrides nothing.
    public init(name: String) {
        self.name = name
    }
}

extension User: CustomStringConvertible {
    /// Its name: a command may hold a secret, so interpolation must not print it.
    public var description: String { "user \(name)" }
}
