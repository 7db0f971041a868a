import Synchronization

/// Counts connections against a limit, over all workers.
final class ConnectionBudget: Sendable {
    private let used = Atomic<Int>(0)
    private let turnedAway = Atomic<Bool>(false)

    /// How many there are.
    var count: Int { used.load(ordering: .relaxed) }

    /// Takes one place; false when `limit` (0 or less: none) is reached, which is remembered until places come free.
    func reserve(limit: Int) -> Bool {
        if take(limit: limit) { return true }
        turnedAway.store(true, ordering: .sequentiallyConsistent)
        // A place may have come free before the mark was there for its giver to see.
        return take(limit: limit)
    }

    /// Whether no place is left, which is remembered as by `reserve`: told without taking one.
    @inline(__always)
    func isExhausted(limit: Int) -> Bool {
        guard limit > 0, used.load(ordering: .sequentiallyConsistent) >= limit else { return false }
        if !turnedAway.load(ordering: .sequentiallyConsistent) {
            turnedAway.store(true, ordering: .sequentiallyConsistent)
        }
        return used.load(ordering: .sequentiallyConsistent) >= limit
    }

    private func take(limit: Int) -> Bool {
        var before = used.load(ordering: .sequentiallyConsistent)
        while limit <= 0 || before < limit {
            let (isExchanged, original) = used.weakCompareExchange(
                expected: before, desired: before + 1, ordering: .sequentiallyConsistent)
            if isExchanged { return true }
            before = original
        }
        return false
    }

    /// Takes a place whatever the limit says, for what exists already.
    func add() {
        used.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }

    /// Gives a place back that was never used; who was turned away stays marked, for a release to come.
    func undo() {
        used.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }

    /// Gives a place back; true when somebody was turned away since the last time, and should be told.
    func release() -> Bool {
        used.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        return turnedAway.exchange(false, ordering: .sequentiallyConsistent)
    }
}

/// What all workers share of one pool: how many server connections exist, against its limits, and the welcome that its
/// first server brought.
final class PoolBudget: Sendable {
    /// A connection that would go over a limit.
    enum Refusal: Equatable {
        case logins
        case pool
        case database
        case user
    }

    let servers = ConnectionBudget()
    /// Those of them that are connecting or logging in (`max_server_logins`).
    private let logins = ConnectionBudget()
    let database: ConnectionBudget
    let user: ConnectionBudget
    /// Clients that are pinned to their server, or about to be.
    let pins = ConnectionBudget()
    /// Those of them whose servers are being asked whether they still are.
    let pinsInQuestion = ConnectionBudget()
    /// Clients that wait for the outcome.
    let pinWaiters = ConnectionBudget()
    private let storedWelcome = Mutex<Welcome?>(nil)
    /// Round-robin position for host lists.
    private let nextHost = Atomic<Int>(0)

    /// For each worker, since when its first waiting client waits: a hint for fairness, nothing depends on it.
    private let waiting: [WaitingSince]

    init(database: ConnectionBudget, user: ConnectionBudget, workerCount: Int) {
        self.database = database
        self.user = user
        waiting = (0..<workerCount).map { _ in WaitingSince() }
    }

    /// Since when a worker's first client waits; `never` when none does.
    func waitingSince(worker: Int) -> Instant {
        Instant(nanoseconds: waiting[worker].nanoseconds.load(ordering: .relaxed))
    }

    func setWaitingSince(_ since: Instant, worker: Int) {
        waiting[worker].nanoseconds.store(since.nanoseconds, ordering: .relaxed)
    }

    private final class WaitingSince: Sendable {
        let nanoseconds = Atomic<Int64>(.max)
    }

    /// What a new client is told; nil until a server has logged in, and after RECONNECT.
    var welcome: Welcome? {
        get { storedWelcome.withLock { $0 } }
        set { storedWelcome.withLock { $0 = newValue } }
    }

    /// Counts through the hosts of a list, over all workers.
    func nextHostIndex() -> Int {
        nextHost.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
    }

    /// Reserves one server connection that logs in, under all limits (0 or less: none), the wider ones in the order in which
    /// PgBouncer checks them.
    func reserve(loginLimit: Int, poolLimit: Int, databaseLimit: Int, userLimit: Int) -> Refusal? {
        let claims: [(budget: ConnectionBudget, limit: Int, refusal: Refusal)] = [
            (logins, loginLimit, .logins), (servers, poolLimit, .pool), (database, databaseLimit, .database),
            (user, userLimit, .user),
        ]
        guard let refused = claims.firstIndex(where: { !$0.budget.reserve(limit: $0.limit) }) else { return nil }
        for claim in claims[..<refused] { claim.budget.undo() }
        return claims[refused].refusal
    }

    /// Counts a connection that exists already, whatever the limits say.
    func add() {
        servers.add()
        database.add()
        user.add()
    }

    /// A reserved connection has logged in, or never will; true when somebody was turned away for its sake.
    func loginEnded() -> Bool { logins.release() }

    /// Gives one connection back; true when somebody was turned away meanwhile.
    func release() -> Bool {
        let pool = servers.release()
        let database = database.release()
        let user = user.release()
        return pool || database || user
    }
}
