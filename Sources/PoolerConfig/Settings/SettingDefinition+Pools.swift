extension SettingDefinition {
    /// How many connections there are, and to whom they are lent.
    static let pools: [SettingDefinition] = [
        SettingDefinition(
            "pool_mode", \.poolMode, .choice(), default: "session", overrides: [.database, .user], since: "<=1.0",
            """
            When a server connection goes back to the pool: when the client leaves, at the end of the \
            transaction, or of the statement.
            """
        ),
        SettingDefinition(
            "default_pool_size", \.defaultPoolSize, .integer, default: "20", overrides: [.database, .user],
            since: "<=1.0",
            "Server connections for each pool, that is for each pair of database and user; 0 is no limit."
        ),
        SettingDefinition(
            "min_pool_size", \.minPoolSize, .integer, default: "0", overrides: [.database], since: "1.5",
            "A pool that is in use keeps at least this many server connections, also when they idle."
        ),
        SettingDefinition(
            "reserve_pool_size", \.reservePoolSize, .integer, default: "0", overrides: [.database, .user], since: "1.3",
            """
            Server connections that a pool may open beyond its size when its first client has waited for \
            `reserve_pool_timeout`.
            """
        ),
        SettingDefinition(
            "reserve_pool_timeout", \.reservePoolTimeout, .time, default: "5", since: "1.3",
            "How long a client waits before the reserve of its pool is opened; 0 switches the reserve off."
        ),
        SettingDefinition(
            "max_client_conn", \.maxClientConn, .integer, default: "100", since: "<=1.0",
            "Client connections altogether, those of the console and those still logging in included."
        ),
        SettingDefinition(
            "max_db_connections", \.maxDbConnections, .integer, default: "0", overrides: [.database], since: "1.6",
            "Server connections of one database over all its pools; 0 is no limit."
        ),
        SettingDefinition(
            "max_db_client_connections", \.maxDbClientConnections, .integer, default: "0", overrides: [.database],
            since: "1.24",
            "Client connections of one database; 0 is no limit."
        ),
        SettingDefinition(
            "max_user_connections", \.maxUserConnections, .integer, default: "0", overrides: [.user], since: "1.6",
            "Server connections of one user over all databases; 0 is no limit."
        ),
        SettingDefinition(
            "max_user_client_connections", \.maxUserClientConnections, .integer, default: "0", overrides: [.user],
            since: "1.24",
            "Client connections of one user over all databases; 0 is no limit."
        ),
        SettingDefinition(
            "server_round_robin", \.serverRoundRobin, .boolean, default: "0", since: "1.1",
            "Off: the server connection used last is lent first. On: the one that has rested longest."
        ),
        SettingDefinition(
            "autodb_idle_timeout", \.autodbIdleTimeout, .time, default: "3600", since: "1.3",
            """
            A database made from `*` that nobody uses is forgotten, with its statistics, after this time; 0 \
            is never.
            """
        ),
        SettingDefinition(
            "pool_idle_timeout", \.poolIdleTimeout, .time, default: "0", since: "after 1.25",
            "A pool without clients and servers is forgotten after this time; 0 is never."
        ),
        SettingDefinition(
            "max_server_logins", \.maxServerLogins, .integer(1...2_147_483_647), default: "8",
            "Server connections of one pool that may be logging in at the same time."
        ),
    ]
}
