import PoolerConfig

/// From an accepted socket to a client that may send queries.
extension Worker {
    /// A socket that was dealt to this worker.
    func adopt(_ socket: AcceptedSocket) {
        let descriptor = FileDescriptor(socket.descriptor)
        if socket.lacksOptions {
            configuration.socketOptions.apply(to: descriptor.number, isUnix: socket.peer.isUnix)
        } else {
            configuration.socketOptions.applyToAccepted(descriptor.number)
        }
        let token = table.reserve()
        let client = ClientConnection(
            token: token, id: shared.makeID(), transport: Transport(descriptor), peer: socket.peer, now: now)
        table.fill(token, .client(client))
        loginCount += 1
        let timeout = configuration.loginNanoseconds
        if timeout > 0 { timers.arm(slot: token.slot, at: now.advanced(nanoseconds: timeout)) }
        // Edge-triggered: what has come already is announced by this.
        poller.add(client.transport.descriptor.number, token)
    }

    func perform(_ action: ClientLogin.Action, of login: ClientLogin, on client: ClientConnection) {
        client.phase = .login(login)
        switch action {
        case .declineEncryption:
            send([UInt8(ascii: "N")], to: client)
        case .encrypt(let isAnswered):
            if isAnswered { send([UInt8(ascii: "S")], to: client) }
        case .cancel(let key):
            startCanceling(client, key)
        case .identify(let message):
            identify(client, message, login)
        case .send(let bytes):
            send(bytes, to: client)
        case .awaitVerdict(let check, let password):
            judge(password, by: check, of: login, on: client)
        case .deriveKeys(let derivation):
            deriveKeys(derivation, of: login, on: client)
        case .welcome(let credential, let proof):
            authenticated(client, credential, proof)
        case .close(let reason):
            if case .authentication(let failure) = reason { noteFailure(failure, of: client) }
            closeClient(client, reason)
        }
    }

    /// The client has said who it is: checks what can be checked before it proves that. What would tell a stranger who exists, or
    /// let one use up what is somebody else's, comes after the proof.
    private func identify(_ client: ClientConnection, _ message: StartupMessage, _ login: ClientLogin) {
        let settings = configuration.settings
        do throws(LoginRefusal) {
            let identity = try ClientIdentity(
                message, tracked: shared.tracked, ignored: settings.ignoreStartupParameters)
            client.identity = identity
            if let refusal = identity.settingRefusal, !tracksSession(of: identity) { throw LoginRefusal(refusal) }
            if settings.logConnections {
                log.info(
                    "\(label(client)) login attempt: db=\(identity.database) user=\(identity.user) \(connectionText(client, identity))"
                )
            }
            if !identity.isConsole, settings.maxClientConn > 0, shared.clients.count > settings.maxClientConn {
                throw LoginRefusal(.tooManyClients)
            }
            if let negotiation = identity.negotiation { send(negotiation, to: client) }
            if isConsoleOwner(client, identity) {
                startConsole(client, .admin)
                return
            }
            try enterLogin(client, identity)
        } catch {
            closeClient(client, error.reason)
        }
    }

    /// Whether parameters may follow the client that are not tracked everywhere.
    private func tracksSession(of identity: ClientIdentity) -> Bool {
        let database = configuration.database(named: identity.database) ?? Database(name: identity.database)
        return configuration.configuration.poolSettings(database: database, user: database.user ?? identity.user)
            .sessionState
            == .track
    }

    /// Counts the client against max_db_client_connections and max_user_client_connections: only now that it has proved who it
    /// is, since the places are that user's.
    ///
    /// - Parameter database: nil for one that there is not, and for the console.
    private func admit(
        _ client: ClientConnection, _ identity: ClientIdentity, to database: Database?
    ) throws(LoginRefusal) {
        let limits = configuration.clientSettings(database: database, user: identity.user)
        var budgets = ClientBudgets()
        // What is taken before a refusal goes with the client.
        defer {
            client.limits = clientLimits.limits(
                idleTimeout: limits.clientIdleTimeout, queryWaitTimeout: limits.queryWaitTimeout, budgets)
        }
        if database != nil {
            guard
                let budget = shared.directory.admitClient(
                    ofDatabase: identity.database, limit: limits.maxDbClientConnections)
            else { throw LoginRefusal(.tooManyDatabaseClients) }
            budgets.database = budget
        }
        guard
            let budget = shared.directory.admitClient(
                ofUser: identity.user, limit: limits.maxUserClientConnections)
        else { throw LoginRefusal(.tooManyUserClients) }
        budgets.user = budget
    }

    /// The client is who it says. `proof` is what its method has to tell it at last: it goes out with the welcome, since each
    /// send wakes the client and, over TLS, costs a record.
    private func authenticated(_ client: ClientConnection, _ credential: Credential, _ proof: [UInt8]) {
        guard let identity = client.identity else { return }
        leaveLogin(client)
        let database: Database
        do throws(LoginRefusal) {
            if identity.isConsole {
                let role = try consoleRole(client, identity)
                if !configuration.settings.adminUsers.contains(identity.user) {
                    try admit(client, identity, to: nil)
                }
                send(proof, to: client)
                startConsole(client, role)
                return
            }
            let found = configuration.database(named: identity.database)
            try admit(client, identity, to: found)
            guard let found else {
                log.info("\(label(client)) login failed: db=\(identity.database) user=\(identity.user)")
                throw LoginRefusal(.noSuchDatabase(identity.database))
            }
            try checkOpen(identity.database, for: client)
            database = found
        } catch {
            send(proof, to: client)
            closeClient(client, error.reason)
            return
        }
        let pool =
            identity.replication.map { makePool(for: client, $0, database, identity, credential) }
            ?? joinPool(database, identity, credential)
        client.pool = pool
        pool.clientCount += 1
        if let welcome = pool.welcome {
            self.welcome(client, welcome, behind: proof)
        } else {
            send(proof, to: client)
            client.phase = .welcomeWait
            client.requestStartedAt = now
            pool.welcomeWaiters.append(client.token)
            openServers(for: pool)
        }
    }

    /// Whether anybody may come in to a database now.
    private func checkOpen(_ name: String, for client: ClientConnection) throws(LoginRefusal) {
        if !configuration.hasEntry(forDatabase: name), !shared.directory.knows(database: name) {
            log.info("\(label(client)) registered new auto-database: \(name)")
        }
        if condition.disabledDatabases.contains(name) { throw LoginRefusal(.databaseDisabled(name)) }
        // Over TCP it has connected before, since then there is no listener any more.
        if condition.shutdown == .waitForServers || (client.isUnix && condition.shutdown == .waitForClients) {
            throw LoginRefusal(.shuttingDown)
        }
    }

    /// The pool of a database and user, made when its first client comes; its servers log in with what was proved last.
    private func joinPool(_ database: Database, _ identity: ClientIdentity, _ credential: Credential) -> WorkerPool {
        let user = database.user ?? identity.user
        let key = PoolKey(database: database.name, user: user)
        if let pool = pools[key] {
            // Whoever came in without a password must not take from the others what their servers log in with.
            if database.user == nil, credential.opensServers || !pool.credential.opensServers {
                pool.credential = credential
            }
            pool.unusedSince = nil
            return pool
        }
        let pool = makePool(key, database, database.user == nil ? credential : forcedCredential(database, user))
        return pool
    }

    /// The forced user of the client's database has changed: from now on it works in that user's pool. Nil when the client had
    /// to be closed, because its database is gone.
    func moveToPresentPool(_ client: ClientConnection) -> WorkerPool? {
        guard let identity = client.identity,
            let database = configuration.database(named: identity.database)
        else {
            closeClient(client, .databaseRemoved)
            return nil
        }
        let secret = configuration.secrets[identity.user] ?? .none
        let pool = joinPool(database, identity, Credential(secret: secret))
        client.pool?.clientCount -= 1
        client.pool = pool
        pool.clientCount += 1
        return pool
    }

    /// A pool of this worker.
    func makePool(
        _ key: PoolKey, _ database: Database, _ credential: Credential,
        replication: [(name: String, value: String)]? = nil
    ) -> WorkerPool {
        let pool = WorkerPool(
            key: key, budget: shared.directory.pool(key.shared), database: database,
            settings: poolSettings(key, database), credential: credential,
            durations: durations(ofDatabase: key.database), replication: replication)
        apply(configuration.settings, to: pool)
        if condition.isPaused(key.database) { pool.pool.paused() }
        pools[key] = pool
        return pool
    }

    /// The pool of a replication client: one server connection that nobody shares.
    private func makePool(
        for client: ClientConnection, _ request: ReplicationRequest, _ database: Database, _ identity: ClientIdentity,
        _ credential: Credential
    ) -> WorkerPool {
        let user = database.user ?? identity.user
        let key = PoolKey(database: database.name, user: user, owner: client.id)
        return makePool(
            key, database, database.user == nil ? credential : forcedCredential(database, user),
            replication: request.startupParameters(identity.parameters, tracked: shared.tracked))
    }

    /// The settings that hold for a pool. A replication client keeps its server, and nothing is opened ahead of it.
    func poolSettings(_ key: PoolKey, _ database: Database) -> PoolSettings {
        var settings = configuration.configuration.poolSettings(database: database, user: key.user)
        guard key.owner != 0 else { return settings }
        settings.poolMode = .session
        settings.minPoolSize = 0
        return settings
    }

    /// What servers of a database with a forced user are logged in with: its password, or that user's in auth_file.
    func forcedCredential(_ database: Database, _ user: String) -> Credential {
        let secret = database.password.isEmpty ? configuration.secrets[user] ?? .none : Secret(database.password)
        return Credential(secret: secret)
    }

    /// Copies what the data path needs of the settings.
    func apply(_ settings: Settings, to pool: WorkerPool) {
        pool.checkAfter = settings.serverCheckQuery.isEmpty ? nil : settings.serverCheckDelay
        pool.isRoundRobin = settings.serverRoundRobin
        pool.lastGreeting = nil
        pool.statementLimit =
            switch pool.settings.poolMode {
            case .session: 0
            case .transaction, .statement: max(0, settings.maxPreparedStatements)
            }
        // Where a reset query runs for every client that leaves, and clients keep their servers, it does the work.
        pool.heedsSession =
            pool.replication == nil && pool.settings.sessionState != .passthrough
            && !(pool.settings.poolMode == .session && configuration.resets(poolMode: .session))
    }

    /// A pool has learnt what its clients are to be told: tells those that wait for it.
    func welcomeArrived(_ key: PoolKey) {
        guard let pool = pools[key], let welcome = pool.welcome else { return }
        let waiters = pool.welcomeWaiters
        pool.welcomeWaiters = []
        for token in waiters {
            guard case .client(let client) = table[token], case .welcomeWait = client.phase else { continue }
            if let since = client.requestStartedAt {
                pool.counters.waitTime &+= now.microseconds(since: since)
                client.requestStartedAt = nil
            }
            self.welcome(client, welcome)
            if client.isOpen { processHeld(client) }
        }
    }

    /// The end of a login: AuthenticationOk, parameters, cancel key, ReadyForQuery.
    private func welcome(_ client: ClientConnection, _ welcome: Welcome, behind proof: [UInt8] = []) {
        guard let identity = client.identity, let pool = client.pool else { return }
        let (greeting, settings) = greeting(for: client, identity, in: pool, welcome)
        client.parameters = greeting.parameters
        if let initial = sessionSettings.intern(settings) {
            client.books.session.initial = initial
            setSettings(initial, of: client)
        }
        if let starting = greeting.starting { client.books.session.starting = starting }
        let key = makeCancelKey()
        setCancelKey(key, of: client)
        var writer = MessageWriter(capacity: proof.count + greeting.messages.count + 32)
        writer.raw(proof)
        writer.raw(greeting.messages)
        writer.backendKeyData(key)
        let notice = configuration.settings.loginNotifyMessage
        if !notice.isEmpty { ErrorMessage(.notice, "00000", notice).write(to: &writer) }
        writer.readyForQuery(.idle)
        loginEnded(client)
        client.phase = .session
        pool.counters.clientLogins &+= 1
        pool.durations.values.login.record(now.microseconds(since: client.connectedAt))
        send(writer.bytes, to: client)
    }

    /// What a client is told of the tracked parameters, and what it has given that is looked after with its session.
    private func greeting(
        for client: ClientConnection, _ identity: ClientIdentity, in pool: WorkerPool, _ welcome: Welcome
    ) -> (Greeting, settings: [SessionSetting]) {
        if let last = pool.lastGreeting, last.serves(identity.parameters, welcome) { return (last, identity.settings) }
        var values = welcome.completing(identity.parameters)
        var starting = identity.parameters
        let addsHost = configuration.settings.applicationNameAddHost
        if addsHost {
            let index = TrackedParameters.applicationNameIndex
            values[index] = Array(applicationNameWithHost(client, values[index]).utf8)
            // There it is not as the client gave it.
            starting[index] = nil
        }
        var settings = identity.settings
        if pool.replication == nil, pool.settings.sessionState == .track {
            // What servers do not report by themselves is looked after with the rest of the session.
            for (index, name) in shared.tracked.names.enumerated() where welcome.tracked[index] == nil {
                if let value = values[index] { settings.append(SessionSetting(name: name.lowercased(), value: value)) }
                values[index] = nil
            }
        }
        let greeting = Greeting(
            welcome, given: identity.parameters, names: shared.tracked.names,
            parameters: parameterSets.intern(values),
            starting: starting.contains { $0 != nil } ? parameterSets.intern(starting) : nil)
        if !addsHost, settings.count == identity.settings.count { pool.lastGreeting = greeting }
        return (greeting, settings)
    }

    /// "tls=no replication=no", or version and cipher, the kind of replication, and the host name that the client asked for
    /// (SNI), which is its own claim.
    private func connectionText(_ client: ClientConnection, _ identity: ClientIdentity) -> String {
        let replication =
            switch identity.replication?.kind {
            case nil: "no"
            case .physical: "yes"
            case .logical: "database"
            }
        return "tls=\(client.transport.tlsSummary ?? "no") replication=\(replication)"
            + (client.transport.serverName.map { " sni=\($0.truncated(toBytes: 255))" } ?? "")
    }

    /// The client is in: the login's deadline gives way to the session's.
    func loginEnded(_ client: ClientConnection) {
        loginCount -= 1
        client.identity = client.identity.map { identities.loginEnded($0) }
        timers.disarm(slot: client.token.slot)
        if client.limits.idleTimeout > .zero {
            timers.arm(slot: client.token.slot, at: now + client.limits.idleTimeout)
        }
    }

    private func applicationNameWithHost(_ client: ClientConnection, _ name: [UInt8]?) -> String {
        let name = name.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let shown = name.isEmpty ? "app" : name
        guard client.isUnix else { return "\(shown) - \(client.peer.host):\(client.peer.port)" }
        let process = Syscalls.peerCredentials(client.transport.descriptor.number)?.process ?? 0
        return "\(shown) - unix(\(process)@\(Syscalls.hostName())):\(configuration.settings.listenPort)"
    }
}
