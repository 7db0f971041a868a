import PoolerConfig

/// Servers that move between workers, so that none idles on one while a client waits on another.
///
/// A worker whose clients wait asks the others. Each gives what it has idle, or remembers who asked, and gives the next server
/// that it has no use for. All of it goes by mailbox, so nothing is shared but the count of connections.
extension Worker {
    /// Asks the other workers for idle servers; false when there is nobody to ask. New connections are opened only after they
    /// have said no.
    func askOtherWorkers(for pool: WorkerPool) -> Bool {
        guard shared.workerCount > 1, pool.replication == nil, pool.pool.waitingCount > 0 else { return false }
        if pool.openQuestions > 0 { return true }
        guard pool.budget.servers.count > pool.pool.serverCount else { return false }
        // Whoever had nothing remembers that we wait, until it gives something.
        if pool.hasAsked { return false }
        pool.hasAsked = true
        pool.openQuestions = shared.workerCount - 1
        shared.broadcast(
            .serversWanted(pool.key, count: pool.pool.waitingCount, by: index), except: index)
        return true
    }

    /// Another worker's clients wait for servers of a pool.
    func serversWanted(_ key: PoolKey, count: Int, by worker: Int) {
        defer { shared.mailboxes[worker].send(.serversAnswered(key)) }
        guard let pool = pools[key] else { return }
        var wanted = count
        while wanted > 0, standstill != .handingOver, pool.pool.waitingCount == 0,
            let token = pool.pool.takeMostRecentIdle()
        {
            guard case .server(let server) = table[token] else { continue }
            hand(server, to: worker)
            wanted -= 1
        }
        if wanted > 0, !pool.hungryWorkers.contains(worker) { pool.hungryWorkers.append(worker) }
    }

    /// Another worker has given what it had.
    func serversAnswered(_ key: PoolKey) {
        guard let pool = pools[key] else { return }
        pool.openQuestions = max(0, pool.openQuestions - 1)
        guard pool.openQuestions == 0 else { return }
        if pool.pool.waitingCount > 0 { openServers(for: pool) }
    }

    /// A server that has become free goes to a worker that asked, if nobody waits here, or if somebody there has waited longer
    /// by more than a millisecond.
    func give(_ server: ServerConnection, besides pool: WorkerPool) -> Bool {
        // Whose queue is empty by now would ask again.
        pool.hungryWorkers.removeAll { pool.budget.waitingSince(worker: $0) == .never }
        guard standstill != .handingOver, let worker = pool.hungryWorkers.first else { return false }
        let theirs = pool.budget.waitingSince(worker: worker)
        if let ours = pool.pool.queue.first?.since, theirs + .milliseconds(1) >= ours { return false }
        pool.hungryWorkers.removeFirst()
        pool.pool.serverRemoved(server.token)
        departures.append(Departure(server: server, worker: worker))
        return true
    }

    /// Hands over what was given away in this turn. Not at once, since whoever freed the server may be in the middle of
    /// reading it, and once handed over it is another thread's.
    func runDepartures() {
        guard !departures.isEmpty else { return }
        for departure in departures {
            if departure.server.isOpen {
                hand(departure.server, to: departure.worker)
            } else {
                // It ended after all: they must look for another.
                shared.mailboxes[departure.worker].send(.serversAnswered(departure.server.pool.key))
            }
        }
        departures.removeAll(keepingCapacity: true)
    }

    /// Tells the other workers since when this one's clients wait: a hint for `give`.
    func publishWaiting(_ pool: WorkerPool) {
        guard shared.workerCount > 1 else { return }
        if pool.pool.waitingCount == 0 { pool.hasAsked = false }
        pool.budget.setWaitingSince(pool.pool.queue.first?.since ?? .never, worker: index)
    }

    private func hand(_ server: ServerConnection, to worker: Int) {
        poller.remove(server.transport.descriptor.number)
        table.remove(server.token)
        timers.disarm(slot: server.token.slot)
        server.isOutputWatched = false
        let moved = MovedServer(
            server: server, values: server.parameters.values, settings: server.session.settings?.settings ?? [],
            baseline: server.session.baseline?.settings ?? [],
            baselineCounts: server.session.baselineCounts, hadTemporary: server.session.hadTemporary,
            statements: server.statements.moved,
            database: server.pool.database, credential: server.pool.credential)
        // Parameter sets and statements belong to this worker; the other one has its own objects for the same bytes.
        server.parameters = parameterSets.empty
        server.statements = ServerStatements()
        server.session = ServerSession()
        shared.mailboxes[worker].send(.serverGiven(server.pool.key, Handover(moved)))
    }

    /// A server that another worker gave up.
    func serverGiven(_ key: PoolKey, _ handover: Handover<MovedServer>) {
        guard let moved = handover.take() else { return }
        let server = moved.server
        let token = table.reserve()
        server.token = token
        server.parameters = parameterSets.intern(moved.values)
        server.statements = ServerStatements(moved.statements, among: statements.table)
        server.session.baseline = sessionSettings.intern(moved.baseline)
        server.session.baseline?.isVerified = true
        server.session.moved(baselineCounts: moved.baselineCounts, hadTemporary: moved.hadTemporary)
        server.session.settings = sessionSettings.intern(moved.settings) ?? emptySettings(of: server)
        server.session.settings?.isVerified = true
        table.fill(token, .server(server))
        // Kept by itself: the server may be on its way to a third worker before this is over.
        let pool = pools[key] ?? makePool(key, moved.database, moved.credential)
        server.pool = pool
        pool.hasAsked = false
        pool.pool.serverOpening(token)
        poller.add(server.transport.descriptor.number, token)
        watchUnsent(server)
        if let reason = reasonToClose(server) {
            closeServer(server, reason, isOrderly: true)
        } else {
            free(server)
        }
        publishWaiting(pool)
        if pool.pool.waitingCount > 0 { seekServers(for: pool) }
    }
}

/// A free server that leaves for another worker at the end of the turn; nobody here may use it any more.
struct Departure {
    let server: ServerConnection
    let worker: Int
}

/// An idle server on its way to another worker, with the parameter values, session settings and statements that it has.
struct MovedServer {
    let server: ServerConnection
    let values: [[UInt8]?]
    let settings: [SessionSetting]
    let baseline: [SessionSetting]
    let baselineCounts: SessionProbe.Counts
    let hadTemporary: Bool
    let statements: MovedStatements
    /// What the other worker makes its part of the pool from, if it has none yet.
    let database: Database
    let credential: Credential
}
