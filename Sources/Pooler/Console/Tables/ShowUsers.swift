extension ShowTable {
    /// SHOW USERS: every known user. An override that is not set is NULL.
    static let users = ShowTable(
        "USERS",
        columns: [
            .text("name") { $0.name },
            .text("pool_size") { $0.poolSize.map { String($0) } },
            .text("reserve_pool_size") { $0.reservePoolSize.map { String($0) } },
            .text("pool_mode") { $0.poolMode },
            .int4("max_user_connections") { $0.maxConnections },
            .int4("current_connections") { $0.currentConnections },
            .int4("max_user_client_connections") { $0.maxClientConnections },
            .int4("current_client_connections") { $0.currentClientConnections },
        ]
    ) { $0.users }
}
