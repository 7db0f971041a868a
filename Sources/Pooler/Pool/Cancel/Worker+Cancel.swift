/// Cancel requests: from a client's key to the server that runs its query, and no other.
extension Worker {
    /// A new client's key, which names this process among its peers.
    func makeCancelKey() -> CancelKey { .random(peer: configuration.settings.peerId, using: &randomStock) }

    /// Gives a client its key, or takes it away when the client goes.
    func setCancelKey(_ key: CancelKey?, of client: ClientConnection) {
        if let old = client.cancelKey { cancelKeys.remove(old, slot: client.token.slot) }
        client.cancelKey = key
        if let key { cancelKeys.insert(key, slot: client.token.slot) }
    }

    /// The client whose key it is.
    private func client(with key: CancelKey) -> ClientConnection? {
        func client(inSlot slot: UInt32) -> ClientConnection? {
            if case .client(let client) = table.registration(inSlot: slot) { client } else { nil }
        }
        return cancelKeys.slot(for: key) { client(inSlot: $0)?.cancelKey == key }.flatMap(client)
    }

    /// A stranger has sent a cancel request. It stays connected until the request has been dealt with, as with Postgres.
    func startCanceling(_ client: ClientConnection, _ key: CancelKey) {
        loginCount -= 1
        leaveLogin(client)
        timers.disarm(slot: client.token.slot)
        client.phase = .canceling
        let (token, mailbox, own) = (client.token, mailbox, configuration.settings.peerId)
        func request(_ key: CancelKey) -> CancelRequest {
            CancelRequest(key) { outcome in mailbox.send(.cancelSettled(token, outcome)) }
        }
        if own == 0 {
            shared.broadcast(.cancel(request(key)))
            if hasPredecessor { shared.control(.cancelAtPredecessor(key)) }
        } else if key.peer == own {
            shared.broadcast(.cancel(request(key.arrived)))
            if hasPredecessor { shared.control(.cancelAtPredecessor(key.arrived)) }
        } else if let next = key.forwarded {
            let (peer, request) = (key.peer, request(next))
            shared.mailboxes[Self.forwarder].send(.run { $0.forward(request, toPeer: peer) })
        } else {
            cancelSettled(token, .noClient)
        }
        // Beyond max_client_conn nobody is kept: the request goes on without its sender.
        let limit = configuration.settings.maxClientConn
        if limit > 0, shared.clients.count > limit { removeClient(client) }
    }

    /// Everybody who could has dealt with a request that came in here.
    func cancelSettled(_ token: Token, _ outcome: CancelRequest.Outcome) {
        guard case .client(let client) = table[token], case .canceling = client.phase else { return }
        closeClient(client, .cancelSettled(outcome))
    }

    /// A cancel request has come in somewhere; it concerns this worker if the key's client is here.
    func cancelRequested(_ request: CancelRequest) {
        guard let client = client(with: request.key) else { return }
        if case .console(var session) = client.phase {
            let actions = session.cancelled()
            client.phase = .console(session)
            perform(actions, for: client)
            request.found(.console)
            return
        }
        request.found(.idle)
        switch client.link {
        case .none:
            break
        case .waiting(let ticket):
            // The query never runs: its client is told as Postgres would.
            client.link = .none
            client.requestStartedAt = nil
            if let pool = client.pool {
                pool.pool.clientLeft(ticket)
                publishWaiting(pool)
            }
            client.refusal = .cancelled
            request.found(.sent)
            processHeld(client)
        case .aligning:
            // Nothing of the client runs yet.
            break
        case .linked(let server):
            guard !server.replies.isEmpty, server.cancelKey != nil else { return }
            request.found(.sent)
            server.pool.waitingCancels.append(request, at: now)
            sendWaitingCancels(of: server.pool)
        }
    }

    /// Sends the cancel requests of a pool, as many at a time as it may have connections besides its servers. One that would hit
    /// what we ask of the server ourselves waits for the next upkeep: that is over in no time, and its failure would end the client.
    func sendWaitingCancels(of pool: WorkerPool) {
        var early: [(request: CancelRequest, since: Instant)] = []
        defer { for (request, since) in early.reversed() { pool.waitingCancels.returned(request, since: since) } }
        while pool.activeCancels < 2 * max(1, pool.settings.poolSize),
            let (request, since) = pool.waitingCancels.takeFirst()
        {
            // The query may have ended meanwhile, and the client have left.
            guard let client = client(with: request.key), case .linked(let server) = client.link,
                !server.replies.isEmpty, let key = server.cancelKey
            else { continue }
            if server.replies.isOurQueryNext {
                early.append((request, since))
                continue
            }
            cancelQuery(on: server, key, request)
        }
    }

    /// cancel_wait_timeout, for requests that wait for their turn.
    func dropOldCancels(of pool: WorkerPool) {
        let limit = configuration.settings.cancelWaitTimeout
        guard limit > .zero, pool.waitingCancels.count > 0 else { return }
        pool.waitingCancels.drop(since: now.advanced(nanoseconds: -limit.wholeNanoseconds))
    }

    /// Sends a cancel request for a server's own key. For the client's own request the server is held back until it is settled, or
    /// it could hit its next client's query.
    func cancelQuery(on server: ServerConnection, _ key: CancelKey, _ request: CancelRequest? = nil) {
        let policy = ServerEncryption.Policy(
            server.pool.database, mode: configuration.settings.serverTlsSslmode, isUnix: server.address.isUnix)
        let timeout = configuration.settings.cancelWaitTimeout
        // Nobody can be told of a failure.
        try? openCancel(
            CancelConnection.Route(address: server.address, host: server.host, policy: policy), packet: key.request,
            to: request == nil ? .closedServer : .server(server, server.pool), for: request, since: now,
            deadline: timeout > .zero ? now + timeout : .never)
    }
}
