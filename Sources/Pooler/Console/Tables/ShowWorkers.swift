extension ShowTable {
    /// SHOW WORKERS: how the load lies on the worker threads. PgBouncer has none.
    static let workers = ShowTable(
        "WORKERS",
        columns: [
            .int4("worker") { $0.id },
            .int4("clients") { $0.clients },
            .int4("waiting_clients") { $0.waitingClients },
            .int4("login_clients") { $0.loginClients },
            .int4("servers") { $0.servers },
            .int4("pools") { $0.pools },
        ]
    ) { $0.workers }
}
