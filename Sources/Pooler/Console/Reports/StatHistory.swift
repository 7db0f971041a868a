/// The snapshots that averages are taken against. Averages compare the live counters with the snapshot of two ticks ago,
/// so they cover the last one to two `stats_period` spans; the first span begins one second before the start.
struct StatHistory: Sendable {
    /// All pools' counters at one moment.
    struct Snapshot: Sendable {
        /// The moment, on the monotonic clock of the caller.
        var time: Duration
        var counters: [PoolReport.ID: StatCounters]
    }

    private var older: Snapshot
    private var newer: Snapshot

    init(startedAt time: Duration) {
        older = Snapshot(time: time - .seconds(1), counters: [:])
        newer = older
    }

    /// Goes on from another process's snapshots.
    init(older: Snapshot, newer: Snapshot) {
        self.older = older
        self.newer = newer
    }

    /// Both snapshots, the older one first.
    var snapshots: [Snapshot] { [older, newer] }

    /// One `stats_period` has passed.
    mutating func periodElapsed(_ snapshot: Snapshot) {
        older = newer
        newer = snapshot
    }

    /// What to subtract from counters read at `now`.
    func baseline(at now: Duration) -> Baseline {
        Baseline(counters: older.counters, period: now - older.time)
    }

    /// An older snapshot, and how long ago it was taken.
    struct Baseline: Sendable {
        var counters: [PoolReport.ID: StatCounters] = [:]
        var period: Duration = .seconds(1)
    }
}
