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
            cancelQuery(on: server, key, isHeld: true)
        }
    }

    /// Sends a cancel request for a server's own key. While it is under way a server that `isHeld` is not reused, or the
    /// request could hit its next client's query.
    func cancelQuery(on server: ServerConnection, _ key: CancelKey, isHeld: Bool = false) {
        let address = server.address
        let target = isHeld ? server : nil
        guard let descriptor = try? Syscalls.streamSocket(family: address.family) else { return }
        SocketOptions(configuration.settings).apply(to: descriptor.number, isUnix: address.isUnix)
        guard let isConnected = try? Syscalls.connect(descriptor.number, to: address) else { return }
        let timeout = configuration.settings.cancelWaitTimeout
        let deadline = timeout > .zero ? now + timeout : .never
        let token = table.reserve()
        let number = descriptor.number
        let policy = ServerEncryption.Policy(
            server.pool.database, mode: configuration.settings.serverTlsSslmode, isUnix: address.isUnix)
        let cancel = CancelConnection(
            token: token, descriptor: descriptor, request: key.request, encryption: ServerEncryption(policy),
            host: server.host, target: target, pool: target?.pool.key, deadline: deadline)
        target?.cancelsInFlight += 1
        table.fill(token, .cancel(cancel))
        timers.arm(slot: token.slot, at: deadline)
        poller.add(number, token)
        if isConnected {
            cancelConnected(cancel)
        } else {
            poller.watchOutput(number, token, true)
        }
    }

    /// Something happened on the connection of a cancel request.
    func cancelEvent(_ cancel: CancelConnection, _ events: PollEvents) {
        guard cancel.isConnected else {
            if Syscalls.connectResult(cancel.transport.descriptor.number) == nil {
                poller.watchOutput(cancel.transport.descriptor.number, cancel.token, false)
                cancelConnected(cancel)
            } else {
                cancelEnded(cancel)
            }
            return
        }
        // The server answers with nothing but the end of the connection, once the signal is out.
        for _ in 0..<Self.roundsPerTurn {
            switch cancel.transport.receive(into: scratch, at: 0) {
            case .bytes(let count):
                guard count > 0, cancel.encryption.expectsAnswer else { continue }
                let scratch = self.scratch
                let action = cancel.encryption.answered(scratch.bytes(0..<1).uint8(at: 0), isFollowed: count > 1)
                guard perform(action, for: cancel) else { return }
            case .wouldBlock:
                if !cancel.isSent, cancel.transport.isEncrypted {
                    _ = perform(cancel.encryption.handshakeEnded(), for: cancel)
                }
                return
            case .endOfFile, .failed:
                cancelEnded(cancel)
                return
            }
        }
        // A server that talks and talks is none.
        cancelEnded(cancel)
    }

    private func cancelConnected(_ cancel: CancelConnection) {
        cancel.isConnected = true
        _ = perform(cancel.encryption.connected(), for: cancel)
    }

    /// False when that was the end of it.
    private func perform(_ action: ServerEncryption.Action, for cancel: CancelConnection) -> Bool {
        switch action {
        case .ask:
            return sendBytes(ServerEncryption.request, of: cancel)
        case .proceed:
            cancel.isSent = true
            return sendBytes(cancel.request, of: cancel)
        case .startTLS:
            do throws(TLSError) {
                guard let context = configuration.tls.server else { throw TLSError("TLS was switched off") }
                let role = TLSStream.Role.connecting(
                    host: cancel.host, session: nil, demandsALPN: cancel.encryption.demandsALPN)
                try cancel.transport.startTLS(context, role)
                return true
            } catch {
                cancelFailed(cancel, .tls(error))
            }
        case .fail(let failure):
            cancelFailed(cancel, failure)
        }
        return false
    }

    private func cancelFailed(_ cancel: CancelConnection, _ failure: ServerFailure) {
        log.warning("cancel request failed: \(failure.description)")
        cancelEnded(cancel)
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

    /// By pool.
    func activeCancels() -> [PoolKey: Int] {
        var counts: [PoolKey: Int] = [:]
        for registration in table.all {
            if case .cancel(let cancel) = registration, let key = cancel.pool { counts[key, default: 0] += 1 }
        }
        return counts
    }

    /// A fresh socket takes these few bytes whole, or is of no use.
    private func sendBytes(_ bytes: [UInt8], of cancel: CancelConnection) -> Bool {
        let result = unsafe bytes.withUnsafeBytes { unsafe cancel.transport.send(RawSpan(_unsafeBytes: $0)) }
        if case .bytes(bytes.count) = result { return true }
        cancelEnded(cancel)
        return false
    }

    private func cancelEnded(_ cancel: CancelConnection) {
        timers.disarm(slot: cancel.token.slot)
        table.remove(cancel.token)
        poller.remove(cancel.transport.descriptor.number)
        guard let server = cancel.target else { return }
        server.cancelsInFlight -= 1
        if case .beingCanceled = server.phase, server.cancelsInFlight == 0 {
            server.phase = .idle
            retire(server)
        }
    }
}
