import PoolerConfig

/// From "a server is needed" to a server that is ready.
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
        case .failure(let text): openingFailed(token, pending.pool, .lookUp(text))
        case .addresses(let addresses): connect(token, pending, to: addresses)
        }
    }

    /// Connects to the first address that does not fail at once.
    private func connect(_ token: Token, _ pending: PendingServer, to addresses: [SocketAddress]) {
        var failure = ServerFailure.lookUp("no address")
        for address in addresses {
            do {
                let descriptor = try Syscalls.streamSocket(family: address.family)
                SocketOptions(configuration.settings).apply(to: descriptor.number, isUnix: address.isUnix)
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

    /// connect(2) has ended, well or not.
    func serverConnected(_ server: ServerConnection) {
        if let error = Syscalls.connectResult(server.transport.descriptor.number) {
            serverEnded(server, .connect(error))
            return
        }
        if server.isOutputWatched {
            server.isOutputWatched = false
            poller.watchOutput(server.transport.descriptor.number, server.token, false)
        }
        let pool = server.pool
        if configuration.settings.logConnections {
            let local = SocketAddress.local(of: server.transport.descriptor.number)
            let from = local.isUnix ? "" : " (from \(local.host):\(local.port))"
            log.info("\(label(server)) new connection to server\(from)")
        }
        var login = ServerLogin(
            encryption: ServerEncryption.Policy(
                pool.database, mode: configuration.settings.serverTlsSslmode, isUnix: server.address.isUnix),
            startup: ServerLogin.startupMessage(
                user: pool.key.user, database: pool.database.dbname,
                parameters: pool.database.startupParameters + (pool.replication ?? [])),
            authentication: ServerAuthentication(
                user: pool.key.user,
                credential: server.commandPassword.map { Credential(secret: $0.issued.secret) } ?? pool.credential,
                context: authentication),
            tracked: shared.tracked, connectQuery: pool.database.connectQuery)
        let action = login.connected()
        server.phase = .login(login)
        perform(action, of: login, on: server)
    }

    /// Begins a TLS handshake with a server.
    private func startTLS(_ server: ServerConnection, demandsALPN: Bool) {
        guard let context = configuration.tls.server else {
            serverEnded(server, .tls(TLSError("TLS was switched off in the middle of a login")))
            return
        }
        do throws(TLSError) {
            let session = serverSessions.session(for: server, context)
            try server.transport.startTLS(
                context, .connecting(host: server.host, session: session, demandsALPN: demandsALPN))
            watchUnsent(server)
        } catch {
            serverEnded(server, .tls(error))
        }
    }

    /// A handshake with a server has taken a step; it may have been the last.
    func handshakeAdvanced(_ server: ServerConnection) {
        guard server.transport.isEncrypted, case .login(var login) = server.phase else { return }
        let action = login.handshakeEnded(endpointHash: server.transport.peerEndpointHash)
        server.phase = .login(login)
        if configuration.settings.logConnections, let summary = server.transport.tlsSummary {
            log.info("\(label(server)) SSL established: \(summary)\(server.transport.isResumed ? ", resumed" : "")")
        }
        perform(action, of: login, on: server)
    }

    /// The server's messages while we log in: few and short, each is seen whole.
    func processServerLogin(_ server: ServerConnection, _ range: Range<Int>) {
        let scratch = self.scratch
        let bytes = scratch.bytes(0..<range.upperBound)
        var cursor = range.lowerBound
        while cursor < range.upperBound {
            guard case .login(var login) = server.phase else { return }
            if login.isSuspended {
                hold(cursor..<range.upperBound, for: server)
                return
            }
            if login.expectsEncryptionAnswer {
                let action = login.encryptionAnswered(
                    bytes.uint8(at: cursor), isFollowed: cursor + 1 < range.upperBound)
                server.phase = .login(login)
                perform(action, of: login, on: server)
                return
            }
            switch FrameScanner.header(in: bytes, at: cursor, limit: Scratch.carryLimit) {
            case .malformed:
                serverEnded(server, .protocolViolation)
                return
            case .incomplete:
                hold(cursor..<range.upperBound, for: server)
                return
            case .frame(let header):
                guard cursor + header.frameLength <= range.upperBound else {
                    hold(cursor..<range.upperBound, for: server)
                    return
                }
                let body = bytes.slice(cursor + FrameHeader.size..<cursor + header.frameLength)
                cursor += header.frameLength
                // Nobody else holds it while it changes, or each message would copy all that came before.
                server.phase = .connecting
                let action = login.messageReceived(BackendMessageType(rawValue: header.type), body)
                server.phase = .login(login)
                if case .ready = action {
                    // What follows is for whoever gets the server now; the next read takes it up.
                    hold(cursor..<range.upperBound, for: server)
                    perform(action, of: login, on: server)
                    return
                }
                perform(action, of: login, on: server)
                guard server.isOpen else { return }
            }
        }
    }

    private func perform(_ action: ServerLogin.Action, of login: ServerLogin, on server: ServerConnection) {
        switch action {
        case .none:
            break
        case .send(let bytes):
            send(bytes, to: server)
        case .deriveKeys(let derivation):
            deriveKeys(derivation, for: server)
        case .startTLS(let demandsALPN):
            startTLS(server, demandsALPN: demandsALPN)
        case .logConnectQueryError(let text):
            log.warning("\(label(server)) error while executing exec_on_query (connect_query): \(text)")
        case .ready(let welcome):
            server.cancelKey = login.cancelKey
            server.parameters = parameterSets.intern(welcome.tracked)
            for (index, value) in welcome.tracked.enumerated() {
                if let value { parameterSets.serverReported(index, value) }
            }
            serverReady(server, welcome)
        case .fail(let failure):
            serverEnded(server, failure)
        }
    }

    /// Has keys derived from a password on a thread of their own.
    private func deriveKeys(_ derivation: SCRAMDerivation, for server: ServerConnection) {
        let token = server.token
        let mailbox = mailbox
        let waiter = KeyDerivations.Waiter {
            true
        } tell: { outcome in
            mailbox.send(.run { $0.keysDerived(outcome, forServer: token) })
        }
        if !authentication.derive(derivation, for: waiter) { keysDerived(.queueFull, forServer: token) }
    }

    /// Keys that were waited for; then what the server has said meanwhile.
    private func keysDerived(_ outcome: SCRAMDerivation.Outcome, forServer token: Token) {
        guard case .server(let server) = table[token], case .login(var login) = server.phase else { return }
        let action = login.keysDerived(outcome)
        server.phase = .login(login)
        perform(action, of: login, on: server)
        guard server.isOpen, case .login = server.phase else { return }
        let count = server.held.count
        if count > 0 {
            place(server.held)
            server.held.removeAll(to: blocks)
            processServerLogin(server, 0..<count)
        }
        if server.isOpen, server.hasUnreadInput { readServer(server) }
    }

    private func serverReady(_ server: ServerConnection, _ welcome: Welcome) {
        let pool = server.pool
        pool.failure = nil
        server.commandPassword = nil
        serverSessions.keep(server)
        server.phase = .idle
        loginEnded(in: pool)
        if pool.welcome == nil {
            pool.welcome = welcome
            shared.broadcast(.welcomeArrived(pool.key), except: index)
        }
        welcomeArrived(pool.key)
        guard server.isOpen, !startBaseline(server) else { return }
        becomeAvailable(server)
    }

    /// A new server can be used.
    func becomeAvailable(_ server: ServerConnection) {
        // A connection that its limits no longer allow, or that was opened just before a PAUSE, ends here.
        if let reason = reasonToClose(server, isFresh: true) {
            closeServer(server, reason, isOrderly: true)
        } else {
            free(server)
        }
    }

    /// A connection ended by itself, or could not be brought about.
    func serverEnded(_ server: ServerConnection, _ failure: ServerFailure) {
        switch server.phase {
        case .connecting, .login:
            let pool = server.pool
            log.warning("\(label(server)) closing because: \(failure.logText) (age=\(age(of: server))s)")
            forget(server)
            tallies.serverLoginFailures.add(failure.label)
            if failure.isRefusedPassword, passwordRefused(of: server) { break }
            launchFailed(pool, failure)
        case .active(let client), .aligning(let client, _), .probing(let client?, _):
            toClient.clear()
            client.link = .none
            closeServer(server, failure.text, isOrderly: false, label: failure.label)
            closeClient(client, .serverCrashed)
        case .lookingUp(let lookUp):
            closeServer(server, failure.text, isOrderly: false, label: failure.label)
            serverLeft(lookUp, failure)
        case .testing, .probing(nil, _):
            closeServer(server, failure.text, isOrderly: false, label: failure.label)
            // Whoever waited for the outcome of a check may have another idle server.
            serveQueue(of: server.pool)
        case .idle, .beingCanceled:
            closeServer(server, failure.text, isOrderly: false, label: failure.label)
        case .closed:
            break
        }
    }

    /// A connection failed before it had a socket.
    func openingFailed(_ token: Token, _ pool: WorkerPool, _ failure: ServerFailure) {
        log.warning("\(poolLabel(pool)) cannot connect to the server: \(failure.description)")
        tallies.serverLoginFailures.add(failure.label)
        removePending(token, of: pool)
        launchFailed(pool, failure)
    }

    /// Forgets a connection that has no socket yet.
    func removePending(_ token: Token, of pool: WorkerPool) {
        pool.pool.serverRemoved(token)
        table.remove(token)
        loginEnded(in: pool)
        releaseBudget(of: pool)
    }

    /// An attempt to open a connection failed. Clients go on waiting, unless the server itself said no, and nobody else
    /// holds a connection that could still serve them.
    private func launchFailed(_ pool: WorkerPool, _ failure: ServerFailure) {
        pool.failure = (failure, now)
        pool.failedHosts &+= 1
        if failure.isFinalAnswer, pool.budget.servers.count == 0 {
            shared.broadcast(.loginRefused(pool.key, failure), except: index)
            loginRefused(pool.key, failure)
        }
    }

    /// Tells every client that waits for a pool why it will get no server.
    func loginRefused(_ key: PoolKey, _ failure: ServerFailure) {
        guard let pool = pools[key] else { return }
        let waiters = pool.pool.queue.waiters.map(\.client) + pool.welcomeWaiters
        pool.welcomeWaiters = []
        for token in waiters {
            if case .client(let client) = table[token] { closeClient(client, failure.closeReason) }
        }
        endLookUps(of: pool, failure.description, onlyWaiting: true)
        shared.secrets.forget(user: key.user)
    }
}
