extension ShowTable {
    /// SHOW DATABASES: every entry, with the values in effect.
    static let databases = ShowTable(
        "DATABASES",
        columns: [
            .text("name") { $0.name },
            .text("host") { $0.host },
            .int4("port") { $0.port },
            .text("database") { $0.database },
            .text("force_user") { $0.forcedUser },
            .int4("pool_size") { $0.poolSize },
            .int4("min_pool_size") { $0.minPoolSize },
            .int4("reserve_pool_size") { $0.reservePoolSize },
            .int4("server_lifetime") { $0.serverLifetime.wholeSeconds },
            .text("pool_mode") { $0.poolMode },
            .text("load_balance_hosts") { $0.loadBalanceHosts },
            .int4("max_connections") { $0.maxConnections },
            .int4("current_connections") { $0.currentConnections },
            .int4("max_client_connections") { $0.maxClientConnections },
            .int4("current_client_connections") { $0.currentClientConnections },
            .int4("paused") { $0.isPaused ? 1 : 0 },
            .int4("disabled") { $0.isDisabled ? 1 : 0 },
        ]
    ) { $0.databases }
}
