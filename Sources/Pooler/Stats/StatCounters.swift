/// What one pool has done since it was made: the counters behind SHOW STATS. They only grow.
struct StatCounters: Equatable, Sendable {
    /// Times a server was linked to a client.
    var serverAssignments: UInt64 = 0
    /// Transactions: spans between two idle states of a server.
    var transactions: UInt64 = 0
    /// Queries, or pipelined batches.
    var queries: UInt64 = 0
    /// Bytes from clients.
    var received: UInt64 = 0
    /// Bytes from servers.
    var sent: UInt64 = 0
    /// Microseconds that servers spent in transactions.
    var transactionTime: UInt64 = 0
    /// Microseconds that servers spent on queries.
    var queryTime: UInt64 = 0
    /// Microseconds that clients stood in the queue.
    var waitTime: UInt64 = 0
    /// Named Parse messages from clients, where prepared statements are tracked.
    var clientParses: UInt64 = 0
    /// Parse messages that the pooler sent to servers for tracked statements.
    var serverParses: UInt64 = 0
    /// Binds of named statements.
    var binds: UInt64 = 0
    /// Finished client logins.
    var clientLogins: UInt64 = 0

    /// Adds the counters of another worker's part of the same pool. Wraps instead of trapping: a statistic must not end
    /// the process.
    static func += (total: inout Self, part: Self) {
        total.serverAssignments &+= part.serverAssignments
        total.transactions &+= part.transactions
        total.queries &+= part.queries
        total.received &+= part.received
        total.sent &+= part.sent
        total.transactionTime &+= part.transactionTime
        total.queryTime &+= part.queryTime
        total.waitTime &+= part.waitTime
        total.clientParses &+= part.clientParses
        total.serverParses &+= part.serverParses
        total.binds &+= part.binds
        total.clientLogins &+= part.clientLogins
    }

    /// What was added since an earlier snapshot. A pool that was freed and made again counts from 0, so each counter that
    /// is below its snapshot gives 0.
    static func - (later: Self, earlier: Self) -> Self {
        Self(
            numbers: zip(later.numbers, earlier.numbers).map { to, from in to > from ? to - from : 0 })
    }
}

extension StatCounters {
    /// All counters in their order, as numbers.
    var numbers: [UInt64] { Self.paths.map { self[keyPath: $0] } }

    /// From such numbers; missing ones are 0.
    init(numbers: [UInt64]) {
        self.init()
        for (path, number) in zip(Self.paths, numbers) { self[keyPath: path] = number }
    }

    private static let paths: [WritableKeyPath<Self, UInt64> & Sendable] = [
        \.serverAssignments, \.transactions, \.queries, \.received, \.sent, \.transactionTime, \.queryTime, \.waitTime,
        \.clientParses, \.serverParses, \.binds, \.clientLogins,
    ]
}
