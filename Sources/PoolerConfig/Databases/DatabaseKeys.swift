extension ConnectKey where Owner == Database {
    /// Every key of [databases].
    static let all: [DatabaseKey] = connection + limits + session

    /// Where the servers are and who logs in to them.
    private static let connection: [DatabaseKey] = [
        DatabaseKey(
            "dbname", \.dbname, .text, isPartOfConnection: true,
            "Name of the database on the server; the entry's own name if not given."),
        DatabaseKey(
            "host", \.hosts, .hosts, isPartOfConnection: true,
            """
            Host names or addresses, separated by commas, or `/directory` or `@abstract` of a Unix socket; \
            `unix_socket_dir` if not given.
            """),
        DatabaseKey("port", \.port, .port, isPartOfConnection: true, "Port of every host in the list; 5432."),
        DatabaseKey(
            "user", \.user, .optionalUser, isPartOfConnection: true,
            "Forced user: every server connection logs in under this name, and all clients share its pool."),
        DatabaseKey(
            "password", \.password, .text,
            "Secret of the forced user; the one in `auth_file` if not given. New connections use it."),
        DatabaseKey(
            "password_command", \.passwordCommand, .passwordCommand,
            "As the setting; in place of `password` and `auth_file`. In single quotes if it has blanks."),
        DatabaseKey(
            "auth_user", \.authUser, .optionalText, "Role that runs `auth_query`."),
        DatabaseKey(
            "auth_query", \.authQuery, .optionalText, isPartOfConnection: true,
            "Query that finds the secret of a user."),
        DatabaseKey(
            "auth_dbname", \.authDbname, .authDatabase, isPartOfConnection: true,
            "Entry of [databases] in which `auth_query` runs."),
        DatabaseKey(
            "connect_query", \.connectQuery, .optionalText, isPartOfConnection: true,
            "Query that is run once on each new server connection; its errors are logged."),
        DatabaseKey(
            "load_balance_hosts", \.loadBalanceHosts, .choice(), isPartOfConnection: true,
            "Which host of a list a new connection goes to: the next in turn, or the same until it fails."),
        DatabaseKey(
            "sslnegotiation", \.sslNegotiation, .choice(), isPartOfConnection: true,
            """
            How TLS begins: `postgres` asks first, `direct` starts with the handshake (Postgres 17 and later) and \
            goes without TLS under no `server_tls_sslmode`.
            """),
    ]

    private static let limits: [DatabaseKey] = [
        DatabaseKey("pool_mode", \.poolMode, .optionalChoice(), "As the setting."),
        DatabaseKey("pool_size", \.poolSize, .override(from: 0), "As `default_pool_size`."),
        DatabaseKey("min_pool_size", \.minPoolSize, .override(from: 0), "As the setting."),
        DatabaseKey("reserve_pool_size", \.reservePoolSize, .override(from: 0), "As the setting."),
        DatabaseKey(
            "reserve_pool", \.reservePoolSize, .override(from: 0), spellingOf: "reserve_pool_size",
            "Older spelling of `reserve_pool_size`."),
        DatabaseKey("max_db_connections", \.maxDbConnections, .override(from: 1), "As the setting; 0 inherits."),
        DatabaseKey(
            "max_db_client_connections", \.maxDbClientConnections, .override(from: 1),
            "As the setting; 0 inherits."),
        DatabaseKey(
            "server_lifetime", \.serverLifetime, .override(zeroInherits: true), "As the setting; 0 inherits."),
        DatabaseKey(
            "query_wait_timeout", \.queryWaitTimeout, .override(zeroInherits: false),
            "As the setting; -1 inherits."),
    ]

    private static let session: [DatabaseKey] = [
        DatabaseKey(
            "client_encoding", \.clientEncoding, .optionalText, "Goes into the startup packet to the server."),
        DatabaseKey("datestyle", \.datestyle, .optionalText, "Goes into the startup packet to the server."),
        DatabaseKey("timezone", \.timezone, .optionalText, "Goes into the startup packet to the server."),
        DatabaseKey(
            "application_name", \.applicationName, .optionalText, "Goes into the startup packet to the server."),
        DatabaseKey(
            "session_state", \.sessionState, .optionalChoice(), "As the setting."),
        DatabaseKey(
            "max_pinned", \.maxPinned, .override(from: -1), "As the setting."),
    ]
}

extension ConnectKey where Owner == User {
    /// Every key of [users].
    static let all: [UserKey] = [
        UserKey("pool_mode", \.poolMode, .optionalChoice(), "As the setting."),
        UserKey("pool_size", \.poolSize, .override(from: 0), "As `default_pool_size`."),
        UserKey("reserve_pool_size", \.reservePoolSize, .override(from: 0), "As the setting."),
        UserKey("max_user_connections", \.maxUserConnections, .override(from: 1), "As the setting; 0 inherits."),
        UserKey(
            "max_user_client_connections", \.maxUserClientConnections, .override(from: 1),
            "As the setting; 0 inherits."),
        UserKey("query_timeout", \.queryTimeout, .override(zeroInherits: true), "As the setting; 0 inherits."),
        UserKey(
            "query_wait_timeout", \.queryWaitTimeout, .override(zeroInherits: false),
            "As the setting; -1 inherits."),
        UserKey(
            "idle_transaction_timeout", \.idleTransactionTimeout, .override(zeroInherits: true),
            "As the setting; 0 inherits."),
        UserKey(
            "transaction_timeout", \.transactionTimeout, .override(zeroInherits: true),
            "As the setting; 0 inherits."),
        UserKey(
            "client_idle_timeout", \.clientIdleTimeout, .override(zeroInherits: true),
            "As the setting; 0 inherits."),
        UserKey("session_state", \.sessionState, .optionalChoice(), "As the setting."),
        UserKey(
            "password_command", \.passwordCommand, .passwordCommand,
            "As the setting, for the pools of this user; it goes before that of the database."),
    ]
}

extension ConnectKey where Owner == Peer {
    /// Every key of [peers].
    static let all: [PeerKey] = [
        PeerKey("host", \.hosts, .hosts, "Where the peer listens, as in [databases]; must be given."),
        PeerKey("port", \.port, .port, "Its port; 6432."),
        PeerKey(
            "pool_size", \.poolSize, .override(from: 0),
            "Cancel requests that may be on their way to it at once; `default_pool_size` if not given, 0 is none."),
    ]
}
