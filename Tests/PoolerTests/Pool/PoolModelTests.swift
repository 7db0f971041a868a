import PoolerTestSupport
import Testing

@testable import Pooler

/// A pool under random events, beside the books of somebody who sees everything: who has which server, who waits since when.
private struct PoolPlay {
    enum Server {
        case opening
        case idle(since: Instant)
        case leased(Token)
        case checking
        case resetting
    }

    struct Failure: Error { let text: String }

    let limit: Int
    let checkAfter: Duration?
    let roundRobin: Bool
    var random: Dice
    var pool = Pool()
    var budget = ConnectionBudget()
    var now = Instant.at(.seconds(1))
    var servers: [Token: Server] = [:]
    var waiting: [(client: Token, ticket: WaitQueue.Ticket)] = []
    var isPaused = false
    var nextNumber = 0
    var served = 0

    init(seed: UInt64) {
        random = Dice(seed: seed)
        limit = [1, 2, 5, 20].randomElement(using: &random) ?? 1
        checkAfter = [nil, .zero, .milliseconds(200)].randomElement(using: &random) ?? nil
        roundRobin = Bool.random(using: &random)
    }

    mutating func run(steps: Int) throws {
        for _ in 0..<steps {
            now = now + .milliseconds(Int.random(in: 0...50, using: &random))
            try step()
            try check()
        }
    }

    private mutating func step() throws {
        switch Int.random(in: 0...29, using: &random) {
        case 0...8 where waiting.count < 30: try clientRequests()
        case 0...8: clientLeaves()
        case 9...12: try openServers()
        case 13...15: if let server = pick({ if case .opening = $0 { true } else { false } }) { try free(server) }
        case 16...20: try clientReleases()
        case 21, 22: if let server = pick({ if case .resetting = $0 { true } else { false } }) { try free(server) }
        case 23, 24: if let server = pick({ if case .checking = $0 { true } else { false } }) { try free(server) }
        case 25:
            if let server = servers.keys.sorted(by: { $0.slot < $1.slot }).randomElement(using: &random) {
                try remove(server)
            }
        case 26: clientLeaves()
        case 27: try giveAway()
        default: try togglePause()
        }
    }

    private mutating func makeToken() -> Token {
        nextNumber += 1
        return Token(number: nextNumber)
    }

    private mutating func pick(_ isWanted: (Server) -> Bool) -> Token? {
        servers.filter { isWanted($0.value) }.keys.sorted { $0.slot < $1.slot }.randomElement(using: &random)
    }

    private func require(_ condition: Bool, _ text: String) throws {
        if !condition { throw Failure(text: text) }
    }

    private mutating func clientRequests() throws {
        let client = makeToken()
        switch pool.serverRequested(by: client, now: now, checkAfter: checkAfter, roundRobin: roundRobin) {
        case .server(let server):
            try leaseIdle(server, to: client)
        case .check(let server, let ticket):
            waiting.append((client, ticket))
            try checkIdle(server)
        case .wait(let ticket):
            waiting.append((client, ticket))
        }
    }

    /// The order in which idle servers are used.
    private func isNext(_ server: Token) -> Bool {
        guard case .idle(let since) = servers[server] else { return false }
        return servers.values.allSatisfy { other in
            guard case .idle(let others) = other else { return true }
            return roundRobin ? since <= others : since >= others
        }
    }

    private mutating func leaseIdle(_ server: Token, to client: Token) throws {
        guard case .idle(let since) = servers[server] else { throw Failure(text: "leased a server that is not idle") }
        try require(!isPaused, "leased while paused")
        try require(isNext(server), "the wrong idle server")
        if let checkAfter { try require(now - since <= checkAfter, "leased without a check") }
        servers[server] = .leased(client)
        served += 1
    }

    private mutating func checkIdle(_ server: Token) throws {
        guard case .idle(let since) = servers[server] else { throw Failure(text: "checked a server that is not idle") }
        try require(!isPaused && isNext(server), "the wrong server to check")
        try require(checkAfter.map { now - since > $0 } ?? false, "checked without need")
        servers[server] = .checking
    }

    private mutating func openServers() throws {
        var wanted = pool.wantedConnections
        try require(wanted >= 0 && wanted <= waiting.count, "more connections wanted than clients wait")
        while wanted > 0, budget.reserve(limit: limit) {
            wanted -= 1
            let server = makeToken()
            pool.serverOpening(server)
            servers[server] = .opening
        }
    }

    private mutating func free(_ server: Token) throws {
        switch pool.serverFreed(server, now: now) {
        case .keep:
            try require(isPaused || waiting.isEmpty, "kept while somebody waits")
            servers[server] = .idle(since: now)
        case .serve(let waiter):
            try serve(waiter, server)
        }
    }

    private mutating func serve(_ waiter: WaitQueue.Waiter, _ server: Token) throws {
        try require(!isPaused, "served while paused")
        try require(!waiting.isEmpty, "served nobody")
        let first = waiting.removeFirst()
        try require(first.client == waiter.client && first.ticket == waiter.ticket, "somebody jumped the queue")
        servers[server] = .leased(waiter.client)
        served += 1
    }

    private mutating func clientReleases() throws {
        guard let server = pick({ if case .leased = $0 { true } else { false } }) else { return }
        if Bool.random(using: &random) {
            pool.serverResetting(server)
            servers[server] = .resetting
        } else {
            try free(server)
        }
    }

    private mutating func remove(_ server: Token) throws {
        pool.serverRemoved(server)
        servers[server] = nil
        _ = budget.release()
        try serveQueue()
    }

    private mutating func serveQueue() throws {
        while let step = pool.nextStep(now: now, checkAfter: checkAfter, roundRobin: roundRobin) {
            switch step {
            case .check(let server):
                try checkIdle(server)
            case .serve(let server, let waiter):
                guard case .idle(let since) = servers[server] else { throw Failure(text: "paired with a busy server") }
                if let checkAfter { try require(now - since <= checkAfter, "paired without a check") }
                try serve(waiter, server)
            }
        }
    }

    private mutating func clientLeaves() {
        guard let index = waiting.indices.randomElement(using: &random) else { return }
        pool.clientLeft(waiting.remove(at: index).ticket)
    }

    private mutating func giveAway() throws {
        guard let server = pool.takeMostRecentIdle() else { return }
        guard case .idle = servers[server] else { throw Failure(text: "gave a busy server away") }
        servers[server] = nil
        _ = budget.release()
    }

    private mutating func togglePause() throws {
        isPaused.toggle()
        if isPaused {
            pool.paused()
        } else {
            pool.resumed()
            try serveQueue()
        }
    }

    private func count(_ isCounted: (Server) -> Bool) -> Int { servers.values.count(where: isCounted) }

    private func check() throws {
        let opening = count { if case .opening = $0 { true } else { false } }
        let idle = count { if case .idle = $0 { true } else { false } }
        let leased = count { if case .leased = $0 { true } else { false } }
        let checking = count { if case .checking = $0 { true } else { false } }
        let resetting = count { if case .resetting = $0 { true } else { false } }
        try require(
            pool.openingCount == opening && pool.idleCount == idle && pool.leasedCount == leased
                && pool.testingCount == checking + resetting && pool.serverCount == servers.count
                && pool.waitingCount == waiting.count, "the counts are wrong")
        try require(servers.count == budget.count && servers.count <= limit, "over the limit")
        try require(Set(pool.allServers) == Set(servers.keys), "not the same servers")
        try require(pool.queue.waiters.map(\.ticket) == waiting.map(\.ticket), "not the same waiters")
        try require(isPaused || idle == 0 || waiting.count <= checking, "somebody waits while a server idles")
        let wanted = pool.wantedConnections
        let useful = waiting.count - opening - checking - resetting - idle
        try require(
            wanted == (isPaused ? 0 : max(0, useful)),
            "\(wanted) connections wanted, \(useful) useful")
    }
}

@Suite struct PoolModelTests {
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `Under random events no server is lent twice, nobody is forgotten, and no limit is passed`(_ seed: UInt64)
        throws
    {
        var play = PoolPlay(seed: seed)
        do {
            try play.run(steps: 500)
        } catch let failure as PoolPlay.Failure {
            Issue.record("\(failure.text)")
        }
        #expect(play.served > 5)
    }
}
