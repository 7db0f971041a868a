/// Cancel requests: from a client's key to the server that runs its query, and no other.
extension Worker {
    /// A cancel request has come in somewhere; it concerns this worker if the key's client is here.
    func cancelRequested(_ key: CancelKey) {
        guard let client = clientsByCancelKey[key] else { return }
        if case .console(var session) = client.phase {
            let actions = session.cancelled()
            client.phase = .console(session)
            perform(actions, for: client)
            return
        }
        switch client.link {
        case .none:
            break
        case .waiting(let ticket, _):
            // The query never runs: its client is told as Postgres would.
            client.link = .none
            client.requestStartedAt = nil
            if let pool = client.pool {
                pool.pool.clientLeft(ticket)
                publishWaiting(pool)
            }
            client.cancelDiscard = .next
            processHeld(client)
        case .aligning:
            // Nothing of the client runs yet.
            break
        case .linked(let server):
            guard !server.replies.isEmpty, let key = server.cancelKey else { return }
            let limit = 2 * max(1, server.pool.settings.poolSize)
            guard activeCancels(of: server.pool.key) < limit else { return }
            cancelQuery(on: server.address, key, holding: server)
        }
    }

    /// Sends a cancel request for a server's own key. While it is under way the server `target` is not reused, or the request
    /// could hit its next client's query.
    func cancelQuery(on address: SocketAddress, _ key: CancelKey, holding target: ServerConnection? = nil) {
        guard let descriptor = try? Syscalls.streamSocket(family: address.family) else { return }
        SocketOptions(configuration.settings).apply(to: descriptor.number, isUnix: address.isUnix)
        guard let isConnected = try? Syscalls.connect(descriptor.number, to: address) else { return }
        let timeout = configuration.settings.cancelWaitTimeout
        let deadline = timeout > .zero ? now + timeout : .never
        let token = table.reserve()
        let number = descriptor.number
        let cancel = CancelConnection(
            token: token, descriptor: descriptor, request: key.request, target: target, pool: target?.pool.key,
            deadline: deadline)
        target?.cancelsInFlight += 1
        table.fill(token, .cancel(cancel))
        timers.arm(slot: token.slot, at: deadline)
        poller.add(number, token)
        if isConnected {
            sendCancel(cancel)
        } else {
            poller.watchOutput(number, token, true)
        }
    }

    /// Something happened on the connection of a cancel request.
    func cancelEvent(_ cancel: CancelConnection, _ events: PollEvents) {
        if !cancel.isSent {
            guard Syscalls.connectResult(cancel.descriptor.number) == nil else {
                cancelEnded(cancel)
                return
            }
            sendCancel(cancel)
            return
        }
        // The server answers with nothing but the end of the connection, once the signal is out.
        if !events.isDisjoint(with: [.readable, .peerClosed, .hangUp]) { cancelEnded(cancel) }
    }

    func cancelDeadlineReached(_ cancel: CancelConnection) {
        if now >= cancel.deadline {
            cancelEnded(cancel)
        } else {
            timers.arm(slot: cancel.token.slot, at: cancel.deadline)
        }
    }

    /// Requests that are on their way for a pool.
    func activeCancels(of key: PoolKey) -> Int {
        table.all.count { registration in
            if case .cancel(let cancel) = registration { cancel.pool == key } else { false }
        }
    }

    private func sendCancel(_ cancel: CancelConnection) {
        cancel.isSent = true
        poller.watchOutput(cancel.descriptor.number, cancel.token, false)
        let result = unsafe cancel.request.withUnsafeBytes { bytes in
            unsafe Syscalls.send(cancel.descriptor.number, RawSpan(_unsafeBytes: bytes))
        }
        if case .failed = result { cancelEnded(cancel) }
    }

    private func cancelEnded(_ cancel: CancelConnection) {
        timers.disarm(slot: cancel.token.slot)
        table.remove(cancel.token)
        poller.remove(cancel.descriptor.number)
        guard let server = cancel.target else { return }
        server.cancelsInFlight -= 1
        if case .beingCanceled = server.phase, server.cancelsInFlight == 0 {
            server.phase = .idle
            retire(server)
        }
    }
}
