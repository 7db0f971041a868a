import DequeModule
import PoolerConfig

/// Decides who gets which server: the idle servers and the waiting clients of one database and user, on one worker.
///
/// A machine: it knows servers and clients by token, does no I/O, and is told the time. Limits that hold over all workers
/// are not its business; it says when it would like a new connection, and `PoolBudget` says whether there may be one.
struct Pool {
    /// Where one of this pool's servers stands. Successors: opening → idle | leased (login done); idle → leased | checking;
    /// leased → resetting | idle; checking, resetting → idle | leased. All may end.
    enum ServerState: Equatable {
        /// Connecting or logging in.
        case opening
        case idle(since: Instant)
        /// Linked to a client.
        case leased
        /// Answering a check query, for a client that waits.
        case checking
        /// Running a reset query.
        case resetting
    }

    /// What a client that needs a server gets.
    enum Lease: Equatable {
        case server(Token)
        /// A server must answer a check query first; the client waits.
        case check(Token, WaitQueue.Ticket)
        case wait(WaitQueue.Ticket)
    }

    /// What an idle server does for those who wait.
    enum Step: Equatable {
        case serve(Token, WaitQueue.Waiter)
        /// It must answer a check query first.
        case check(Token)
    }

    /// What becomes of a server that is free.
    enum Placement: Equatable {
        case serve(WaitQueue.Waiter)
        case keep
    }

    private var servers = ServerStates()
    /// Most recently used last.
    private var idle = Deque<Token>()
    private(set) var queue = WaitQueue()
    private(set) var openingCount = 0
    private(set) var leasedCount = 0
    private var checkingCount = 0
    private var resettingCount = 0
    /// PAUSE: nobody is served.
    private(set) var isPaused = false

    init() {}

    var idleCount: Int { idle.count }
    var serverCount: Int { servers.count }
    var waitingCount: Int { queue.count }
    /// How many run a check or reset query.
    var testingCount: Int { checkingCount + resettingCount }
    /// Whether somebody waits for whom no server is being checked.
    private var isAnyoneUnprovided: Bool { queue.count > checkingCount }

    /// A client has something to send. `checkAfter` is server_check_delay; nil when there is nothing to check with.
    mutating func serverRequested(
        by client: Token, now: Instant, checkAfter: Duration?, roundRobin: Bool
    ) -> Lease {
        guard !isPaused, !isAnyoneUnprovided, let (server, since) = takeIdle(roundRobin: roundRobin) else {
            return .wait(queue.join(client, since: now))
        }
        if let checkAfter, now - since > checkAfter {
            checkBegan(server)
            return .check(server, queue.join(client, since: now))
        }
        leaseBegan(server)
        return .server(server)
    }

    /// A waiting client gives its place up.
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
            leaseBegan(server)
            return .serve(waiter)
        }
        servers[server] = .idle(since: now)
        idle.append(server)
        return .keep
    }

    /// A server has come from another process, as it was there: idle, or leased (nil).
    mutating func serverArrived(_ server: Token, idleSince: Instant?) {
        if let since = idleSince {
            servers[server] = .idle(since: since)
            idle.append(server)
        } else {
            leaseBegan(server)
        }
    }

    /// A client has come from another process, where it has waited since then. Those who wait longest come first.
    mutating func waiterArrived(_ client: Token, since: Instant) -> WaitQueue.Ticket {
        queue.join(client, since: since)
    }

    /// A leased server runs a reset query.
    mutating func serverResetting(_ server: Token) {
        leaveState(of: server)
        servers[server] = .resetting
        resettingCount += 1
    }

    /// A server is gone or has been given away.
    mutating func serverRemoved(_ server: Token) {
        leaveState(of: server)
        servers[server] = nil
    }

    /// Takes the idle server that was used last, for another worker.
    mutating func takeMostRecentIdle() -> Token? {
        guard let server = idle.popLast() else { return nil }
        servers[server] = nil
        return server
    }

    /// What the next idle server does for those who wait, after RESUME or when a check has failed; nil when nobody waits for
    /// whom none is on its way, or none is idle.
    mutating func nextStep(now: Instant, checkAfter: Duration?, roundRobin: Bool) -> Step? {
        guard !isPaused, isAnyoneUnprovided, let (server, since) = takeIdle(roundRobin: roundRobin) else { return nil }
        if let checkAfter, now - since > checkAfter {
            checkBegan(server)
            return .check(server)
        }
        guard let waiter = queue.popFirst() else { return nil }
        leaseBegan(server)
        return .serve(server, waiter)
    }

    mutating func paused() { isPaused = true }

    mutating func resumed() { isPaused = false }

    /// How many connections the queue would like to have opened: one for everybody who waits, less those servers that are on
    /// their way.
    var wantedConnections: Int {
        isPaused ? 0 : max(0, queue.count - openingCount - testingCount - idleCount)
    }

    /// The idle servers, longest idle first, with the time since which they are idle.
    var idleServers: [(server: Token, since: Instant)] {
        idle.compactMap { token in
            guard case .idle(let since) = servers[token] else { return nil }
            return (token, since)
        }
    }

    func state(of server: Token) -> ServerState? { servers[server] }

    var allServers: [Token] { servers.servers }

    private mutating func takeIdle(roundRobin: Bool) -> (server: Token, since: Instant)? {
        guard let server = roundRobin ? idle.popFirst() : idle.popLast(), case .idle(let since) = servers[server]
        else { return nil }
        return (server, since)
    }

    private mutating func leaseBegan(_ server: Token) {
        servers[server] = .leased
        leasedCount += 1
    }

    private mutating func checkBegan(_ server: Token) {
        servers[server] = .checking
        checkingCount += 1
    }

    private mutating func leaveState(of server: Token) {
        switch servers[server] {
        case nil: break
        case .opening: openingCount -= 1
        case .leased: leasedCount -= 1
        case .checking: checkingCount -= 1
        case .resetting: resettingCount -= 1
        case .idle: idle.removeAll { $0 == server }
        }
    }
}
