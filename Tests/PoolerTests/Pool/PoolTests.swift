import Testing

@testable import Pooler

@Suite struct PoolTests {
    private static let start = Instant.at(.seconds(100))
    private static func server(_ number: Int) -> Token { Token(slot: UInt32(number), generation: 1) }
    private static func client(_ number: Int) -> Token { Token(slot: UInt32(number), generation: 2) }

    /// A pool whose servers 0, 1, 2 ... became idle a second after one another.
    private static func pool(idle count: Int) -> Pool {
        var pool = Pool()
        for number in 0..<count {
            pool.serverOpening(server(number))
            #expect(pool.serverFreed(server(number), now: start + .seconds(number)) == .keep)
        }
        return pool
    }

    private static func isWait(_ lease: Pool.Lease) -> Bool {
        if case .wait = lease { true } else { false }
    }

    @Test func `The server that was used last goes first, or in turn`() {
        for (roundRobin, order) in [(false, [2, 1, 0]), (true, [0, 1, 2])] {
            var pool = Self.pool(idle: 3)
            for (number, expected) in order.enumerated() {
                let lease = pool.serverRequested(
                    by: Self.client(number), now: Self.start, checkAfter: nil, roundRobin: roundRobin)
                #expect(lease == .server(Self.server(expected)))
                #expect(pool.state(of: Self.server(expected)) == .leased)
            }
            #expect(pool.leasedCount == 3 && pool.idleCount == 0)
        }
    }

    @Test func `A server that was idle too long is checked before it serves`() {
        var pool = Self.pool(idle: 1)
        let now = Self.start + .seconds(30)
        guard
            case .check(Self.server(0), let ticket) = pool.serverRequested(
                by: Self.client(0), now: now + .nanoseconds(1), checkAfter: .seconds(30), roundRobin: false)
        else {
            Issue.record("no check")
            return
        }
        #expect(pool.testingCount == 1 && pool.waitingCount == 1 && pool.wantedConnections == 0)
        let placement = pool.serverFreed(Self.server(0), now: now)
        #expect(placement == .serve(.init(ticket: ticket, client: Self.client(0), since: now + .nanoseconds(1))))
        // Idle for exactly the delay is not too long.
        _ = pool.serverFreed(Self.server(0), now: now)
        let lease = pool.serverRequested(
            by: Self.client(1), now: now + .seconds(30), checkAfter: .seconds(30), roundRobin: false)
        #expect(lease == .server(Self.server(0)))
    }

    @Test func `While one client waits for a check, the next one gets another server`() {
        var pool = Self.pool(idle: 2)
        let now = Self.start + .seconds(60)
        for expected in [1, 0] {
            guard
                case .check(let server, _) = pool.serverRequested(
                    by: Self.client(expected), now: now, checkAfter: .seconds(30), roundRobin: false)
            else {
                Issue.record("no check")
                return
            }
            #expect(server == Self.server(expected))
        }
        #expect(pool.idleCount == 0 && pool.waitingCount == 2 && pool.testingCount == 2)
        let third = pool.serverRequested(by: Self.client(3), now: now, checkAfter: .seconds(30), roundRobin: false)
        #expect(Self.isWait(third) && pool.wantedConnections == 1)
    }

    @Test func `When a check fails, its client gets the next idle server`() {
        var pool = Self.pool(idle: 2)
        let now = Self.start + .seconds(60)
        _ = pool.serverRequested(by: Self.client(0), now: now, checkAfter: .seconds(30), roundRobin: false)
        #expect(pool.nextStep(now: now, checkAfter: .seconds(30), roundRobin: false) == nil)
        pool.serverRemoved(Self.server(1))
        #expect(pool.wantedConnections == 0)
        #expect(pool.nextStep(now: now, checkAfter: .seconds(30), roundRobin: false) == .check(Self.server(0)))
        #expect(pool.nextStep(now: now, checkAfter: .seconds(30), roundRobin: false) == nil)
        pool.serverRemoved(Self.server(0))
        #expect(pool.wantedConnections == 1)
    }

    @Test func `While paused everybody waits, and is paired afterwards`() {
        var pool = Self.pool(idle: 2)
        pool.paused()
        let leases = (0..<3).map {
            pool.serverRequested(by: Self.client($0), now: Self.start, checkAfter: nil, roundRobin: false)
        }
        #expect(leases.allSatisfy { Self.isWait($0) })
        #expect(pool.wantedConnections == 0)
        #expect(pool.nextStep(now: Self.start, checkAfter: nil, roundRobin: false) == nil)
        pool.serverOpening(Self.server(7))
        #expect(pool.serverFreed(Self.server(7), now: Self.start) == .keep)
        pool.resumed()
        var pairs: [Pool.Step] = []
        while let step = pool.nextStep(now: Self.start, checkAfter: nil, roundRobin: false) { pairs.append(step) }
        let clients = pairs.map { step -> Token? in
            if case .serve(_, let waiter) = step { waiter.client } else { nil }
        }
        #expect(clients == [Self.client(0), Self.client(1), Self.client(2)])
        #expect(pool.waitingCount == 0 && pool.leasedCount == 3)
    }

    @Test func `Connections are wanted for those who wait`() {
        var pool = Pool()
        for number in 0..<10 {
            _ = pool.serverRequested(by: Self.client(number), now: Self.start, checkAfter: nil, roundRobin: false)
        }
        #expect(pool.wantedConnections == 10)
        pool.serverOpening(Self.server(0))
        pool.serverOpening(Self.server(1))
        #expect(pool.wantedConnections == 8)
        // A server that is being reset serves one of them, but holds up no connection for the others.
        _ = pool.serverFreed(Self.server(0), now: Self.start)
        pool.serverResetting(Self.server(0))
        _ = pool.serverFreed(Self.server(1), now: Self.start)
        #expect(pool.waitingCount == 8 && pool.testingCount == 1)
        #expect(pool.wantedConnections == 7)
    }

    @Test func `The one used last is given away, and idle ones are listed longest idle first`() {
        var pool = Self.pool(idle: 3)
        #expect(pool.idleServers.map(\.server) == (0..<3).map { Self.server($0) })
        #expect(pool.idleServers.map(\.since) == (0..<3).map { Self.start + .seconds($0) })
        #expect(pool.takeMostRecentIdle() == Self.server(2))
        #expect(pool.state(of: Self.server(2)) == nil && pool.serverCount == 2)
        pool.serverRemoved(Self.server(0))
        #expect(pool.takeMostRecentIdle() == Self.server(1) && pool.takeMostRecentIdle() == nil)
        #expect(pool.serverCount == 0)
    }
}
