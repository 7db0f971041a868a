/// The averages of SHOW STATS over one span of time: counts and bytes for each second, and mean microseconds for each
/// transaction, query and server assignment. Fractions are cut, as PgBouncer cuts them.
struct StatAverages: Equatable, Sendable {
    let serverAssignments: UInt64
    let transactions: UInt64
    let queries: UInt64
    let received: UInt64
    let sent: UInt64
    /// Mean microseconds of a transaction.
    let transactionTime: UInt64
    /// Mean microseconds of a query.
    let queryTime: UInt64
    /// Mean microseconds that a client waited for each server assignment.
    let waitTime: UInt64
    let clientParses: UInt64
    let serverParses: UInt64
    let binds: UInt64
    let clientLogins: UInt64

    /// - Parameters:
    ///   - growth: what was counted during the span (two snapshots subtracted).
    ///   - period: the length of the span; one that is not positive gives rates of 0.
    init(of growth: StatCounters, over period: Duration) {
        func rate(_ count: UInt64) -> UInt64 {
            let microseconds = period / .microseconds(1)
            guard microseconds >= 1, let span = UInt64(exactly: microseconds.rounded(.down)) else { return 0 }
            return UInt64(clamping: UInt128(count) * 1_000_000 / UInt128(span))
        }
        func mean(_ time: UInt64, of count: UInt64) -> UInt64 {
            count == 0 ? 0 : time / count
        }
        serverAssignments = rate(growth.serverAssignments)
        transactions = rate(growth.transactions)
        queries = rate(growth.queries)
        received = rate(growth.received)
        sent = rate(growth.sent)
        transactionTime = mean(growth.transactionTime, of: growth.transactions)
        queryTime = mean(growth.queryTime, of: growth.queries)
        waitTime = mean(growth.waitTime, of: growth.serverAssignments)
        clientParses = rate(growth.clientParses)
        serverParses = rate(growth.serverParses)
        binds = rate(growth.binds)
        clientLogins = rate(growth.clientLogins)
    }
}
