import PoolerConfig

/// From "a server is needed" to a socket that connects.
extension Worker {
    /// Clients wait in a pool: asks other workers for idle servers, and opens connections where that brings none.
    func seekServers(for pool: WorkerPool) {
        guard !condition.isPaused(pool.key.database), condition.shutdown != .waitForServers else { return }
        if askOtherWorkers(for: pool) { return }
        openServers(for: pool)
    }

    /// Opens as many connections as the queue would like and the limits allow.
    func openServers(for pool: WorkerPool) {
        // The common case of a busy pool, told without a look at anything large.
        if isFull(pool) { return }
        guard !condition.isPaused(pool.key.database),
            !pool.isBackingOff(now: now, retry: configuration.settings.serverLoginRetry)
        else { return }
        var wanted = pool.pool.wantedConnections
        if wanted == 0, !pool.welcomeWaiters.isEmpty, pool.pool.openingCount == 0 { wanted = 1 }
        while wanted > 0 {
            wanted -= 1
            guard reserveConnection(for: pool) else { return }
            openServer(for: pool)
        }
    }

    /// Takes a place under the pool's limits; makes room under the wider ones by closing an idle connection of another pool.
    func reserveConnection(for pool: WorkerPool) -> Bool {
        let settings = pool.settings
        var limit = settings.poolSize
        if limit > 0, isReserveDue(pool) {
            limit += settings.reservePoolSize
            if pool.budget.servers.count >= settings.poolSize, pool.budget.servers.count < limit {
                log.warning("\(poolLabel(pool)) taking connection from reserve_pool")
            }
        }
        switch pool.budget.reserve(
            loginLimit: configuration.settings.maxServerLogins, poolLimit: limit,
            databaseLimit: settings.maxDbConnections, userLimit: settings.maxUserConnections)
        {
        case nil: return true
        case .logins, .pool: return false
        case .database: return evictForSpace(database: pool.key.database, user: nil, sparing: pool)
        case .user: return evictForSpace(database: nil, user: pool.key.user, sparing: pool)
        }
    }

    /// Closes an idle connection under a limit that is reached. The place that comes free brings another try by itself
    /// (`budgetFreed`), so this one ends with nothing.
    private func evictForSpace(database: String?, user: String?, sparing pool: WorkerPool) -> Bool {
        if !evictIdle(database: database, user: user) {
            shared.broadcast(.evictIdle(database: database, user: user), except: index)
        }
        return false
    }

    /// Closes the connection of a database or user that has been idle longest; false when none is idle here.
    @discardableResult
    func evictIdle(database: String?, user: String?) -> Bool {
        var longest: (pool: WorkerPool, token: Token, since: Instant)?
        for pool in pools.values {
            if let database, pool.key.database != database { continue }
            if let user, pool.key.user != user { continue }
            guard let first = pool.pool.idleServers.first else { continue }
            if longest == nil || first.since < longest?.since ?? .never {
                longest = (pool, first.server, first.since)
            }
        }
        guard let longest, case .server(let server) = table[longest.token] else { return false }
        closeServer(server, "evicted", isOrderly: true)
        return true
    }

    /// Whether the pool has all the connections that it may have, and no reserve to take from.
    @inline(__always)
    private func isFull(_ pool: WorkerPool) -> Bool {
        pool.settings.reservePoolSize == 0 && pool.budget.servers.isExhausted(limit: pool.settings.poolSize)
    }

    private func isReserveDue(_ pool: WorkerPool) -> Bool {
        let timeout = configuration.settings.reservePoolTimeout
        guard pool.settings.reservePoolSize > 0, timeout > .zero, let first = pool.pool.queue.first else {
            return false
        }
        return now - first.since >= timeout
    }

    /// Opens one connection, whose place is reserved.
    func openServer(for pool: WorkerPool, isSecondTry: Bool = false) {
        let token = table.reserve()
        pool.pool.serverOpening(token)
        let hosts = pool.database.hosts
        let host = hosts.isEmpty ? nil : hosts[hostIndex(of: pool) % hosts.count]
        let pending = PendingServer(pool: pool, host: host, since: now, isSecondTry: isSecondTry)
        table.fill(token, .pendingServer(pending))
        if let command = pool.settings.passwordCommand {
            askPassword(passwordRequest(command, pool, host: host), for: token, pending)
        } else {
            findAddress(for: token, pending)
        }
    }

    /// What has a name is looked up, and then connected to.
    func findAddress(for token: Token, _ pending: PendingServer) {
        let database = pending.pool.database
        guard let host = pending.host else {
            connect(token, pending, toUnixSocketIn: configuration.settings.unixSocketDir)
            return
        }
        if host.hasPrefix("/") || host.hasPrefix("@") {
            connect(token, pending, toUnixSocketIn: host)
            return
        }
        if let outcome = shared.resolver.known(host, port: database.port, now: now) {
            hostResolved(token, outcome)
            return
        }
        let mailbox = mailbox
        shared.resolver.resolve(host, port: database.port, lifetimes: .init(configuration.settings)) { outcome in
            mailbox.send(.resolved(token, outcome))
        }
    }

    /// Which entry of a host list is next (load_balance_hosts): in turn, or the same one until a connect to it failed.
    private func hostIndex(of pool: WorkerPool) -> Int {
        guard pool.database.hosts.count > 1 else { return 0 }
        switch pool.database.loadBalanceHosts {
        case .roundRobin: return pool.budget.nextHostIndex()
        case .disable: return pool.failedHosts
        }
    }

    private func connect(_ token: Token, _ pending: PendingServer, toUnixSocketIn directory: String) {
        let path = "\(directory)/.s.PGSQL.\(pending.pool.database.port)"
        if let address = SocketAddress(unixPath: path) {
            connect(token, pending, to: [address])
        } else {
            openingFailed(token, pending.pool, .lookUp("the path \(path) is too long for a Unix socket"))
        }
    }

    /// A look-up that a pending server waits for has ended.
    func hostResolved(_ token: Token, _ outcome: HostResolver.Outcome) {
        guard case .pendingServer(let pending) = table[token] else { return }
        switch outcome {
        case .failure(let text):
            let name = pending.host.map { "\($0): " } ?? ""
            openingFailed(token, pending.pool, .lookUp(name + text))
        case .addresses(let addresses): connect(token, pending, to: addresses)
        }
    }

    /// Connects to the first address that does not fail at once.
    private func connect(_ token: Token, _ pending: PendingServer, to addresses: [SocketAddress]) {
        var failure = ServerFailure.lookUp("no address")
        for address in addresses {
            do {
                let descriptor = try Syscalls.streamSocket(family: address.family)
                configuration.socketOptions.apply(to: descriptor.number, isUnix: address.isUnix)
                let isConnected = try Syscalls.connect(descriptor.number, to: address)
                let server = ServerConnection(
                    token: token, id: shared.makeID(), transport: Transport(descriptor), address: address,
                    pending: pending, parameters: parameterSets.empty, now: now)
                table.fill(token, .server(server))
                poller.add(server.transport.descriptor.number, token)
                if isConnected {
                    serverConnected(server)
                } else {
                    server.isOutputWatched = true
                    poller.watchOutput(server.transport.descriptor.number, token, true)
                }
                return
            } catch {
                failure = .connect(error)
            }
        }
        openingFailed(token, pending.pool, failure)
    }
}
