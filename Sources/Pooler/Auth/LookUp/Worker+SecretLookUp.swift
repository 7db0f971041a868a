import PoolerConfig

/// Looks up users that are not in auth_file, by a query on a server.
extension Worker {
    /// Suspends a login until its user's secret is known. `method` is what goes on then.
    func lookUpSecret(
        for client: ClientConnection, _ identity: ClientIdentity, _ method: ClientAuthentication.Method,
        with query: AuthQuery
    ) {
        let key = SecretBook.Key(
            database: query.database.name, authUser: query.user, sql: query.sql, user: identity.user)
        client.login?.secret = .init(key: key, method: method)
        switch shared.secrets.find(key, for: waiter(client), now: now) {
        case .known(let outcome): secretFound(client, outcome)
        case .wait: break
        case .ask: ask(key, query.database)
        }
    }

    /// Begins a query: its pool is one in which no client works.
    private func ask(_ key: SecretBook.Key, _ database: Database) {
        let poolKey = PoolKey(database: database.name, user: key.authUser, owner: PoolKey.authQueryOwner)
        let pool = pools[poolKey] ?? makePool(poolKey, database, authUserCredential(key.authUser))
        pool.unusedSince = nil
        pool.clientCount += 1
        let token = table.reserve()
        let lookUp = SecretLookUp(token: token, key: key, pool: pool, epoch: shared.secrets.epoch, now: now)
        table.fill(token, .secretLookUp(lookUp))
        seekServer(for: lookUp)
    }

    /// What auth_user logs in with.
    func authUserCredential(_ user: String) -> Credential {
        Credential(secret: configuration.secrets[user] ?? .none)
    }

    private func seekServer(for lookUp: SecretLookUp) {
        let pool = lookUp.pool
        switch pool.pool.serverRequested(
            by: lookUp.token, now: now, checkAfter: pool.checkAfter, roundRobin: pool.isRoundRobin)
        {
        case .server(let token):
            if case .server(let server) = table[token] { run(lookUp, on: server) }
        case .check(let token, let ticket):
            lookUp.ticket = ticket
            publishWaiting(pool)
            if case .server(let server) = table[token] { startCheck(server) }
        case .wait(let ticket):
            lookUp.ticket = ticket
            publishWaiting(pool)
            if case .waitForServers = condition.shutdown {
                finish(lookUp, .failed("the pooler is shutting down"))
            } else {
                seekServers(for: pool)
            }
        }
    }

    /// A server is there: asks it.
    func run(_ lookUp: SecretLookUp, on server: ServerConnection) {
        lookUp.ticket = nil
        lookUp.server = server
        server.phase = .lookingUp(lookUp)
        send(lookUp.query.request, to: server)
    }

    /// What a server says while it looks somebody up: few and short messages, each is seen whole.
    func processLookUp(_ lookUp: SecretLookUp, on server: ServerConnection, _ range: Range<Int>) {
        let scratch = self.scratch
        let bytes = scratch.bytes(0..<range.upperBound)
        // The rest of something that it said while it was idle.
        var cursor = range.lowerBound + server.scanner.take(upTo: range.count)
        while cursor < range.upperBound {
            guard
                case .frame(let header) = FrameScanner.header(in: bytes, at: cursor, limit: Scratch.carryLimit)
            else {
                if range.upperBound - cursor < FrameHeader.size { break }
                closeServer(server, "bad pkt header", isOrderly: false)
                finish(lookUp, .failed("the server broke the protocol"))
                return
            }
            guard cursor + header.frameLength <= range.upperBound else { break }
            let body = bytes.slice(cursor + FrameHeader.size..<cursor + header.frameLength)
            cursor += header.frameLength
            switch lookUp.query.messageReceived(BackendMessageType(rawValue: header.type), body) {
            case .wait:
                break
            case .finished(let outcome):
                // What follows is for whoever gets the server now. From here on the scratch block is somebody else's.
                hold(cursor..<range.upperBound, for: server)
                lookUp.server = nil
                server.phase = .idle
                retire(server)
                finish(lookUp, outcome)
                return
            case .broken(let outcome):
                closeServer(server, "auth_query was not answered", isOrderly: false)
                finish(lookUp, outcome)
                return
            }
        }
        hold(cursor..<range.upperBound, for: server)
    }

    /// The server broke off before it had answered. It may have been idle over a restart of Postgres, so another one is asked,
    /// once.
    func serverLeft(_ lookUp: SecretLookUp, _ failure: ServerFailure) {
        lookUp.server = nil
        guard !lookUp.isSecondTry else {
            finish(lookUp, .failed(failure.description))
            return
        }
        lookUp.isSecondTry = true
        lookUp.query = SecretQuery(user: lookUp.key.user, sql: lookUp.key.sql)
        seekServer(for: lookUp)
    }

    /// It is over: tells everybody who waits, on every worker.
    func finish(_ lookUp: SecretLookUp, _ outcome: SecretQuery.Outcome) {
        guard case .secretLookUp = table[lookUp.token] else { return }
        forget(lookUp)
        if case .failed(let text) = outcome {
            log.error(
                "\(poolLabel(lookUp.pool)) error in auth_query: auth_query for user \"\(lookUp.key.user)\" failed: \(text)"
            )
        }
        let waiters = shared.secrets.answered(
            lookUp.key, outcome, keepFor: configuration.settings.authQueryCacheTtl, askedIn: lookUp.epoch, now: now)
        for waiter in waiters {
            if waiter.worker == index {
                secretArrived(waiter.client, lookUp.key, outcome)
            } else {
                shared.mailboxes[waiter.worker].send(.secretArrived(waiter.client, lookUp.key, outcome))
            }
        }
    }

    /// Takes a query out of the books of this worker.
    private func forget(_ lookUp: SecretLookUp) {
        table.remove(lookUp.token)
        lookUp.pool.clientCount -= 1
        if let ticket = lookUp.ticket {
            lookUp.ticket = nil
            lookUp.pool.pool.clientLeft(ticket)
            publishWaiting(lookUp.pool)
        }
    }

    /// What a client waits for has come. It may have gone.
    func secretArrived(_ token: Token, _ key: SecretBook.Key, _ outcome: SecretQuery.Outcome) {
        guard case .client(let client) = table[token], case .login = client.phase, client.login?.secret?.key == key
        else { return }
        secretFound(client, outcome)
        resumeLogin(client)
    }

    private func secretFound(_ client: ClientConnection, _ outcome: SecretQuery.Outcome) {
        guard let wanted = client.login?.secret else { return }
        client.login?.secret = nil
        switch outcome {
        case .found(let user): begin(wanted.method, isKnown: true, user.secret, client)
        case .unknown, .failed: begin(wanted.method, isKnown: false, .none, client)
        }
    }

    /// A client that goes does not wait any more.
    func leaveLookUp(_ client: ClientConnection) {
        guard let key = client.login?.secret?.key, let worker = shared.secrets.leave(key, waiter(client)) else {
            return
        }
        if worker == index { lookUpUnwanted(key) } else { shared.mailboxes[worker].send(.lookUpUnwanted(key)) }
    }

    /// Nobody waits for a query any more: if it has no server yet, it is not made.
    func lookUpUnwanted(_ key: SecretBook.Key) {
        let poolKey = PoolKey(database: key.database, user: key.authUser, owner: PoolKey.authQueryOwner)
        guard let pool = pools[poolKey] else { return }
        for waiter in Array(pool.pool.queue.waiters) {
            guard case .secretLookUp(let lookUp) = table[waiter.client], lookUp.key == key else { continue }
            if shared.secrets.withdraw(key) { forget(lookUp) }
            return
        }
    }

    /// Ends the queries of a pool that have taken longer than any login may.
    func checkLookUps(of pool: WorkerPool) {
        let limit = configuration.settings.clientLoginTimeout
        guard pool.key.isForAuthQuery, limit > .zero else { return }
        let overdue = lookUps(of: pool).filter { now - $0.startedAt > limit }
        for lookUp in overdue { end(lookUp, "client_login_timeout") }
    }

    /// Ends every query of a pool that waits for a server, or all of them.
    func endLookUps(of pool: WorkerPool, _ reason: String, onlyWaiting: Bool) {
        for lookUp in lookUps(of: pool) where !onlyWaiting || lookUp.server == nil { end(lookUp, reason) }
    }

    private func end(_ lookUp: SecretLookUp, _ reason: String) {
        if let server = lookUp.server { closeServer(server, reason, isOrderly: false) }
        finish(lookUp, .failed(reason))
    }

    private func lookUps(of pool: WorkerPool) -> [SecretLookUp] {
        guard pool.key.isForAuthQuery else { return [] }
        return Array(table.all).compactMap { registration in
            if case .secretLookUp(let lookUp) = registration, lookUp.pool === pool { lookUp } else { nil }
        }
    }

    private func waiter(_ client: ClientConnection) -> SecretBook.Waiter {
        SecretBook.Waiter(worker: index, client: client.token)
    }
}
