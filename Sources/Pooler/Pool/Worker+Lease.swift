/// Pairing clients with servers.
extension Worker {
    /// A client has something to send: gives it a server at once, or puts it in the queue and sees to it that a server comes.
    func lease(to client: ClientConnection) -> ServerConnection? {
        guard var pool = client.pool else { return nil }
        if pool.isAbandoned {
            guard let joined = moveToPresentPool(client) else { return nil }
            pool = joined
        }
        client.requestStartedAt = now
        switch pool.pool.serverRequested(
            by: client.token, now: now, checkAfter: pool.checkAfter, roundRobin: pool.isRoundRobin)
        {
        case .server(let token):
            guard case .server(let server) = table[token] else { return nil }
            pool.durations.values.wait.record(0)
            return link(client, server) ? server : nil
        case .check(let token, let ticket):
            queued(client, ticket)
            if case .server(let server) = table[token] { startCheck(server) }
            return nil
        case .wait(let ticket):
            queued(client, ticket)
            if case .waitForServers = condition.shutdown {
                closeClient(client, .serverShuttingDown)
            } else {
                seekServers(for: pool)
            }
            return nil
        }
    }

    /// A client gives its server up: its transaction is over, or it leaves in good order.
    func release(_ server: ServerConnection, from client: ClientConnection) {
        client.link = .none
        client.requestStartedAt = nil
        if client.limits.idleTimeout > .zero {
            timers.arm(slot: client.token.slot, at: now + client.limits.idleTimeout)
        }
        server.phase = .idle
        retire(server)
    }

    /// A server that nobody uses: closed if it should be, reset if its next client would see traces, else free.
    func retire(_ server: ServerConnection) {
        let pool = server.pool
        if let reason = reasonToClose(server) {
            closeServer(server, reason, isOrderly: true)
            return
        }
        if server.cancelsInFlight > 0 {
            server.phase = .beingCanceled
            return
        }
        if configuration.resets(poolMode: pool.settings.poolMode) {
            pool.pool.serverResetting(server.token)
            runQuery(configuration.settings.serverResetQuery, on: server, .reset)
            return
        }
        if !server.session.isUntouched, clean(server) { return }
        free(server)
    }

    /// A clean server: for the next client in line, here or on another worker, or for the idle list.
    func free(_ server: ServerConnection) {
        let pool = server.pool
        server.phase = .idle
        if !pool.hungryWorkers.isEmpty, give(server, besides: pool) { return }
        switch pool.pool.serverFreed(server.token, now: now) {
        case .keep:
            break
        case .serve(let waiter):
            publishWaiting(pool)
            serve(waiter, with: server)
        }
    }

    /// Pairs a client from the queue with a server.
    func serve(_ waiter: WaitQueue.Waiter, with server: ServerConnection) {
        guard case .client(let client) = table[waiter.client] else {
            if case .secretLookUp(let lookUp) = table[waiter.client] { run(lookUp, on: server) } else { free(server) }
            return
        }
        let waited = now.microseconds(since: waiter.since)
        server.pool.counters.waitTime &+= waited
        server.pool.durations.values.wait.record(waited)
        client.wasNotifiedOfWait = false
        client.link = .none
        if link(client, server) { processHeld(client) }
    }

    /// After RESUME, a failed check, new limits or a freed budget: pairs what can be paired and opens what may be opened.
    func serveQueue(of pool: WorkerPool) {
        while let step = pool.pool.nextStep(now: now, checkAfter: pool.checkAfter, roundRobin: pool.isRoundRobin) {
            switch step {
            case .serve(let token, let waiter):
                publishWaiting(pool)
                if case .server(let server) = table[token] { serve(waiter, with: server) }
            case .check(let token):
                if case .server(let server) = table[token] { startCheck(server) }
            }
        }
        if pool.pool.waitingCount > 0 || !pool.welcomeWaiters.isEmpty { seekServers(for: pool) }
    }

    func serveAllQueues() {
        for pool in pools.values { serveQueue(of: pool) }
    }

    /// Links the two. False when the server's parameters have to be changed first and the outcome is not certain: then the
    /// client's bytes wait for it.
    private func link(_ client: ClientConnection, _ server: ServerConnection) -> Bool {
        server.pool.counters.serverAssignments &+= 1
        server.testFailure = nil
        if client.parameters === server.parameters, client.books.session.settings === server.session.settings {
            server.phase = .active(client)
            client.link = .linked(server)
            return true
        }
        return align(client, server)
    }

    /// Makes a server's session what the client believes in.
    private func align(_ client: ClientConnection, _ server: ServerConnection) -> Bool {
        let wanted = server.pool.replication == nil ? client.parameters ?? server.parameters : server.parameters
        var messages: [UInt8] = []
        var isVerified = true
        server.alignmentCount = 0
        let settings = wantedSettings(of: client, on: server)
        let differs = settings !== server.session.settings
        if differs {
            if let settings { isVerified = settings.isVerified && !settings.mayBeRefused }
            if mayRefuseBuffers(server, settings) { isVerified = false }
        }
        if wanted !== server.parameters,
            var alignment = parameterSets.alignment(from: server.parameters, to: wanted)
        {
            isVerified = isVerified && alignment.isVerified
            alignment.isVerified = isVerified
            server.replies.requestSent(.query, for: .pooler)
            messages += alignment.message
            server.alignmentCount += 1
        }
        if differs,
            let message = SessionSettings.alignment(
                from: server.session.settings, to: settings, isAwaited: !isVerified)
        {
            server.replies.requestSent(.query, for: .pooler)
            messages += message
            server.alignmentCount += 1
        }
        guard !messages.isEmpty else {
            server.phase = .active(client)
            client.link = .linked(server)
            return true
        }
        server.statements.queryOfOursSent()
        if isVerified {
            toServer.insert(messages, beside: scratch)
            server.parameters = wanted
            server.session.settings = settings
            server.phase = .active(client)
            client.link = .linked(server)
            return true
        }
        server.phase = .aligning(client, wanted)
        client.link = .aligning(server)
        send(messages, to: server)
        return false
    }

    /// The server has answered to parameters that no server had seen before.
    func alignmentEnded(_ server: ServerConnection, _ client: ClientConnection, _ wanted: ParameterSet) {
        if let failure = server.testFailure {
            alignmentFailed(server, client, failure)
            return
        }
        parameterSets.aligned(to: wanted)
        server.session.settings = wantedSettings(of: client, on: server)
        server.session.settings?.isVerified = true
        client.books.session.settings?.isVerified = true
        // What the server did not report is as we set it; what it did is in its own spelling.
        let values = zip(wanted.values, server.parameters.values).enumerated().map { index, pair in
            server.pool.reportsParameter(index) ? pair.1 : pair.0
        }
        server.parameters = parameterSets.intern(values)
        client.parameters = server.parameters
        server.phase = .active(client)
        client.link = .linked(server)
        processHeld(client)
        if case .linked(let still) = client.link, still === server, client.isOpen { requestsAnswered(on: server) }
    }

    /// temp_buffers cannot be changed any more where temporary tables have been used, not even by RESET.
    private func mayRefuseBuffers(_ server: ServerConnection, _ wanted: SessionSettings?) -> Bool {
        let name = SessionSettings.temporaryBuffers
        return server.session.hadTemporary
            && wanted?.value(of: name) != server.session.settings?.value(of: name)
    }

    /// A server has refused what its client believes in.
    private func alignmentFailed(_ server: ServerConnection, _ client: ClientConnection, _ failure: String) {
        server.testFailure = nil
        server.phase = .idle
        client.link = .none
        // Of two queries one may have been done.
        if server.alignmentCount > 1 { server.isCloseNeeded = true }
        let wanted = wantedSettings(of: client, on: server)
        // Another server will do.
        let isServersFault = mayRefuseBuffers(server, wanted) && wanted?.isVerified ?? true
        if isServersFault { server.isCloseNeeded = true }
        retire(server)
        if isServersFault {
            processHeld(client)
        } else {
            closeClient(client, .invalidServerParameter(failure))
        }
    }

    /// Runs a query of ours on a server that no client uses.
    func runQuery(_ sql: String, on server: ServerConnection, _ test: ServerTest) {
        server.phase = .testing(test)
        server.testFailure = nil
        server.replies.requestSent(.query, for: .pooler)
        server.statements.queryOfOursSent()
        var writer = MessageWriter()
        writer.message(FrontendMessageType.query) { $0.cString(sql) }
        send(writer.bytes, to: server)
    }

    /// A query of ours has ended.
    func testEnded(_ server: ServerConnection, _ test: ServerTest) {
        if let failure = server.testFailure {
            server.testFailure = nil
            // A check only asks for a sign of life; a failed reset leaves traces of the last client.
            if test != .check {
                let query = test == .reset ? "server_reset_query" : "cleaning its session"
                log.warning("\(label(server)) \(query) failed, closing the connection: \(failure)")
                closeServer(server, "\(query) failed", isOrderly: true)
                return
            }
        }
        switch test {
        case .reset: wasReset(server)
        case .clean: cleaned(server)
        case .check: break
        }
        if server.transactionStatus != .idle {
            closeServer(server, "left in a transaction by our own query", isOrderly: true)
            serveQueue(of: server.pool)
        } else if let reason = reasonToClose(server) {
            closeServer(server, reason, isOrderly: true)
            serveQueue(of: server.pool)
        } else {
            free(server)
        }
    }

    func startCheck(_ server: ServerConnection) {
        let query = configuration.settings.serverCheckQuery
        runQuery(query == "<empty>" ? "" : query, on: server, .check)
    }

    private func queued(_ client: ClientConnection, _ ticket: WaitQueue.Ticket) {
        client.link = .waiting(ticket)
        if let pool = client.pool { publishWaiting(pool) }
    }

    /// Why a server that is free now should not live on. A fresh one has not been used once yet, so its age does not count.
    func reasonToClose(_ server: ServerConnection, isFresh: Bool = false) -> String? {
        if server.isCloseNeeded { return "close_needed" }
        if server.replies.isUncertain { return "the end of a failed COPY cannot be told" }
        if server.pool.replication != nil, server.pool.clientCount == 0 { return "replication client was closed" }
        if server.statements.isUnreliable { return "prepared statements were changed behind our back" }
        if condition.closesServers(server.pool.key.database) { return "pause mode" }
        if condition.shutdown == .waitForServers { return "shutdown" }
        if isFresh { return nil }
        let lifetime = server.pool.lifetimeNanoseconds
        if lifetime == 0 { return "server lifetime over" }
        if now.nanoseconds(since: server.connectedAt) > lifetime, lifetimeCloseIsDue(server.pool) {
            server.pool.lastLifetimeClose = now
            return "server lifetime over"
        }
        return nil
    }

    /// Closings for age are spaced by lifetime / pool_size, so that a pool opened in one burst is not renewed in one.
    func lifetimeCloseIsDue(_ pool: WorkerPool) -> Bool {
        guard let last = pool.lastLifetimeClose else { return true }
        let size = max(1, pool.settings.poolSize)
        return now - last >= pool.settings.serverLifetime / size
    }
}
