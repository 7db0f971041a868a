extension ShowTable {
    /// SHOW POOLS: what the clients and servers of each pool are doing.
    static let pools = ShowTable(
        "POOLS",
        columns: [
            .text("database") { $0.id.database },
            .text("user") { $0.id.user },
            .int4("cl_active") { $0.activeClients },
            .int4("cl_waiting") { $0.waitingClients },
            .int4("cl_active_cancel_req") { $0.activeCancels },
            .int4("cl_waiting_cancel_req") { $0.waitingCancels },
            .int4("sv_active") { $0.activeServers },
            .int4("sv_active_cancel") { $0.cancelServers },
            .int4("sv_being_canceled") { $0.beingCanceledServers },
            .int4("sv_idle") { $0.idleServers },
            .int4("sv_used") { $0.usedServers },
            .int4("sv_tested") { $0.testedServers },
            .int4("sv_login") { $0.loginServers },
            .int4("maxwait") { ($0.longestWait ?? .zero).wholeSeconds },
            .int4("maxwait_us") { ($0.longestWait ?? .zero).remainingMicroseconds },
            .text("pool_mode") { $0.poolMode },
            .text("load_balance_hosts") { $0.loadBalanceHosts },
        ]
    ) { $0.pools }
}
