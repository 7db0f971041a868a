extension ShowTable {
    /// SHOW PINS: the clients that are kept on their server connection, the longest first. PgBouncer has none.
    static let pins = ShowTable(
        "PINS",
        columns: [
            .text("database") { $0.pool.database },
            .text("user") { $0.pool.user },
            .text("addr") { $0.address },
            .int4("port") { $0.port },
            .text("ptr") { "0x" + String($0.clientID, radix: 16) },
            .text("link") { "0x" + String($0.serverID, radix: 16) },
            .int4("server_pid") { Int($0.serverPID) },
            .text("reasons") { $0.reasons.joined(separator: ", ") },
            .text("state") { $0.isIdle ? "idle" : "active" },
            .int4("age") { $0.age.wholeSeconds },
        ]
    ) { $0.pins }

    /// SHOW PIN_STATS: each pool's pins in numbers. PgBouncer has none.
    static let pinStats = ShowTable(
        "PIN_STATS",
        columns: [
            .text("database") { $0.id.database },
            .text("user") { $0.id.user },
            .text("session_state") { $0.pins.sessionState },
            .int4("pinned") { $0.pins.current },
            .int4("max_pinned") { $0.pins.limit },
            .numeric("total_pinned") { $0.pins.counters.made },
            .numeric("total_refused") { $0.pins.counters.refused },
        ]
    ) { report in report.pools.filter { !$0.pins.sessionState.isEmpty } }
}
