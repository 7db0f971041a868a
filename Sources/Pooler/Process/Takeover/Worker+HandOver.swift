import CLinux

/// A worker of the process that is taken over. From `handOver` to the decision its thread stands still, so what it has handed over
/// stays as it was said: then it either lets go of that, or goes on as if nothing had been.
extension Worker {
    /// Nobody is read any more; questions of our own are still answered.
    func beginHandOver() {
        guard standstill == .none else { return }
        standstill = .handingOver
        updateAccepting()
        // Afterwards none is on its way between two workers.
        runDepartures()
    }

    /// Nothing came of it: everything goes on where it was.
    func abandonHandOver() {
        guard standstill == .handingOver else { return }
        endSuspension()
        if condition.isSuspended { suspend() }
    }

    /// Whether nothing is under way that is over in a moment and cannot be handed over before.
    var isSettled: Bool {
        table.all.allSatisfy { registration in
            switch registration {
            case .server(let server): !server.phase.isPassing && server.cancelsInFlight == 0
            case .client(let client):
                if case .login(let login) = client.phase { login.isUntouched } else { true }
            case .mailbox, .alarm, .listener, .pendingServer, .cancel, .secretLookUp: true
            }
        }
    }

    /// Gives up the socket of a console client, which asks for more than the console can answer: a copy of it. Nil when the
    /// client is not on our Unix socket and of our account.
    func detachConsole(_ token: Token) -> Int32? {
        guard case .client(let client) = table[token], client.isUnix, !client.transport.isTLS, client.output.isEmpty,
            let user = Syscalls.peerCredentials(client.transport.descriptor.number)?.user,
            user == Syscalls.account || user == 0
        else { return nil }
        let copy = clinux_duplicate(client.transport.descriptor.number)
        guard copy >= 0 else { return nil }
        poller.remove(client.transport.descriptor.number)
        letGo(client)
        return copy
    }

    /// Everything that can go to another process.
    func handOver() -> WorkerExport {
        now = .now()
        var export = WorkerExport()
        var pools: [PoolKey: Int] = [:]
        for pool in self.pools.values where pool.key.owner == 0 {
            pools[pool.key] = export.record.pools.count
            export.record.pools.append(record(pool))
        }
        for registration in table.all {
            guard case .client(let client) = registration, isMovable(client) else { continue }
            let record = record(client, pools, &export)
            export.add(client, record)
        }
        // A queue is joined anew in the order of the record.
        export.record.clients.sort { $0.waitsSince < $1.waitsSince }
        for pool in self.pools.values where pool.key.owner == 0 {
            for (token, since) in pool.pool.idleServers {
                guard case .server(let server) = table[token], isMovable(server), !server.isCloseNeeded else {
                    continue
                }
                var record = record(server, pools, &export)
                record.idleSince = since
                export.add(server, record)
            }
        }
        export.record.idleServers.sort { $0.idleSince ?? .never < $1.idleSince ?? .never }
        export.record.statements = export.statements.records
        export.record.consoleCounters = CountersRecord(values: consoleCounters.numbers)
        export.record.tallies = tallies.records
        export.record.durations = durations.map { name, durations in
            DurationsRecord(database: name, histograms: durations.values.numbers)
        }
        return export
    }

    /// What was handed over is another process's now. What stays goes on, as long as there are clients.
    func letGo(_ export: WorkerExport) {
        now = .now()
        stopListening(keepingUnix: false)
        for token in export.clients {
            guard case .client(let client) = table[token] else { continue }
            let server = client.server
            // The socket is still open elsewhere, so that closing it here does not take it out.
            poller.remove(client.transport.descriptor.number)
            letGo(client)
            if let server { letGo(given: server) }
        }
        for token in export.servers {
            if case .server(let server) = table[token] { letGo(given: server) }
        }
        condition.shutdown = .handedOver
        // Counted from here on by the other process.
        tallies = WorkerTallies()
        consoleCounters = StatCounters()
        durations = [:]
        for registration in Array(table.all) {
            if case .client(let client) = registration, case .console = client.phase {
                closeClient(client, .handedOver)
            }
        }
        for pool in Array(pools.values) where pool.clientCount == 0 {
            for server in servers(of: pool) where server.client == nil {
                closeServer(server, "handed over", isOrderly: true)
            }
        }
        endSuspension()
        serveAllQueues()
    }

    private func letGo(given server: ServerConnection) {
        letGo(server)
        releaseBudget(of: server.pool)
    }

    // MARK: - What can go

    private func isMovable(_ client: ClientConnection) -> Bool {
        guard client.isOpen, !client.transport.isTLS, client.pool?.key.owner ?? 0 == 0 else { return false }
        switch client.phase {
        case .login(let login): return login.isUntouched && client.login == nil && client.held.isEmpty
        case .welcomeWait: return true
        case .console(let session): return session.isAtRest && client.scanner.isAtBoundary && client.output.isEmpty
        case .canceling, .closing: return false
        case .session:
            switch client.link {
            case .none, .waiting: return true
            case .linked(let server): return isMovable(server)
            case .aligning: return false
            }
        }
    }

    private func isMovable(_ server: ServerConnection) -> Bool {
        server.isOpen && !server.transport.isTLS && server.cancelsInFlight == 0 && server.statements.withheld == nil
    }

    // MARK: - Records

    private func record(_ pool: WorkerPool) -> PoolRecord {
        var record = PoolRecord()
        record.database = pool.key.database
        record.user = pool.key.user
        record.target = target(of: pool.database)
        record.credential = CredentialRecord(pool.credential)
        record.untracked = pool.welcome?.untracked
        record.tracked = pool.welcome?.tracked ?? []
        record.counters = CountersRecord(values: pool.counters.numbers)
        record.pinsMade = pool.pinCounters.made
        record.pinsRefused = pool.pinCounters.refused
        return record
    }

    private func record(
        _ client: ClientConnection, _ pools: [PoolKey: Int], _ export: inout WorkerExport
    ) -> ClientRecord {
        var record = ClientRecord()
        record.connection = connectionRecord(client, client.peer, &export)
        record.pool = client.pool.flatMap { pools[$0.key] } ?? 0
        record.user = client.identity?.user ?? ""
        record.database = client.identity?.database ?? ""
        record.startupParameters = client.books.session.starting?.values ?? client.identity?.parameters ?? []
        record.startupSettings = client.identity?.settings.map { .init(name: $0.name, value: $0.value) } ?? []
        record.cancelKey = client.cancelKey
        switch client.phase {
        case .login, .canceling, .closing: record.stage = .connected
        case .welcomeWait: record.stage = .welcomeWait
        case .console(let session): record.stage = session.role == .admin ? .adminConsole : .statsConsole
        case .session: record.stage = .session
        }
        record.parameters = client.parameters?.values
        record.refusal = client.refusal
        record.wasNotifiedOfWait = client.wasNotifiedOfWait
        record.requestStartedAt = client.requestStartedAt
        record.largeParse = client.books.largeParse
        record.session = ClientSessionRecord(client.books.session)
        var names = NameRecorder()
        record.statements = export.statements.record(client.books.statements, &names)
        switch client.link {
        case .none, .aligning: break
        case .waiting: (record.link, record.waitsSince) = (.waiting, client.requestStartedAt ?? now)
        case .linked(let server):
            record.link = .linked
            var linked = self.record(server, pools, &export)
            linked.replies = export.statements.record(server.replies, &names)
            record.server = linked
        }
        record.statements.named = names.records
        return record
    }

    private func record(
        _ server: ServerConnection, _ pools: [PoolKey: Int], _ export: inout WorkerExport
    ) -> ServerRecord {
        var record = ServerRecord()
        record.connection = connectionRecord(server, server.address, &export)
        record.pool = pools[server.pool.key] ?? 0
        record.host = server.host
        record.cancelKey = server.cancelKey
        record.parameters = server.parameters.values
        record.transactionStatus = server.transactionStatus
        record.testFailure = server.testFailure
        record.isCloseNeeded = server.isCloseNeeded
        record.queryStartedAt = server.queryStartedAt
        record.transactionStartedAt = server.transactionStartedAt
        record.statements = export.statements.record(server.statements)
        record.session = ServerSessionRecord(server.session)
        return record
    }

    private func connectionRecord(
        _ connection: Connection, _ address: SocketAddress, _ export: inout WorkerExport
    ) -> ConnectionRecord {
        var record = ConnectionRecord()
        record.id = connection.id
        record.descriptor = export.descriptors.count
        export.descriptors.append(connection.transport.descriptor.number)
        record.address = address.bytes
        record.connectedAt = connection.connectedAt
        record.receivedAt = connection.receivedAt
        record.remaining = connection.scanner.remaining
        record.disposition = connection.scanner.disposition
        connection.held.forEachRun { record.held += $0.array() }
        connection.output.forEachRun { record.output += $0.array() }
        return record
    }
}

/// What one worker has to hand over, and by which tokens it can let go of it.
struct WorkerExport: Sendable {
    fileprivate(set) var record = WorkerRecord()
    fileprivate(set) var descriptors: [Int32] = []
    fileprivate(set) var clients: [Token] = []
    /// Those without a client.
    fileprivate(set) var servers: [Token] = []
    /// Only while it is made; then the record has them.
    fileprivate var statements = StatementRecorder()

    fileprivate mutating func add(_ client: ClientConnection, _ record: ClientRecord) {
        clients.append(client.token)
        self.record.clients.append(record)
    }

    fileprivate mutating func add(_ server: ServerConnection, _ record: ServerRecord) {
        servers.append(server.token)
        self.record.idleServers.append(record)
    }
}
