import Glibc

/// How many file descriptors the process may open (RLIMIT_NOFILE, getrlimit(2)).
struct DescriptorLimit: Equatable, Sendable {
    /// What holds now.
    var soft: UInt64

    /// How far `soft` may be raised; only root raises this one.
    var hard: UInt64

    static var current: DescriptorLimit {
        var limit = rlimit()
        unsafe getrlimit(.descriptors, &limit)
        return DescriptorLimit(soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max))
    }

    /// Raises the limit of the process as far as `demand` asks and the system lets us. Before the switch to another
    /// user, as root may pass the hard limit.
    ///
    /// - Returns: the limit that holds now.
    static func raise(for demand: DescriptorDemand) -> DescriptorLimit {
        let limit = current
        for privileged in [true, false] {
            let wanted = limit.raised(for: demand, privileged: privileged)
            if wanted == limit { return limit }
            if wanted.apply() { return wanted }
        }
        return limit
    }

    /// The limit to ask for; never lower than this one.
    func raised(for demand: DescriptorDemand, privileged: Bool) -> DescriptorLimit {
        let hard = privileged ? max(hard, demand.total) : hard
        return DescriptorLimit(soft: max(soft, min(demand.total, hard)), hard: hard)
    }

    /// How many clients can be connected at once when all servers are.
    func clients(for demand: DescriptorDemand) -> UInt64 {
        min(demand.clients, soft - min(soft, demand.beyondClients))
    }

    /// PgBouncer's line about the limit.
    func summary(for demand: DescriptorDemand) -> String {
        "kernel file descriptor limit: \(soft) (hard: \(hard)); max_client_conn: \(demand.clients), "
            + "max expected fd use: \(demand.total)"
    }

    /// What to say when the limit is too low; nil when it is not.
    func warning(for demand: DescriptorDemand) -> String? {
        if soft >= demand.total { return nil }
        return "file descriptor limit \(soft) is too low for max_client_conn = \(demand.clients), which needs "
            + "\(demand.total): only \(clients(for: demand)) clients fit; raise LimitNOFILE in the service unit or "
            + "ulimit -n, or lower max_client_conn"
    }

    private func apply() -> Bool {
        var limit = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(hard))
        return unsafe setrlimit(.descriptors, &limit) == 0
    }
}

/// How many descriptors the configuration can use at once.
struct DescriptorDemand: Equatable, Sendable {
    /// `max_client_conn`.
    var clients: UInt64

    /// All server connections that the pools may have together.
    var servers: UInt64

    /// Everything else: listeners, logs, each worker's epoll, mailbox and alarm, files that are read for a moment.
    var others: UInt64

    var total: UInt64 { Self.sum(clients, beyondClients) }
    var beyondClients: UInt64 { Self.sum(servers, others) }

    /// The numbers come from a file, so a sum stops at the top.
    private static func sum(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : sum
    }
}

extension __rlimit_resource_t {
    fileprivate static var descriptors: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
}
