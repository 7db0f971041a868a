import PoolerConfig

/// A worker of the process that takes over: makes of a record what it was. It happens before the worker's thread runs; nothing is
/// sent and nothing read, since the other process may still keep everything.
extension Worker {
    /// - Parameter sockets: the descriptors of the whole offer, of which each is claimed once.
    func takeOver(_ record: WorkerRecord, _ sockets: TakeoverSockets, _ names: TrackedNames) throws(TakeoverError) {
        let statements = StatementRestorer(record.statements, among: self.statements.table)
        var pools: [TakenPool] = []
        for pool in record.pools { pools.append(try takeOver(pool, names)) }
        for server in record.idleServers {
            let replies = statements.replies(server.replies, [])
            _ = try takeOver(server, pools, sockets, names, statements, replies)
        }
        for client in record.clients { try takeOver(client, pools, sockets, names, statements) }
        consoleCounters += StatCounters(numbers: record.consoleCounters.values)
        tallies.add(record.tallies)
        for part in record.durations {
            if let values = DatabaseDurations.Values(numbers: part.histograms) {
                durations(ofDatabase: part.database).values += values
            }
        }
    }

    /// Everything is ours: clients of databases that are gone are told so, and whoever waits is served.
    func beginAfterTakeover() {
        for pool in Array(pools.values) {
            if configuration.configuration.database(named: pool.key.database) == nil {
                removePool(pool, .databaseRemoved)
            } else {
                publishWaiting(pool)
                for server in servers(of: pool) where server.isCloseNeeded && server.client == nil {
                    closeServer(server, "obsolete connection", isOrderly: true)
                }
            }
        }
        serveAllQueues()
    }

    // MARK: - Pools

    private func takeOver(_ record: PoolRecord, _ names: TrackedNames) throws(TakeoverError) -> TakenPool {
        guard let proved = record.credential.credential else { throw .malformed("a secret is none") }
        let key = PoolKey(database: record.database, user: record.user)
        let database =
            configuration.configuration.database(named: record.database) ?? Database(name: record.database)
        let pool = pools[key] ?? makePool(key, database, credential(proved, database, record.user))
        pool.counters += StatCounters(numbers: record.counters.values)
        pool.pinCounters.made &+= record.pinsMade
        pool.pinCounters.refused &+= record.pinsRefused
        let isSame = record.target == target(of: database) && names.isSame
        if isSame, pool.welcome == nil, let untracked = record.untracked, record.tracked.count == names.count {
            pool.welcome = Welcome(untracked: untracked, tracked: record.tracked)
        }
        return TakenPool(pool: pool, isSame: isSame)
    }

    /// What servers are logged in with: what the configuration says goes before what a client once proved.
    private func credential(_ proved: Credential, _ database: Database, _ user: String) -> Credential {
        if database.user != nil { return forcedCredential(database, user) }
        guard let secret = configuration.secrets[user] else { return proved }
        return secret == proved.secret ? proved : Credential(secret: secret)
    }

    // MARK: - Connections

    private func takeOver(
        _ record: ServerRecord, _ pools: [TakenPool], _ sockets: TakeoverSockets, _ names: TrackedNames,
        _ statements: StatementRestorer, _ replies: consuming ReplyQueue
    ) throws(TakeoverError) -> ServerConnection {
        let pool = pools[record.pool].pool
        guard let address = SocketAddress(bytes: record.connection.address) else { throw .malformed("an address") }
        let pending = PendingServer(pool: pool, host: record.host, since: now, isSecondTry: false)
        let token = table.reserve()
        let server = ServerConnection(
            token: token, id: record.connection.id, transport: try sockets.claim(record.connection.descriptor),
            address: address, pending: pending, parameters: parameterSets.intern(names.values(record.parameters)),
            now: record.connection.connectedAt)
        restore(record.connection, server)
        for (index, value) in server.parameters.values.enumerated() {
            if let value { parameterSets.serverReported(index, value) }
        }
        server.cancelKey = record.cancelKey
        server.transactionStatus = record.transactionStatus
        server.testFailure = record.testFailure
        server.isCloseNeeded = record.isCloseNeeded || !pools[record.pool].isSame
        server.queryStartedAt = record.queryStartedAt
        server.transactionStartedAt = record.transactionStartedAt
        server.replies = replies
        server.statements = statements.serverStatements(record.statements)
        restore(record.session, server)
        server.phase = .idle
        pool.budget.add()
        pool.pool.serverArrived(token, idleSince: record.idleSince)
        table.fill(token, .server(server))
        watch(server)
        return server
    }

    private func takeOver(
        _ record: ClientRecord, _ pools: [TakenPool], _ sockets: TakeoverSockets, _ names: TrackedNames,
        _ statements: StatementRestorer
    ) throws(TakeoverError) {
        guard let peer = SocketAddress(bytes: record.connection.address) else { throw .malformed("an address") }
        let token = table.reserve()
        let client = ClientConnection(
            token: token, id: record.connection.id, transport: try sockets.claim(record.connection.descriptor),
            peer: peer, now: record.connection.connectedAt)
        restore(record.connection, client)
        table.fill(token, .client(client))
        shared.clients.add()
        shared.clientAdded(toWorker: index)
        if record.stage != .connected {
            client.identity = ClientIdentity(
                user: record.user, database: record.database, parameters: names.values(record.startupParameters),
                settings: record.startupSettings.map { SessionSetting(name: $0.name, value: $0.value) })
        }
        if let key = record.cancelKey {
            setCancelKey(key, of: client)
        }
        switch record.stage {
        case .connected:
            loginCount += 1
            let timeout = configuration.settings.clientLoginTimeout
            if timeout > .zero { timers.arm(slot: token.slot, at: client.connectedAt + timeout) }
        case .adminConsole: client.phase = .console(ConsoleSession(role: .admin))
        case .statsConsole: client.phase = .console(ConsoleSession(role: .stats))
        case .welcomeWait:
            let pool = pools[record.pool].pool
            join(client, pool)
            loginCount += 1
            client.phase = .welcomeWait
            pool.welcomeWaiters.append(token)
            let timeout = configuration.settings.clientLoginTimeout
            if timeout > .zero { timers.arm(slot: token.slot, at: client.connectedAt + timeout) }
        case .session:
            client.phase = .session
            join(client, pools[record.pool].pool)
            try restoreSession(record, client, pools, sockets, names, statements)
        }
        watch(client)
    }

    /// Counts the client in its pool and under its limits.
    private func join(_ client: ClientConnection, _ pool: WorkerPool) {
        guard let identity = client.identity else { return }
        client.pool = pool
        pool.clientCount += 1
        var budgets = ClientBudgets()
        if configuration.configuration.database(named: identity.database) != nil {
            budgets.database = shared.directory.admitClient(ofDatabase: identity.database, limit: 0)
        }
        budgets.user = shared.directory.admitClient(ofUser: identity.user, limit: 0)
        applyLimits(to: client, budgets)
    }

    private func restoreSession(
        _ record: ClientRecord, _ client: ClientConnection, _ pools: [TakenPool], _ sockets: TakeoverSockets,
        _ names: TrackedNames, _ statements: StatementRestorer
    ) throws(TakeoverError) {
        let pool = pools[record.pool].pool
        client.parameters = record.parameters.map { parameterSets.intern(names.values($0)) }
        client.refusal = record.refusal
        client.wasNotifiedOfWait = record.wasNotifiedOfWait
        client.requestStartedAt = record.requestStartedAt
        client.books.largeParse = record.largeParse
        client.books.session.settings = settings(record.session.settings)
        client.books.session.initial = settings(record.session.initial)
        let starting = names.values(record.startupParameters)
        client.books.session.starting = starting.contains { $0 != nil } ? parameterSets.intern(starting) : nil
        client.books.session.pinnedSince = record.session.pinnedSince
        client.books.session.holdsPin = record.session.holdsPin
        client.books.session.wasNotified = record.session.wasNotified
        client.books.session.isResetting = record.session.isResetting
        client.books.session.lost = .init(rawValue: record.session.lost)
        if record.session.holdsPin { pool.budget.pins.add() }
        if record.session.isPinInQuestion {
            client.books.session.isPinInQuestion = true
            pool.budget.pinsInQuestion.add()
        }
        let named = statements.names(record.statements.named)
        client.books.statements = statements.clientStatements(record.statements, named)
        if client.books.statements.pause == .pin {
            client.books.session.awaitsPinSince = now
            pool.budget.pinWaiters.add()
            pool.pinWaiters.append(client.token)
        }
        switch record.link {
        case .none: break
        case .waiting:
            client.link = .waiting(pool.pool.waiterArrived(client.token, since: record.waitsSince))
        case .linked:
            guard let server = record.server else { throw .malformed("a link without a server") }
            let replies = statements.replies(server.replies, named)
            let linked = try takeOver(server, pools, sockets, names, statements, replies)
            linked.phase = .active(client)
            client.link = .linked(linked)
        }
    }

    private func restore(_ record: ConnectionRecord, _ connection: Connection) {
        connection.receivedAt = record.receivedAt
        connection.scanner = FrameScanner(remaining: record.remaining, record.disposition)
        unsafe record.held.withUnsafeBytes {
            unsafe connection.held.append(RawSpan(_unsafeBytes: $0), from: blocks)
        }
        unsafe record.output.withUnsafeBytes {
            unsafe connection.output.append(RawSpan(_unsafeBytes: $0), from: blocks)
        }
    }

    private func restore(_ record: ServerSessionRecord, _ server: ServerConnection) {
        server.session.holds = .init(rawValue: record.holds)
        server.session.books = record.books
        server.session.baseline = settings(record.baseline)
        server.session.baselineCounts = SessionProbe.Counts(numbers: record.baselineCounts)
        server.session.settings = settings(record.settings) ?? emptySettings(of: server)
    }

    private func settings(_ record: SettingsRecord?) -> SessionSettings? {
        guard let record else { return nil }
        let settings = sessionSettings.intern(record.values)
        if record.isVerified { settings?.isVerified = true }
        return settings
    }

    /// What has come meanwhile is announced by this.
    private func watch(_ connection: Connection) {
        let number = connection.transport.descriptor.number
        poller.add(number, connection.token)
        guard !connection.output.isEmpty else { return }
        connection.isOutputWatched = true
        poller.watchOutput(number, connection.token, true)
    }
}

/// A pool of the other process, as this one has it.
private struct TakenPool {
    let pool: WorkerPool
    /// Whether servers are connected to what they would be connected to by this process.
    let isSame: Bool
}

/// The descriptors that came with an offer, each of which becomes one connection's.
final class TakeoverSockets {
    private var descriptors: [Int32?]

    init(_ descriptors: [Int32]) {
        self.descriptors = descriptors
    }

    func claim(_ index: Int) throws(TakeoverError) -> Transport { Transport(FileDescriptor(try claimNumber(index))) }

    /// It is the caller's to close.
    func claimNumber(_ index: Int) throws(TakeoverError) -> Int32 {
        guard descriptors.indices.contains(index), let number = descriptors[index] else {
            throw .malformed("descriptor \(index) of \(descriptors.count)")
        }
        descriptors[index] = nil
        return number
    }

    /// What nobody has claimed is closed.
    deinit {
        for case let number? in descriptors { _ = FileDescriptor(number) }
    }
}

/// Brings values of tracked parameters from the other process's order into ours.
struct TrackedNames {
    /// For each of ours, where the other process has it.
    private let places: [Int?]
    /// Whether both track the same.
    let isSame: Bool

    init(_ theirs: [String], _ ours: TrackedParameters) {
        let keys = theirs.map { $0.lowercased() }
        places = ours.names.map { name in keys.firstIndex(of: name.lowercased()) }
        isSame = keys == ours.names.map { $0.lowercased() }
    }

    var count: Int { places.count }

    func values(_ theirs: [[UInt8]?]) -> [[UInt8]?] {
        places.map { place in
            guard let place, theirs.indices.contains(place) else { return nil }
            return theirs[place]
        }
    }
}
