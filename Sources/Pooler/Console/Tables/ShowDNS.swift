extension ShowTable {
    /// SHOW DNS_HOSTS: every name that was looked up.
    static let dnsHosts = ShowTable(
        "DNS_HOSTS",
        columns: [
            .text("hostname") { $0.hostname },
            .int8("ttl") { max($0.timeToLive.components.seconds, 0) },
            // A look-up knows no port; PgBouncer prints 0.
            .text("addrs") { $0.addresses.map { $0 + ":0" }.joined(separator: ",") },
        ]
    ) { $0.globals.dnsHosts }

    /// SHOW DNS_ZONES: every zone seen.
    static let dnsZones = ShowTable(
        "DNS_ZONES",
        columns: [
            .text("zonename") { $0.zone },
            .int8("serial") { Int64($0.serial) },
            .int4("count") { $0.hosts },
        ]
    ) { $0.globals.dnsZones }
}
