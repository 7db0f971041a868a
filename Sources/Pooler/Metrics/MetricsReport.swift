/// Everything that a scrape shows, at one moment.
struct MetricsReport: Sendable {
    /// Pools, databases, settings and the rest of what the console shows; without the connections.
    let pooler: PoolerReport
    /// In the order of the workers.
    let workers: [WorkerMetrics]
    let lifecycle: Lifecycle

    /// What the control thread knows of the process.
    struct Lifecycle: Sendable {
        /// Seconds since 1970.
        var startedAt: Int64
        var isShuttingDown = false
        var lastReload: Reload?
    }

    /// How the last RELOAD went.
    struct Reload: Sendable {
        var isSuccess: Bool
        /// Seconds since 1970, of the last one that went well.
        var lastSuccessAt: Int64?
    }

    /// Every worker's tallies in one.
    var tallies: WorkerTallies { workers.reduce(into: WorkerTallies()) { $0 += $1.tallies } }

    /// Every worker's durations in one, by database.
    var durations: [(database: String, values: DatabaseDurations.Values)] {
        var sums: [String: DatabaseDurations.Values] = [:]
        for worker in workers {
            for (database, values) in worker.durations { sums[database, default: .init()] += values }
        }
        return sums.map { ($0.key, $0.value) }.sorted { $0.0.precedes($1.0) }
    }

    /// SHOW LISTS.
    var lists: [(name: String, count: Int)] {
        ShowTable.listCounts(
            pooler, clients: workers.reduce(0) { $0 + $1.clients },
            loginClients: workers.reduce(0) { $0 + $1.loginClients }, servers: workers.reduce(0) { $0 + $1.servers })
    }
}
