/// One entry of `[databases]`, with the values in effect: a row of SHOW DATABASES.
struct DatabaseReport: Sendable {
    var name: String
    /// As configured; nil for a unix socket.
    var host: String?
    var port: Int
    /// The name sent to the server.
    var database: String
    var forcedUser: String?
    var poolSize: Int
    var minPoolSize: Int
    var reservePoolSize: Int
    var serverLifetime: Duration
    /// Only where the entry overrides the global setting.
    var poolMode: String?
    /// Only when `host` is a list.
    var loadBalanceHosts: String?
    /// 0 is no limit.
    var maxConnections: Int
    /// 0 is no limit.
    var maxClientConnections: Int
    var isPaused = false
    var isDisabled = false
    /// Filled in when the workers' reports are merged.
    var currentConnections = 0
    /// Filled in when the workers' reports are merged.
    var currentClientConnections = 0
}

extension DatabaseReport {
    /// The console's own entry, with the values that PgBouncer shows for it.
    static func console(listenPort: Int, serverLifetime: Duration) -> Self {
        Self(
            name: ConsoleGreeting.database,
            port: listenPort,
            database: ConsoleGreeting.database,
            forcedUser: ConsoleGreeting.database,
            poolSize: 2,
            minPoolSize: 0,
            reservePoolSize: 0,
            serverLifetime: serverLifetime,
            poolMode: "statement",
            maxConnections: 0,
            maxClientConnections: 0
        )
    }
}
