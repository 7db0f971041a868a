extension SettingDefinition {
    /// How long anything may take. Seconds, fractions allowed.
    static let timeouts: [SettingDefinition] = [
        SettingDefinition(
            "client_login_timeout", \.clientLoginTimeout, .time, default: "60", since: "1.0.3",
            """
            Time from connect to the end of login, the wait for the first server connection of the pool \
            included; 0 is off.
            """
        ),
        SettingDefinition(
            "client_idle_timeout", \.clientIdleTimeout, .time, default: "0", overrides: [.user], since: "<=1.0",
            "A client that has no server connection and says nothing is closed after this time; 0 is off."
        ),
        SettingDefinition(
            "query_wait_timeout", \.queryWaitTimeout, .time, default: "120", overrides: [.database, .user],
            since: "1.3.2",
            "Longest wait of a client for a server connection; 0 is forever."
        ),
        SettingDefinition(
            "query_wait_notify", \.queryWaitNotify, .integer, default: "5", since: "1.25",
            "A client that has waited this many whole seconds for a server connection gets a NOTICE; 0 is off."
        ),
        SettingDefinition(
            "query_timeout", \.queryTimeout, .time, default: "0", overrides: [.user], since: "<=1.0",
            "Longest query; the server is sent a cancel and its connection is closed. 0 is off."
        ),
        SettingDefinition(
            "transaction_timeout", \.transactionTimeout, .time, default: "0", overrides: [.user], since: "1.25",
            "Longest transaction, idle or at work; 0 is off."
        ),
        SettingDefinition(
            "idle_transaction_timeout", \.idleTransactionTimeout, .time, default: "0", overrides: [.user], since: "1.5",
            "Longest idle time inside a transaction; 0 is off."
        ),
        SettingDefinition(
            "cancel_wait_timeout", \.cancelWaitTimeout, .time, default: "10", since: "1.19",
            "Longest wait of a cancel request for a connection to its server; 0 is forever."
        ),
        SettingDefinition(
            "suspend_timeout", \.suspendTimeout, .time, default: "10", since: "1.2",
            """
            SUSPEND closes the connections that could not be drained in this time; 0 waits forever. A process that takes over \
            with `-R` has as long (10 seconds for 0), or the running one goes on.
            """
        ),
    ]
}
