extension ShowTable {
    /// SHOW PEERS: the entries of `[peers]`.
    static let peers = ShowTable(
        "PEERS",
        columns: [
            .int4("peer_id") { $0.id },
            .text("host") { $0.host },
            .int4("port") { $0.port },
            .int4("pool_size") { $0.poolSize },
        ]
    ) { $0.globals.peers }

    /// SHOW PEER_POOLS: cancels on their way to peers.
    static let peerPools = ShowTable(
        "PEER_POOLS",
        columns: [
            .int4("peer_id") { $0.peerID },
            .int4("cl_active_cancel_req") { $0.activeCancels },
            .int4("cl_waiting_cancel_req") { $0.waitingCancels },
            .int4("sv_active_cancel") { $0.cancelServers },
            .int4("sv_login") { $0.loginServers },
        ]
    ) { $0.peerPools }
}
