/// One pool, or one worker's part of it: a row of SHOW POOLS, and the counters behind SHOW STATS.
struct PoolReport: Sendable, Identifiable {
    /// What makes a pool: the database entry and the (forced) user. Ordered by bytes, as PgBouncer's lists are.
    struct ID: Hashable, Comparable, Sendable {
        var database: String
        var user: String

        static func < (left: Self, right: Self) -> Bool {
            if left.database != right.database { return left.database.precedes(right.database) }
            return left.user.precedes(right.user)
        }
    }

    var id: ID
    /// Logged-in clients that are not queued, linked or idle.
    var activeClients = 0
    var waitingClients = 0
    /// Cancels that were forwarded and wait for the server to close.
    var activeCancels = 0
    /// Cancels that were not forwarded yet.
    var waitingCancels = 0
    var activeServers = 0
    /// Server connections that carry a cancel.
    var cancelServers = 0
    /// Free servers that are held back until the cancels aimed at them have ended.
    var beingCanceledServers = 0
    var idleServers = 0
    var usedServers = 0
    var testedServers = 0
    var loginServers = 0
    /// How long the first queued client has waited with its query; nil when none has.
    var longestWait: Duration?
    /// The mode in effect: session, transaction or statement.
    var poolMode: String
    /// Only when `host` is a list.
    var loadBalanceHosts: String?
    var counters = StatCounters()
    var pins = PinTotals()

    var clients: Int { activeClients + waitingClients }
    /// Connections that count against the limits; those that only carry a cancel do not.
    var servers: Int {
        activeServers + beingCanceledServers + idleServers + usedServers + testedServers + loginServers
    }

    /// Adds another worker's part of the same pool.
    static func += (total: inout Self, part: Self) {
        total.activeClients += part.activeClients
        total.waitingClients += part.waitingClients
        total.activeCancels += part.activeCancels
        total.waitingCancels += part.waitingCancels
        total.activeServers += part.activeServers
        total.cancelServers += part.cancelServers
        total.beingCanceledServers += part.beingCanceledServers
        total.idleServers += part.idleServers
        total.usedServers += part.usedServers
        total.testedServers += part.testedServers
        total.loginServers += part.loginServers
        if let wait = part.longestWait {
            total.longestWait = max(total.longestWait ?? wait, wait)
        }
        total.counters += part.counters
        total.pins += part.pins
    }
}

extension String {
    /// Whether a name sorts before another as plain bytes (`strcmp`), not by Swift's Unicode order.
    func precedes(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}
