/// The end of a client.
extension Worker {
    /// Longest time that a closing client gets to take its last bytes.
    private static let lingering: Duration = .seconds(5)

    /// Disconnects a client: tells it why, takes care of its server, and closes the socket when the last bytes are out.
    func closeClient(_ client: ClientConnection, _ reason: CloseReason) {
        guard client.isOpen else { return }
        if case .closing = client.phase { return }
        logClosing(client, reason)
        leaveServer(client, reason)
        tallies.clientCloses.add(reason.label)
        if let message = reason.message { sendError(message, to: client) }
        leave(client)
        guard client.output.isEmpty, !client.transport.hasUnsent else {
            client.phase = .closing
            client.held.removeAll(to: blocks)
            // An earlier deadline of another kind would cut the time short.
            timers.disarm(slot: client.token.slot)
            timers.arm(slot: client.token.slot, at: now + Self.lingering)
            return
        }
        if case .clientRequest = reason { removeClient(client, saysGoodbye: false) } else { removeClient(client) }
    }

    /// Sends a client an error of ours, and counts it.
    func sendError(_ message: ErrorMessage, followedBy more: [UInt8] = [], to client: ClientConnection) {
        tallies.errors.add(Tally.sqlState(message.sqlState))
        send(message.bytes + more, to: client)
    }

    /// Takes a client out of all books and closes its socket. TLS ends with a word of goodbye, but not towards one who has
    /// said so first and does not listen any more: nothing but a reset would come back.
    func removeClient(_ client: ClientConnection, saysGoodbye: Bool = true) {
        guard client.isOpen else { return }
        letGo(client)
        client.transport.close(saysGoodbye: saysGoodbye)
    }

    /// Takes a client out of all books. Whether its socket is closed or lives on in another process is the caller's to see to.
    func letGo(_ client: ClientConnection) {
        if case .waiting(let ticket) = client.link { client.pool?.pool.clientLeft(ticket) }
        client.link = .none
        leave(client)
        client.isOpen = false
        client.phase = .closing
        client.held.removeAll(to: blocks)
        client.output.removeAll(to: blocks)
        timers.disarm(slot: client.token.slot)
        table.remove(client.token)
        _ = shared.clients.release()
        shared.clientRemoved(fromWorker: index)
    }

    /// A deadline of the client has come: it may have moved, since nothing re-arms it on the way.
    func clientDeadlineReached(_ client: ClientConnection) {
        let settings = configuration.settings
        switch client.phase {
        case .login:
            if settings.clientLoginTimeout > .zero {
                closeWhenOverdue(
                    client, client.connectedAt + settings.clientLoginTimeout,
                    .loginTimeout(serverDown: false, lastError: nil))
            }
            if client.isOpen { endDelay(of: client) }
        case .welcomeWait:
            guard settings.clientLoginTimeout > .zero else { return }
            let error = client.pool?.failure?.reason.description
            closeWhenOverdue(
                client, client.connectedAt + settings.clientLoginTimeout,
                .loginTimeout(serverDown: true, lastError: error))
        case .session:
            guard client.limits.idleTimeout > .zero, isIdle(client) else { return }
            closeWhenOverdue(client, client.receivedAt + client.limits.idleTimeout, .clientIdleTimeout)
        case .console, .canceling:
            break
        case .closing:
            removeClient(client)
        }
    }

    /// Whether a client has no server, or is kept on one without using it.
    private func isIdle(_ client: ClientConnection) -> Bool {
        switch client.link {
        case .none: true
        case .waiting, .aligning: false
        case .linked(let server):
            client.books.session.pinnedSince != nil && server.replies.isSettled && server.transactionStatus == .idle
        }
    }

    private func closeWhenOverdue(_ client: ClientConnection, _ deadline: Instant, _ reason: CloseReason) {
        if now >= deadline {
            closeClient(client, reason)
        } else {
            timers.arm(slot: client.token.slot, at: deadline)
        }
    }

    /// The server of a client that goes: given back if it is clean, closed if anything of the client is left in it.
    private func leaveServer(_ client: ClientConnection, _ reason: CloseReason) {
        switch client.link {
        case .none:
            break
        case .waiting(let ticket):
            client.link = .none
            guard let pool = client.pool else { break }
            pool.pool.clientLeft(ticket)
            publishWaiting(pool)
        case .aligning(let server):
            client.link = .none
            // It is cleaned when it has answered.
            if case .probing = server.phase { return }
            closeServer(server, "client disconnected with query in progress", isOrderly: true)
        case .linked(let server):
            client.link = .none
            server.phase = .idle
            let isClean =
                server.replies.isSettled && server.transactionStatus == .idle && server.scanner.isAtBoundary
                && client.scanner.isAtBoundary && server.output.isEmpty && server.testFailure == nil
            if isClean, reason != .transactionInStatementMode {
                retire(server)
                return
            }
            // The backend would run its query to the end for nobody.
            let isBusy = !server.replies.isEmpty
            if isBusy, reason.stopsQuery, let key = server.cancelKey { cancelQuery(on: server, key) }
            closeServer(
                server, reason.isOrdinary ? "client disconnect while server was not ready" : reason.text,
                isOrderly: client.scanner.isAtBoundary,
                label: reason.isOrdinary ? nil : "client_" + reason.label)
        }
    }

    /// Takes the client out of its pool and its counts, once.
    private func leave(_ client: ClientConnection) {
        switch client.phase {
        case .login, .welcomeWait: loginCount -= 1
        case .console: shared.control(.consoleClosed(ConsoleAddress(worker: index, client: client.token)))
        case .session, .canceling, .closing: break
        }
        leaveLogin(client)
        setCancelKey(nil, of: client)
        client.limits.budgets.release()
        client.limits = .none
        if let pool = client.pool {
            letGoPin(client, pool)
            pool.clientCount -= 1
            if case .welcomeWait = client.phase { pool.welcomeWaiters.removeAll { $0 == client.token } }
            client.pool = nil
            if pool.replication != nil { endReplication(pool) }
        }
        client.phase = .closing
    }

    /// The pool of a replication client ends with it.
    private func endReplication(_ pool: WorkerPool) {
        for server in servers(of: pool) { closeServer(server, "replication client was closed", isOrderly: true) }
        if pool.pool.serverCount == 0 { pools[pool.key] = nil }
    }

    private func logClosing(_ client: ClientConnection, _ reason: CloseReason) {
        let settings = configuration.settings
        switch reason {
        case .configurationError(let text): log.error("\(label(client)) \(text)")
        case .simpleQueryDisallowed: log.error("\(label(client)) client used \"Query\" packet type")
        case .invalidServerParameter(let text): log.error("\(label(client)) varcache_apply failed: ERROR: \(text)")
        case .tls(let error): log.warning("\(label(client)) TLS handshake error: \(error)")
        default: break
        }
        if settings.logDisconnections, !isProbe(client, reason) {
            log.info("\(label(client)) closing because: \(reason.text) (age=\(age(of: client))s)")
        }
        if settings.logPoolerErrors, reason.isPoolerError {
            log.warning("\(label(client)) pooler error: \(reason.text)")
        }
    }

    /// Whether a client only looked whether somebody listens, or which password it will need: psql leaves in the middle of its
    /// login to ask its user. Nobody wants to read that in the log. One whose word we were dealing with has meant it.
    private func isProbe(_ client: ClientConnection, _ reason: CloseReason) -> Bool {
        if case .login(let login) = client.phase, reason == .clientUnexpectedEOF { !login.isSuspended } else { false }
    }
}

extension CloseReason {
    /// Whether the query that runs for the client is stopped on the server too.
    fileprivate var stopsQuery: Bool {
        switch self {
        case .queryTimeout, .transactionTimeout, .clientUnexpectedEOF, .ioError, .adminDisconnect, .databaseRemoved:
            true
        default: false
        }
    }
}
