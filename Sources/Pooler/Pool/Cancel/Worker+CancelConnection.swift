/// The connections that carry cancel requests.
extension Worker {
    /// Rounds of reading that one of them gets: nothing is to come but the end.
    private static let roundsPerTurn = 5

    /// Opens one. Throws when that fails at once.
    func openCancel(
        _ route: CancelConnection.Route, packet: [UInt8], to destination: CancelConnection.Destination,
        for request: CancelRequest?, since: Instant, deadline: Instant
    ) throws(Errno) {
        let descriptor = try Syscalls.streamSocket(family: route.address.family)
        configuration.socketOptions.apply(to: descriptor.number, isUnix: route.address.isUnix)
        let isConnected = try Syscalls.connect(descriptor.number, to: route.address)
        let token = table.reserve()
        let number = descriptor.number
        let cancel = CancelConnection(
            token: token, descriptor: descriptor, packet: packet, route: route, to: destination, request: request,
            since: since, deadline: deadline)
        if case .server(let server, let pool) = destination {
            server.cancelsInFlight += 1
            pool.activeCancels += 1
        }
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
            if let error = Syscalls.connectResult(cancel.transport.descriptor.number) {
                cancelEnded(cancel, .connect(error))
            } else {
                poller.watchOutput(cancel.transport.descriptor.number, cancel.token, false)
                cancelConnected(cancel)
            }
            return
        }
        // The other side answers with nothing but the end of the connection, once the signal is out.
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
            return sendPacket(of: cancel)
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

    private func sendPacket(of cancel: CancelConnection) -> Bool {
        cancel.isSent = true
        if case .peer(let pool) = cancel.destination {
            peerConnected(pool)
            let limit = configuration.settings.cancelWaitTimeout
            cancel.deadline = limit > .zero ? cancel.since + limit : .never
            timers.arm(slot: cancel.token.slot, at: cancel.deadline)
        }
        return sendBytes(cancel.packet, of: cancel)
    }

    private func cancelFailed(_ cancel: CancelConnection, _ failure: ServerFailure) {
        log.warning("cancel request failed: \(failure.description)")
        cancelEnded(cancel)
    }

    func cancelDeadlineReached(_ cancel: CancelConnection) {
        if now >= cancel.deadline {
            cancelEnded(cancel, .connectTimeout)
        } else {
            timers.arm(slot: cancel.token.slot, at: cancel.deadline)
        }
    }

    /// A fresh socket takes these few bytes whole, or is of no use.
    private func sendBytes(_ bytes: [UInt8], of cancel: CancelConnection) -> Bool {
        let result = unsafe bytes.withUnsafeBytes { unsafe cancel.transport.send(RawSpan(_unsafeBytes: $0)) }
        if case .bytes(bytes.count) = result { return true }
        cancelEnded(cancel)
        return false
    }

    /// - Parameter failure: why it could not be sent, where it was not.
    private func cancelEnded(_ cancel: CancelConnection, _ failure: ServerFailure = .endOfFile) {
        timers.disarm(slot: cancel.token.slot)
        table.remove(cancel.token)
        poller.remove(cancel.transport.descriptor.number)
        switch cancel.destination {
        case .closedServer: break
        case .server(let server, let pool):
            pool.activeCancels -= 1
            server.cancelsInFlight -= 1
            if case .beingCanceled = server.phase, server.cancelsInFlight == 0 {
                server.phase = .idle
                retire(server)
            }
            sendWaitingCancels(of: pool)
        case .peer(let pool):
            if cancel.isSent {
                peerAnswered(pool)
            } else if let request = cancel.request {
                peerFailed(pool, request, cancel.since, failure)
            }
        }
    }
}
