/// Taking new clients in.
///
/// Every worker watches the listeners and the kernel wakes one of them; it accepts a few and deals each out to the worker with
/// the fewest clients, which is mostly itself. With one worker no socket ever crosses a thread.
extension Worker {
    /// Sockets taken in one turn, so that a storm of new clients leaves time for those who are in.
    private static let acceptsPerTurn = 16
    /// How long accepting rests when the process is out of descriptors (PgBouncer's pause).
    private static let acceptPause: Duration = .seconds(5)

    /// Watches a listener.
    func listen(on listener: Listener) {
        let token = table.reserve()
        table.fill(token, .listener(listener))
        listeners.append(listener)
        poller.addShared(listener.descriptor.number, token)
    }

    /// Stops watching listeners; TCP ones only when the console has to stay reachable.
    func stopListening(keepingUnix: Bool) {
        listeners.removeAll { listener in
            if keepingUnix && listener.isUnix { return false }
            poller.remove(listener.descriptor.number)
            return true
        }
    }

    func accept(from listener: Listener) {
        guard acceptsAgainAt == nil else { return }
        for _ in 0..<Self.acceptsPerTurn {
            do {
                guard let (descriptor, peer) = try Syscalls.accept(listener.descriptor.number) else { return }
                shared.clients.add()
                let worker = shared.leastLoadedWorker(preferring: index)
                shared.clientAdded(toWorker: worker)
                let socket = AcceptedSocket(descriptor: descriptor, peer: peer)
                if worker == index { adopt(socket) } else { shared.mailboxes[worker].send(.adopt(socket)) }
            } catch {
                // Out of descriptors or memory: the listener stays readable, so it is left alone for a while.
                log.error("accept() failed: \(error)")
                acceptsAgainAt = now + Self.acceptPause
                for listener in listeners { poller.remove(listener.descriptor.number) }
                return
            }
        }
    }

    /// After a pause for want of descriptors.
    func resumeAccepting() {
        guard let time = acceptsAgainAt, now >= time else { return }
        acceptsAgainAt = nil
        let resumed = listeners
        listeners = []
        for listener in resumed { listen(on: listener) }
    }
}
