import PoolerConfig

/// What the control thread orders: RELOAD, PAUSE, KILL, a shutdown.
extension Worker {
    /// A new configuration.
    func configurationChanged(_ snapshot: ConfigurationSnapshot, _ change: ConfigurationChange) {
        shared.passwords.forgetFailures()
        let changesServerTLS = configuration.tls.server !== snapshot.tls.server
        configuration = snapshot
        authentication.scramIterations = snapshot.settings.scramIterations
        authentication.population = snapshot.population
        for pool in Array(pools.values) {
            switch change.fate(of: pool.database) {
            case .removed:
                removePool(pool, .databaseRemoved)
                continue
            case .reconnected(let database):
                pool.database = database
                closeNeeded(servers(of: pool))
            case .updated(let database):
                pool.database = database
            case .unchanged:
                break
            }
            let user = pool.key.isForAuthQuery ? pool.key.user : pool.database.user ?? pool.key.user
            pool.settings = poolSettings(pool.key, pool.database)
            if pool.key.isForAuthQuery {
                pool.credential = authUserCredential(user)
            } else if pool.database.user != nil {
                pool.credential = forcedCredential(pool.database, user)
            } else if change.changedSecrets.contains(user) {
                pool.credential = Credential(secret: snapshot.secrets[user] ?? .none)
            }
            apply(snapshot.settings, to: pool)
            pool.failure = nil
            // What was agreed under other TLS settings ends with its present use.
            if changesServerTLS { closeNeeded(servers(of: pool).filter { !$0.address.isUnix }) }
        }
        sweepDurations()
        // Budgets that nobody is left to count against go with the old limits, and from the directory with the next sweep.
        clientLimits = ClientLimitsTable()
        for registration in Array(table.all) {
            guard case .client(let client) = registration else { continue }
            applyLimits(to: client)
            requeueIfAbandoned(client)
        }
        peersChanged()
        serveAllQueues()
    }

    /// The keys that tokens are checked with have changed, and nothing else.
    func tokenKeysChanged(_ snapshot: ConfigurationSnapshot) { configuration = snapshot }

    /// Gives a client the limits of the present configuration; what it counts against stays.
    func applyLimits(to client: ClientConnection, _ budgets: ClientBudgets? = nil) {
        guard let pool = client.pool, let identity = client.identity else { return }
        let limits = configuration.clientSettings(database: pool.database, user: identity.user)
        client.limits = clientLimits.limits(
            idleTimeout: limits.clientIdleTimeout, queryWaitTimeout: limits.queryWaitTimeout,
            budgets ?? client.limits.budgets)
        pool.isAbandoned = pool.database.user.map { $0 != pool.key.user } ?? (identity.user != pool.key.user)
        if limits.clientIdleTimeout > .zero {
            timers.arm(slot: client.token.slot, at: client.receivedAt + limits.clientIdleTimeout)
        }
    }

    /// A client that waits in a pool whose user is no longer its own waits in the right one.
    private func requeueIfAbandoned(_ client: ClientConnection) {
        guard let pool = client.pool, pool.isAbandoned, case .waiting(let ticket) = client.link else { return }
        pool.pool.clientLeft(ticket)
        publishWaiting(pool)
        client.link = .none
        processHeld(client)
    }

    /// What the console has ordered holds from now on.
    func conditionChanged(_ new: WorkerCondition) {
        let old = condition
        condition = new
        if new.isSuspended, !old.isSuspended { suspend() }
        for pool in Array(pools.values) {
            let isPaused = new.isPaused(pool.key.database)
            if isPaused {
                pool.pool.paused()
                if new.closesServers(pool.key.database) { closeUnused(pool) }
            } else if old.isPaused(pool.key.database) {
                pool.pool.resumed()
                serveQueue(of: pool)
            }
        }
        if old.isSuspended, !new.isSuspended { endSuspension() }
        guard new.shutdown != old.shutdown else { return }
        stopListening(keepingUnix: new.shutdown != .handedOver)
        if new.shutdown == .waitForServers { refuseWaiting() }
    }

    /// SHUTDOWN WAIT_FOR_SERVERS: whoever would wait for a server has waited in vain.
    private func refuseWaiting() {
        for pool in pools.values {
            for waiter in Array(pool.pool.queue.waiters) {
                if case .client(let client) = table[waiter.client] { closeClient(client, .serverShuttingDown) }
            }
            for token in pool.welcomeWaiters {
                if case .client(let client) = table[token] { closeClient(client, .serverShuttingDown) }
            }
            endLookUps(of: pool, "shutdown", onlyWaiting: true)
        }
    }

    /// Closes the servers of a paused pool that no client uses.
    private func closeUnused(_ pool: WorkerPool) {
        for server in servers(of: pool) {
            switch server.phase {
            case .idle, .connecting, .login: closeServer(server, "pause mode", isOrderly: true)
            case .active, .aligning, .probing, .testing, .lookingUp, .beingCanceled, .closed: break
            }
        }
    }

    /// RECONNECT: servers are closed as soon as nobody uses them.
    func reconnect(_ database: String?) {
        for pool in pools.values where database == nil || pool.key.database == database {
            closeNeeded(servers(of: pool))
        }
    }

    /// Marks servers to be closed: idle ones at once, those in use when they are released.
    func closeNeeded(_ servers: [ServerConnection]) {
        for server in servers {
            server.isCloseNeeded = true
            switch server.phase {
            case .idle, .connecting, .login: closeServer(server, "obsolete connection", isOrderly: true)
            case .active(let client) where server.pool.replication != nil: closeClient(client, .databaseChanged)
            case .active(let client) where closesFast(server): closeClient(client, .databaseChanged)
            case .active, .aligning, .probing, .testing, .lookingUp, .beingCanceled, .closed: break
            }
        }
    }

    /// A host name has lost addresses: the servers there are replaced.
    func addressesVanished(_ host: String, _ addresses: Set<String>) {
        for pool in Array(pools.values) {
            closeNeeded(servers(of: pool).filter { $0.host == host && addresses.contains($0.address.host) })
        }
    }

    /// server_fast_close: a client in session mode does not keep a server that is to be closed beyond its transaction.
    func closesFast(_ server: ServerConnection) -> Bool {
        configuration.settings.serverFastClose && server.isCloseNeeded && server.pool.settings.poolMode == .session
            && server.transactionStatus == .idle && server.replies.isSettled && server.scanner.isAtBoundary
    }

    /// How many consoles there are.
    var consoleCount: Int {
        table.all.count { registration in
            if case .client(let client) = registration, case .console = client.phase { true } else { false }
        }
    }

    /// KILL: every client and server of a database, or of all. Returns whose pools there were.
    func kill(_ database: String?) -> [String] {
        let killed = pools.values.filter { database == nil || $0.key.database == database }
        for pool in killed { removePool(pool, .databaseRemoved) }
        return killed.map(\.key.database)
    }

    /// KILL_CLIENT.
    func killClient(id: UInt64) -> Bool {
        for registration in table.all {
            guard case .client(let client) = registration, client.id == id else { continue }
            switch client.phase {
            case .session, .welcomeWait, .console:
                closeClient(client, .adminDisconnect)
                return true
            case .login, .canceling, .closing:
                return false
            }
        }
        return false
    }

    func removePool(_ pool: WorkerPool, _ reason: CloseReason) {
        for registration in Array(table.all) {
            switch registration {
            case .client(let client): if client.pool === pool { closeClient(client, reason) }
            case .server, .pendingServer, .mailbox, .alarm, .listener, .cancel, .secretLookUp: break
            }
        }
        endLookUps(of: pool, reason.text, onlyWaiting: false)
        for server in servers(of: pool) { closeServer(server, reason.text, isOrderly: true) }
        dropPending(of: pool)
        pools[pool.key] = nil
    }

    /// Servers that wait for a password or an address have nobody left to wait for; what arrives finds them gone.
    private func dropPending(of pool: WorkerPool) {
        for token in pool.pool.allServers {
            if case .pendingServer = table[token] { removePending(token, of: pool) }
        }
    }

    /// Whether what a command waits for has happened on this worker.
    func isOver(_ effect: ConsoleEffect) -> Bool {
        switch effect {
        case .pause(let database): !hasBusyServers(of: database)
        case .suspend: isDrained
        case .waitClose(let database): !hasServersToClose(of: database)
        case .resume, .disable, .enable, .reconnect, .kill, .killClient, .reload, .set, .shutdown, .takeOver: true
        }
    }

    /// Whether no server connection is left.
    var hasNoServers: Bool { pools.values.allSatisfy { $0.pool.serverCount == 0 } }

    /// Whether no client is left.
    var hasNoClients: Bool { clientCount == 0 }

    /// Clients of all kinds, on their way in and out too.
    var clientCount: Int {
        table.all.count { registration in
            if case .client = registration { true } else { false }
        }
    }

    private func hasBusyServers(of database: String?) -> Bool {
        pools.values.contains { pool in
            (database == nil || pool.key.database == database) && pool.pool.leasedCount + pool.pool.testingCount > 0
        }
    }

    private func hasServersToClose(of database: String?) -> Bool {
        pools.values.contains { pool in
            (database == nil || pool.key.database == database) && servers(of: pool).contains(where: \.isCloseNeeded)
        }
    }

    /// Pools that exist without a client: those of databases with a forced user and a minimum.
    func makeForcedPools() {
        for database in configuration.configuration.databases.values {
            guard let user = database.user else { continue }
            let key = PoolKey(database: database.name, user: user)
            let settings = configuration.configuration.poolSettings(database: database, user: user)
            guard settings.minPoolSize > 0, pools[key] == nil else { continue }
            _ = makePool(key, database, forcedCredential(database, user))
        }
    }
}
