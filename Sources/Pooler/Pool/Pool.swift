import DequeModule
import PoolerConfig

/// Decides who gets which server: the idle servers and the waiting clients of one database and user, on one worker.
///
/// A machine: it knows servers and clients by token, does no I/O, and is told the time. Limits that hold over all workers
/// are not its business; it says when it would like a new connection, and `PoolBudget` says whether there may be one.
struct Pool {
    /// Where one of this pool's servers stands. Successors: opening → idle | leased (login done); idle → leased | testing;
    /// leased → testing | idle; testing → idle. All may end.
    enum ServerState: Equatable {
        /// Connecting or logging in.
        case opening
        case idle(since: Instant)
        /// Linked to a client.
        case leased
        /// Running a check or reset query.
        case testing
    }

    /// What a client that needs a server gets.
    enum Lease: Equatable {
        case server(Token)
        /// A server must answer a check query first; the client waits.
        case check(Token, WaitQueue.Ticket)
        case wait(WaitQueue.Ticket)
    }

    /// What becomes of a server that is free.
    enum Placement: Equatable {
        case serve(WaitQueue.Waiter)
        case keep
    }

    private var servers: [Token: ServerState] = [:]
    /// Most recently used last.
    private var idle = Deque<Token>()
    private(set) var queue = WaitQueue()
    private(set) var openingCount = 0
    private(set) var leasedCount = 0
    private(set) var testingCount = 0
    /// PAUSE: nobody is served.
    private(set) var isPaused = false

    init() {}

    var idleCount: Int { idle.count }
    var serverCount: Int { servers.count }
    var waitingCount: Int { queue.count }

    /// A client has something to send. `checkAfter` is server_check_delay; nil when there is nothing to check with.
    mutating func serverRequested(
        by client: Token, now: Instant, checkAfter: Duration?, roundRobin: Bool
    ) -> Lease {
        guard !isPaused, queue.isEmpty, let server = roundRobin ? idle.first : idle.last else {
            return .wait(queue.join(client, since: now))
        }
        if roundRobin { idle.removeFirst() } else { idle.removeLast() }
        if let checkAfter, case .idle(let since) = servers[server], now - since > checkAfter {
            servers[server] = .testing
            testingCount += 1
            return .check(server, queue.join(client, since: now))
        }
        servers[server] = .leased
        leasedCount += 1
        return .server(server)
    }

    /// A client queues for its pool's first welcome, behind nobody: it needs no server for itself.
    mutating func clientLeft(_ ticket: WaitQueue.Ticket) {
        queue.leave(ticket)
    }

    /// A connection is being opened.
    mutating func serverOpening(_ server: Token) {
        servers[server] = .opening
        openingCount += 1
    }

    /// A server is free: freshly logged in, released by its client, or tested.
    mutating func serverFreed(_ server: Token, now: Instant) -> Placement {
        leaveState(of: server)
        if !isPaused, let waiter = queue.popFirst() {
            servers[server] = .leased
            leasedCount += 1
            return .serve(waiter)
        }
        servers[server] = .idle(since: now)
        idle.append(server)
        return .keep
    }

    /// A leased server runs a reset query.
    mutating func serverTesting(_ server: Token) {
        leaveState(of: server)
        servers[server] = .testing
        testingCount += 1
    }

    /// A server is gone or has been given away.
    mutating func serverRemoved(_ server: Token) {
        leaveState(of: server)
        servers[server] = nil
    }

    /// Takes an idle server out, to be checked, moved or closed: the one that has been idle longest.
    mutating func takeLongestIdle() -> Token? {
        guard let server = idle.popFirst() else { return nil }
        servers[server] = nil
        return server
    }

    /// Takes the idle server that was used last, for another worker.
    mutating func takeMostRecentIdle() -> Token? {
        guard let server = idle.popLast() else { return nil }
        servers[server] = nil
        return server
    }

    /// Pairs waiting clients with idle servers, after RESUME.
    mutating func nextPair() -> (server: Token, waiter: WaitQueue.Waiter)? {
        guard !isPaused, !queue.isEmpty, let server = idle.popLast(), let waiter = queue.popFirst() else { return nil }
        servers[server] = .leased
        leasedCount += 1
        return (server, waiter)
    }

    mutating func paused() { isPaused = true }

    mutating func resumed() { isPaused = false }

    /// How many connections the queue would like to have opened, beyond those already on their way.
    func wantedConnections(maxParallel: Int) -> Int {
        guard !isPaused else { return 0 }
        return max(0, min(queue.count, maxParallel) - openingCount - testingCount)
    }

    /// The idle servers, longest idle first, with the time since which they are idle.
    var idleServers: [(server: Token, since: Instant)] {
        idle.compactMap { token in
            guard case .idle(let since) = servers[token] else { return nil }
            return (token, since)
        }
    }

    func state(of server: Token) -> ServerState? { servers[server] }

    var allServers: some Collection<Token> { servers.keys }

    private mutating func leaveState(of server: Token) {
        switch servers[server] {
        case nil: break
        case .opening: openingCount -= 1
        case .leased: leasedCount -= 1
        case .testing: testingCount -= 1
        case .idle: idle.removeAll { $0 == server }
        }
    }
}
