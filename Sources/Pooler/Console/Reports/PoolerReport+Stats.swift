extension PoolerReport {
    /// The counters and averages of one database, or of all of them.
    struct Stats: Sendable {
        var totals: StatCounters
        var averages: StatAverages
    }

    /// By database name, the console's among them; each sums the pools that exist.
    var statsByDatabase: [(database: String, stats: Stats)] {
        Dictionary(grouping: pools, by: \.id.database)
            .map { (database: $0.key, stats: stats(of: $0.value)) }
            .sorted { $0.database.precedes($1.database) }
    }

    /// Over all pools.
    var stats: Stats { stats(of: pools) }

    private func stats(of pools: [PoolReport]) -> Stats {
        var totals = StatCounters()
        var growth = StatCounters()
        for pool in pools {
            totals += pool.counters
            growth += pool.counters - (globals.statBaseline.counters[pool.id] ?? StatCounters())
        }
        return Stats(totals: totals, averages: StatAverages(of: growth, over: globals.statBaseline.period))
    }
}
