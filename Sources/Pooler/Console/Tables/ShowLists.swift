extension ShowTable {
    /// SHOW LISTS: how many there are of everything.
    static let lists = ShowTable(
        "LISTS",
        columns: [
            .text("list") { $0.name },
            .int4("items") { $0.count },
        ]
    ) { report in
        listCounts(
            report, clients: report.sockets.count { $0.state.isClient },
            loginClients: report.sockets.count { $0.state == .clientLogin },
            servers: report.sockets.count { !$0.state.isClient })
    }

    /// The rows, where the connections have been counted.
    static func listCounts(
        _ report: PoolerReport, clients: Int, loginClients: Int, servers: Int
    ) -> [(name: String, count: Int)] {
        [
            ("databases", report.databases.count),
            ("users", report.users.count),
            ("peers", report.globals.peers.count),
            ("pools", report.pools.count),
            ("peer_pools", report.peerPools.count),
            ("free_clients", report.freeClients),
            ("used_clients", clients),
            ("login_clients", loginClients),
            ("free_servers", report.freeServers),
            ("used_servers", servers),
            ("dns_names", report.globals.dnsHosts.count),
            ("dns_zones", report.globals.dnsZones.count),
            ("dns_queries", report.globals.dnsQueries),
            ("dns_pending", 0),
        ]
    }
}
