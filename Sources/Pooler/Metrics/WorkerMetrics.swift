/// What one worker contributes to the metrics. Unlike a `WorkerReport` it does not list the connections: with thousands of
/// them, each scrape would hold up the worker's clients.
struct WorkerMetrics: Sendable {
    /// Pools, memory and free slots; without the connections.
    var report: WorkerReport
    var clients = 0
    var waitingClients = 0
    var loginClients = 0
    var servers = 0
    /// CPU time of the worker's thread.
    var cpuTime: Duration = .zero
    var tallies = WorkerTallies()
    /// By database.
    var durations: [String: DatabaseDurations.Values] = [:]
}

extension Worker {
    /// This worker's part of a scrape.
    func metrics() -> WorkerMetrics {
        now = .now()
        var metrics = WorkerMetrics(report: WorkerReport(worker: index))
        var pins: [PoolKey: Int] = [:]
        var consoles = 0
        for registration in table.all {
            switch registration {
            case .client(let client):
                metrics.clients += 1
                switch state(of: client) {
                case .clientLogin: metrics.loginClients += 1
                case .clientWaiting: metrics.waitingClients += 1
                default: break
                }
                if client.identity?.isConsole == true { consoles += 1 }
                if client.openedBooks?.session.pinnedSince != nil, let pool = client.pool {
                    pins[pool.key, default: 0] += 1
                }
            case .server: metrics.servers += 1
            case .mailbox, .alarm, .listener, .pendingServer, .cancel, .secretLookUp: continue
            }
        }
        metrics.report.pools = poolReports { pins[$0.key] ?? 0 } + [consoleReport(clients: consoles)]
        metrics.report.memory = memoryReports()
        metrics.report.freeClients = table.freeCount
        metrics.cpuTime = ProcessUsage.threadTime()
        metrics.tallies = tallies
        metrics.durations = durations.mapValues(\.values)
        return metrics
    }

    /// Where the durations of a database are counted on this worker.
    func durations(ofDatabase name: String) -> DatabaseDurations {
        if let found = durations[name] { return found }
        let new = DatabaseDurations()
        durations[name] = new
        return new
    }

    /// Forgets databases that are neither configured nor in use: with a `*` entry, their names are up to clients.
    func sweepDurations() {
        let inUse = Set(pools.keys.map(\.database))
        let configured = configuration.configuration.databases
        for name in durations.keys where configured[name] == nil && !inUse.contains(name) { durations[name] = nil }
    }
}
