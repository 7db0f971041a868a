import CLinux

/// What this worker contributes to SHOW.
extension Worker {
    func report() -> WorkerReport {
        now = .now()
        let wallClock = WallClock.now()
        var report = WorkerReport(worker: index)
        for registration in table.all {
            switch registration {
            case .client(let client):
                report.sockets.append(socketReport(client, wallClock))
                if let pin = pinReport(client) { report.pins.append(pin) }
            case .server(let server): report.sockets.append(socketReport(server, wallClock))
            case .mailbox, .alarm, .listener, .pendingServer, .cancel, .secretLookUp: continue
            }
        }
        report.descriptors = descriptorReports()
        let pins = Dictionary(grouping: report.pins, by: \.pool)
        report.pools = poolReports { pins[PoolReport.ID(database: $0.key.database, user: $0.key.user)]?.count ?? 0 }
        report.pools.append(
            consoleReport(clients: report.sockets.count { $0.database == ConsoleGreeting.database }))
        report.memory = memoryReports()
        report.peerPools = peerPoolReports()
        report.freeClients = table.freeCount
        return report
    }

    /// This worker's parts of the pools.
    func poolReports(pinned: (WorkerPool) -> Int) -> [PoolReport] {
        pools.values.map { pool in
            var report = poolReport(pool)
            report.activeCancels = pool.activeCancels
            report.waitingCancels = pool.waitingCancels.count
            report.cancelServers = report.activeCancels
            report.pins.current = pinned(pool)
            return report
        }
    }

    /// The console as a pool.
    func consoleReport(clients: Int) -> PoolReport {
        var console = PoolReport(
            id: PoolReport.ID(database: ConsoleGreeting.database, user: ConsoleGreeting.database),
            poolMode: "statement")
        console.activeClients = clients
        console.counters = consoleCounters
        return console
    }

    private func socketReport(_ client: ClientConnection, _ wallClock: Int64) -> SocketReport {
        let local = SocketAddress.local(of: client.transport.descriptor.number)
        let listenPort = configuration.settings.listenPort
        let isConsole = client.identity?.isConsole ?? false
        var report = SocketReport(
            id: client.id, state: state(of: client), user: client.identity?.user,
            database: isConsole ? ConsoleGreeting.database : client.identity?.database, address: client.peer.host,
            port: client.isUnix ? listenPort : client.peer.port, localAddress: client.isUnix ? "unix" : local.host,
            localPort: client.isUnix ? listenPort : local.port, connectTime: WallClock.seconds(at: client.connectedAt),
            requestTime: wallClock - (now - client.receivedAt).components.seconds, pointer: client.id)
        report.replication = replication(client.identity?.replication)
        report.poolUser = isConsole ? ConsoleGreeting.database : client.pool?.key.user
        report.wait = client.requestStartedAt.map { now - $0 }
        report.link = client.server?.id
        if client.isUnix {
            report.remotePID = Syscalls.peerCredentials(client.transport.descriptor.number)?.process ?? 0
        }
        report.tls = client.transport.tlsSummary
        report.applicationName = applicationName(client.parameters)
        report.preparedStatements = client.openedBooks?.statements.count ?? 0
        report.buffer = buffer(of: client)
        return report
    }

    private func socketReport(_ server: ServerConnection, _ wallClock: Int64) -> SocketReport {
        let local = SocketAddress.local(of: server.transport.descriptor.number)
        let isUnix = server.address.isUnix
        let port = server.pool.database.port
        var report = SocketReport(
            id: server.id, state: state(of: server), user: server.pool.key.user, database: server.pool.key.database,
            address: server.address.host, port: isUnix ? port : server.address.port,
            localAddress: isUnix ? "unix" : local.host, localPort: isUnix ? port : local.port,
            connectTime: WallClock.seconds(at: server.connectedAt),
            requestTime: wallClock - (now - server.receivedAt).components.seconds, pointer: server.id)
        report.replication = replication(server.client?.identity?.replication)
        report.closeNeeded = server.isCloseNeeded
        report.link = server.client?.id
        report.remotePID = Int32(bitPattern: server.cancelKey?.process ?? 0)
        report.tls = server.transport.tlsSummary
        report.applicationName = applicationName(server.parameters)
        report.preparedStatements = server.statements.count
        report.buffer = buffer(of: server)
        return report
    }

    private func replication(_ request: ReplicationRequest?) -> SocketReport.Replication {
        switch request?.kind {
        case nil: .none
        case .logical: .logical
        case .physical: .physical
        }
    }

    func state(of client: ClientConnection) -> SocketReport.State {
        switch client.phase {
        case .login, .closing: .clientLogin
        case .canceling: .clientActiveCancel
        case .welcomeWait: .clientWaiting
        case .console: .clientActive
        case .session:
            switch client.link {
            case .none: .clientIdle
            case .waiting, .aligning: .clientWaiting
            case .linked: .clientActive
            }
        }
    }

    private func state(of server: ServerConnection) -> SocketReport.State {
        switch server.phase {
        case .connecting, .login, .closed: .serverLogin
        case .active, .aligning, .probing, .lookingUp: .serverActive
        case .testing: .serverTested
        case .beingCanceled: .serverBeingCanceled
        case .idle: isUsed(server) ? .serverUsed : .serverIdle
        }
    }

    /// Idle beyond server_check_delay: it must pass its check before the next client gets it.
    private func isUsed(_ server: ServerConnection) -> Bool {
        guard let delay = server.pool.checkAfter, case .idle(let since) = server.pool.pool.state(of: server.token)
        else { return false }
        return now - since > delay
    }

    private func poolReport(_ pool: WorkerPool) -> PoolReport {
        var report = PoolReport(
            id: PoolReport.ID(database: pool.key.database, user: pool.key.user),
            poolMode: pool.settings.poolMode.rawValue)
        report.waitingClients = pool.pool.waitingCount + pool.welcomeWaiters.count
        report.activeClients = pool.clientCount - report.waitingClients
        report.loginServers = pool.pool.openingCount
        for server in servers(of: pool) {
            switch state(of: server) {
            case .serverActive: report.activeServers += 1
            case .serverTested: report.testedServers += 1
            case .serverBeingCanceled: report.beingCanceledServers += 1
            case .serverIdle: report.idleServers += 1
            case .serverUsed: report.usedServers += 1
            case .serverLogin, .serverActiveCancel, .clientLogin, .clientActive, .clientIdle, .clientWaiting,
                .clientActiveCancel, .clientWaitingCancel:
                break
            }
        }
        report.longestWait = waitingSince(pool).map { now - $0 }
        report.loadBalanceHosts = pool.database.loadBalanceText
        report.counters = pool.counters
        report.pins.counters = pool.pinCounters
        report.pins.limit = pool.settings.maxPinned == .max ? nil : pool.settings.maxPinned
        report.pins.sessionState = pool.settings.sessionState.rawValue
        return report
    }

    /// Since when the first of those waits who want a server, or the end of their login, which needs one.
    private func waitingSince(_ pool: WorkerPool) -> Instant? {
        var login: Instant?
        if let first = pool.welcomeWaiters.first, case .client(let client) = table[first] {
            login = client.requestStartedAt
        }
        let queue = pool.pool.queue.first?.since
        guard let login, let queue else { return login ?? queue }
        return min(login, queue)
    }

    private func pinReport(_ client: ClientConnection) -> PinReport? {
        guard let since = client.openedBooks?.session.pinnedSince, let pool = client.pool, let server = client.server
        else {
            return nil
        }
        return PinReport(
            pool: PoolReport.ID(database: pool.key.database, user: pool.key.user), clientID: client.id,
            address: client.peer.host, port: client.isUnix ? configuration.settings.listenPort : client.peer.port,
            serverID: server.id, serverPID: Int32(bitPattern: server.cancelKey?.process ?? 0),
            reasons: server.session.holds.descriptions, age: now - since,
            isIdle: server.replies.isSettled && server.transactionStatus == .idle)
    }

    func memoryReports() -> [MemoryReport] {
        var clients = (count: 0, one: nil as ClientConnection?)
        var servers = (count: 0, one: nil as ServerConnection?)
        var statements = 0
        for registration in table.all {
            switch registration {
            case .client(let client): clients = (clients.count + 1, client)
            case .server(let server):
                servers = (servers.count + 1, server)
                statements += server.statements.count
            case .mailbox, .alarm, .listener, .pendingServer, .cancel, .secretLookUp: continue
            }
        }
        func slab(_ slab: MemoryReport.Slab, size: Int, used: Int, free: Int = 0) -> MemoryReport {
            MemoryReport(slab: slab, objectSize: size, used: used, free: free, total: size * (used + free))
        }
        // Small blocks count by what they hold.
        func blocksFull(_ bytes: Int) -> Int {
            (bytes + BlockPool.Size.large.rawValue - 1) / BlockPool.Size.large.rawValue
        }
        return [
            slab(.pools, size: MemoryReport.size(of: pools.values.first), used: pools.count),
            slab(.clients, size: MemoryReport.size(of: clients.one), used: clients.count),
            slab(.servers, size: MemoryReport.size(of: servers.one), used: servers.count),
            slab(
                .buffers, size: BlockPool.Size.large.rawValue, used: blocksFull(blocks.bytesInUse),
                free: blocksFull(blocks.bytesFree)),
            slab(.peerPools, size: MemoryReport.size(of: peerPools.values.first), used: peerPools.count),
            slab(.serverStatements, size: MemoryLayout<PreparedStatement>.stride, used: statements),
            slab(.parameters, size: MemoryReport.size(of: parameterSets.empty), used: parameterSets.count),
        ]
    }

    private func applicationName(_ parameters: ParameterSet?) -> String? {
        parameters?.text(TrackedParameters.applicationNameIndex)
    }

    private func buffer(of connection: Connection) -> SocketReport.Buffer {
        SocketReport.Buffer(
            receivePosition: connection.held.count, packetRemainder: connection.scanner.remaining,
            unparsed: connection.held.count, unsent: connection.output.count)
    }
}

extension MemoryReport {
    /// How many bytes an object takes from the allocator; 0 where there is none to ask.
    static func size(of object: AnyObject?) -> Int {
        guard let object else { return 0 }
        return unsafe clinux_allocated_size(Unmanaged.passUnretained(object).toOpaque())
    }
}
