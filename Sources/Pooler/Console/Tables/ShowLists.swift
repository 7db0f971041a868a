extension ShowTable {
    /// SHOW LISTS: how many there are of everything.
    static let lists = ShowTable(
        "LISTS",
        columns: [
            .text("list") { $0.name },
            .int4("items") { $0.count },
        ]
    ) { report -> [(name: String, count: Int)] in
        [
            ("databases", report.databases.count),
            ("users", report.users.count),
            ("peers", report.globals.peers.count),
            ("pools", report.pools.count),
            ("peer_pools", report.peerPools.count),
            ("free_clients", report.freeClients),
            ("used_clients", report.sockets.count { $0.state.isClient }),
            ("login_clients", report.sockets.count { $0.state == .clientLogin }),
            ("free_servers", report.freeServers),
            ("used_servers", report.sockets.count { !$0.state.isClient }),
            ("dns_names", report.globals.dnsHosts.count),
            ("dns_zones", report.globals.dnsZones.count),
            ("dns_queries", report.globals.dnsQueries),
            ("dns_pending", 0),
        ]
    }
}
