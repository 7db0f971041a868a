import Testing

@testable import Pooler

@Suite("Statistics")
struct StatAveragesTests {
    /// Twelve different numbers, so that no two counters can be mixed up.
    static func counters(_ factor: UInt64) -> StatCounters {
        StatCounters(
            serverAssignments: 1 * factor, transactions: 2 * factor, queries: 3 * factor, received: 4 * factor,
            sent: 5 * factor, transactionTime: 60 * factor, queryTime: 70 * factor, waitTime: 80 * factor,
            clientParses: 9 * factor, serverParses: 10 * factor, binds: 11 * factor, clientLogins: 12 * factor)
    }

    @Test("Counters add and subtract one by one; a counter that went back counts as 0")
    func arithmetic() {
        var sum = Self.counters(10)
        sum += Self.counters(7)
        #expect(sum == Self.counters(17))
        #expect(sum - Self.counters(7) == Self.counters(10))
        #expect(Self.counters(1) - Self.counters(2) == StatCounters())
        var full = StatCounters(sent: .max)
        full += StatCounters(sent: 2)
        #expect(full.sent == 1)
    }

    @Test("Counts are for each second, times for each transaction, query and assignment; fractions are cut")
    func averages() {
        let averages = StatAverages(of: Self.counters(100), over: .milliseconds(1500))
        #expect(averages.serverAssignments == 66 && averages.transactions == 133 && averages.queries == 200)
        #expect(averages.received == 266 && averages.sent == 333)
        #expect(averages.transactionTime == 30 && averages.queryTime == 23 && averages.waitTime == 80)
        #expect(averages.clientParses == 600 && averages.serverParses == 666)
        #expect(averages.binds == 733 && averages.clientLogins == 800)
    }

    @Test(
        "No span and no size makes an average fail",
        arguments: [.zero, .seconds(-5), .nanoseconds(1), .seconds(Int64.max)] as [Duration])
    func extremes(period: Duration) {
        let averages = StatAverages(of: StatCounters(queries: .max, sent: .max, queryTime: .max), over: period)
        #expect(averages.transactionTime == 0 && averages.queryTime == 1)
        #expect(StatAverages(of: StatCounters(sent: .max), over: .microseconds(1)).sent == .max)
    }

    @Test("Averages look back to the snapshot of two ticks ago, and at first to a second before the start")
    func history() {
        let pool = PoolReport.ID(database: "a", user: "b")
        var history = StatHistory(startedAt: .seconds(100))
        #expect(history.baseline(at: .seconds(103)).period == .seconds(4))
        history.periodElapsed(.init(time: .seconds(160), counters: [pool: Self.counters(1)]))
        #expect(history.baseline(at: .seconds(170)).period == .seconds(71))
        #expect(history.baseline(at: .seconds(170)).counters.isEmpty)
        history.periodElapsed(.init(time: .seconds(220), counters: [pool: Self.counters(2)]))
        #expect(history.baseline(at: .seconds(230)).period == .seconds(70))
        #expect(history.baseline(at: .seconds(230)).counters == [pool: Self.counters(1)])
    }
}
