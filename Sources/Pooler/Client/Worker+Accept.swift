/// Taking new clients in.
///
/// Every worker watches the listeners and the kernel wakes one of them; it accepts a few and deals each out to the worker with
/// the fewest clients, which is mostly itself. With one worker no socket ever crosses a thread.
extension Worker {
    /// How long accepting rests when the process is out of descriptors (PgBouncer's pause).
    private static let acceptPause: Duration = .seconds(5)

    /// Takes a listener in; it is watched unless accepting rests.
    func listen(on listener: Listener) {
        let token = table.reserve()
        table.fill(token, .listener(listener))
        listeners.append(WatchedListener(listener: listener, token: token))
        if isAccepting { poller.addShared(listener.descriptor.number, token) }
    }

    /// Lets go of listeners; of TCP ones only when the console has to stay reachable. Whoever has connected by then is taken in:
    /// it would be reset with the listener.
    func stopListening(keepingUnix: Bool) {
        for watched in listeners where keepingUnix && !watched.listener.isUnix { acceptAll(from: watched.listener) }
        listeners.removeAll { watched in
            if keepingUnix && watched.listener.isUnix { return false }
            if isAccepting { poller.remove(watched.listener.descriptor.number) }
            table.remove(watched.token)
            return true
        }
    }

    /// Watches the listeners or leaves them alone, as what holds now has it: a standstill, or a pause for want of descriptors.
    func updateAccepting() {
        let isDue = acceptsAgainAt == nil && !isSuspended
        guard isDue != isAccepting else { return }
        isAccepting = isDue
        for watched in listeners {
            let number = watched.listener.descriptor.number
            if isDue { poller.addShared(number, watched.token) } else { poller.remove(number) }
        }
    }

    /// Takes in those who wait, as many as there can be.
    private func acceptAll(from listener: Listener) {
        for _ in 0..<max(1, configuration.settings.listenBacklog / AcceptPace.most + 1) {
            guard accept(from: listener, atMost: AcceptPace.most) else { return }
        }
    }

    /// A listener is readable. It is level-triggered: if more wait than are taken, it is so in the next turn too.
    func accept(from listener: Listener) {
        accept(from: listener, atMost: acceptPace.limit(inTurn: poller.waitCount))
    }

    /// False when nobody is left to be accepted now.
    @discardableResult
    private func accept(from listener: Listener, atMost limit: Int) -> Bool {
        guard acceptsAgainAt == nil else { return false }
        for _ in 0..<limit {
            do {
                guard let (descriptor, peer) = try Syscalls.accept(listener.descriptor.number) else { return false }
                shared.clients.add()
                let worker = shared.leastLoadedWorker(preferring: index)
                shared.clientAdded(toWorker: worker)
                let socket = AcceptedSocket(
                    descriptor: descriptor, peer: peer, lacksOptions: listener.isForeign)
                if worker == index { adopt(socket) } else { shared.mailboxes[worker].send(.adopt(socket)) }
            } catch {
                // Out of descriptors or memory: the listener stays readable, so it is left alone for a while.
                log.error("accept() failed: \(error)")
                acceptsAgainAt = now + Self.acceptPause
                updateAccepting()
                return false
            }
        }
        return true
    }

    /// After a pause for want of descriptors.
    func resumeAccepting() {
        guard let time = acceptsAgainAt, now >= time else { return }
        acceptsAgainAt = nil
        updateAccepting()
    }
}

/// A listener and its place in a worker's table.
struct WatchedListener {
    let listener: Listener
    let token: Token
}
