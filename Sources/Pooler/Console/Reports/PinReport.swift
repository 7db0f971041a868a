/// A client that is kept on its server connection: a row of SHOW PINS.
struct PinReport: Sendable {
    var pool: PoolReport.ID
    /// As in SHOW CLIENTS.
    var clientID: UInt64
    var address: String
    var port: Int
    /// As in SHOW SERVERS.
    var serverID: UInt64
    var serverPID: Int32
    /// What keeps it there, for people.
    var reasons: [String]
    var age: Duration
    /// Whether it is between two transactions.
    var isIdle: Bool
}

/// A pool's pins in numbers: a row of SHOW PIN_STATS.
struct PinTotals: Sendable {
    var current = 0
    /// Clients that were pinned, and statements and clients that were refused, since the start.
    var counters = PinCounters()
    /// Nil: no limit.
    var limit: Int?
    /// track, pin, reset or passthrough.
    var sessionState = ""

    /// Adds another worker's part of the same pool.
    static func += (total: inout Self, part: Self) {
        total.current += part.current
        total.counters.made &+= part.counters.made
        total.counters.refused &+= part.counters.refused
    }
}
