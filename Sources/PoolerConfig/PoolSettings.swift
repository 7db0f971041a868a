/// What holds in one pool: the settings of its pool user, else of its database, else the global ones.
///
/// The pool user is the database's forced user, if there is one, else the user who logs in. What depends on the login
/// user instead (several of them share the pool of a forced user) is in `ClientSettings`.
public struct PoolSettings: Sendable, Equatable {
    /// Server connections; 0 is no limit.
    public var poolSize: Int
    /// Server connections that are kept.
    public var minPoolSize: Int
    /// Server connections beyond the pool size.
    public var reservePoolSize: Int
    /// Wait after which the reserve is opened; zero is never.
    public var reservePoolTimeout: Duration
    /// When a server connection goes back.
    public var poolMode: PoolMode
    /// Age at which a server connection is closed; zero uses each once.
    public var serverLifetime: Duration
    /// Idle time after which a server connection is closed; zero is off.
    public var serverIdleTimeout: Duration
    /// Longest query; zero is off.
    public var queryTimeout: Duration
    /// Longest idle time in a transaction; zero is off.
    public var idleTransactionTimeout: Duration
    /// Longest transaction; zero is off.
    public var transactionTimeout: Duration
    /// Server connections of the database over all its pools; 0 is no limit.
    public var maxDbConnections: Int
    /// Server connections of the pool user over all databases; 0 is no limit.
    public var maxUserConnections: Int
    /// What becomes of session state.
    public var sessionState: SessionStateMode
    /// Clients that may be pinned to their server; `Int.max` in a pool without a limit.
    public var maxPinned: Int
    /// What prints the password for server logins.
    public var passwordCommand: PasswordCommand?
}

/// What holds for one client: the settings of its login user, else of its database, else the global ones.
public struct ClientSettings: Sendable, Equatable {
    /// Longest wait for a server connection; zero is forever.
    public var queryWaitTimeout: Duration
    /// Longest idle time without a server connection; zero is off.
    public var clientIdleTimeout: Duration
    /// Client connections of the database; 0 is no limit.
    public var maxDbClientConnections: Int
    /// Client connections of the login user over all databases; 0 is no limit.
    public var maxUserClientConnections: Int
}

extension ClientSettings {
    /// What holds for a client of this user and database (nil: without an entry), where `common` holds for all others.
    public init(of user: User?, in database: Database?, otherwise common: ClientSettings) {
        self.init(
            queryWaitTimeout: user?.queryWaitTimeout ?? database?.queryWaitTimeout ?? common.queryWaitTimeout,
            clientIdleTimeout: user?.clientIdleTimeout ?? common.clientIdleTimeout,
            maxDbClientConnections: max(0, database?.maxDbClientConnections ?? common.maxDbClientConnections),
            maxUserClientConnections: max(0, user?.maxUserClientConnections ?? common.maxUserClientConnections))
    }
}

extension Configuration {
    /// The effective values of the pool of `database` and its pool user: `database.user`, or the login user if none is
    /// forced.
    public func poolSettings(database: Database, user: String) -> PoolSettings {
        let user = users[user]
        let poolSize = user?.poolSize ?? database.poolSize ?? settings.defaultPoolSize
        return PoolSettings(
            poolSize: max(0, poolSize),
            minPoolSize: max(0, database.minPoolSize ?? settings.minPoolSize),
            reservePoolSize: max(0, user?.reservePoolSize ?? database.reservePoolSize ?? settings.reservePoolSize),
            reservePoolTimeout: settings.reservePoolTimeout,
            poolMode: user?.poolMode ?? database.poolMode ?? settings.poolMode,
            serverLifetime: database.serverLifetime ?? settings.serverLifetime,
            serverIdleTimeout: settings.serverIdleTimeout,
            queryTimeout: user?.queryTimeout ?? settings.queryTimeout,
            idleTransactionTimeout: user?.idleTransactionTimeout ?? settings.idleTransactionTimeout,
            transactionTimeout: user?.transactionTimeout ?? settings.transactionTimeout,
            maxDbConnections: max(0, database.maxDbConnections ?? settings.maxDbConnections),
            maxUserConnections: max(0, user?.maxUserConnections ?? settings.maxUserConnections),
            sessionState: user?.sessionState ?? database.sessionState ?? settings.sessionState,
            maxPinned: maxPinned(database.maxPinned ?? settings.maxPinned, poolSize: max(0, poolSize)),
            passwordCommand: user?.passwordCommand ?? passwordCommand(of: database))
    }

    /// A password that is given for the database alone goes before a command that is given for all.
    private func passwordCommand(of database: Database) -> PasswordCommand? {
        database.passwordCommand ?? (database.password.isEmpty ? settings.passwordCommand : nil)
    }

    /// The effective values of a client that logs in to `database` as `user`, whatever user the database forces.
    public func clientSettings(database: Database, user: String) -> ClientSettings {
        ClientSettings(of: users[user], in: database, otherwise: commonClientSettings)
    }

    /// The global values.
    public var commonClientSettings: ClientSettings {
        ClientSettings(
            queryWaitTimeout: settings.queryWaitTimeout, clientIdleTimeout: settings.clientIdleTimeout,
            maxDbClientConnections: settings.maxDbClientConnections,
            maxUserClientConnections: settings.maxUserClientConnections)
    }

    /// -1 is half of the pool, rounded up so that a pool of one can pin at all.
    private func maxPinned(_ number: Int, poolSize: Int) -> Int {
        guard number < 0 else { return number }
        return poolSize > 0 ? poolSize / 2 + poolSize % 2 : .max
    }
}
