/// The end of a server connection.
extension Worker {
    /// Closes a server that no client needs any more; an orderly end is announced with Terminate.
    /// `label` is its name in the metrics, where the reason is no fixed text.
    func closeServer(_ server: ServerConnection, _ reason: String, isOrderly: Bool, label word: String? = nil) {
        guard server.isOpen else { return }
        tallies.serverCloses.add(word ?? Tally.word(of: reason))
        if configuration.settings.logDisconnections {
            log.info("\(label(server)) closing because: \(reason) (age=\(age(of: server))s)")
        }
        if isOrderly { send(Self.terminate, to: server) }
        let pool = server.pool
        forget(server)
        // A place has come free: whoever waits may have it.
        if pool.pool.waitingCount > 0 { seekServers(for: pool) }
    }

    /// Takes a server out of all books and closes its socket.
    func forget(_ server: ServerConnection) {
        guard server.isOpen else { return }
        letGo(server)
        server.transport.shutDown()
        releaseBudget(of: server.pool)
    }

    /// Takes a server out of this worker's books; its socket may live on in another process.
    func letGo(_ server: ServerConnection) {
        if server.phase.isLoggingIn { loginEnded(in: server.pool) }
        server.isOpen = false
        server.phase = .closed
        server.held.removeAll(to: blocks)
        server.output.removeAll(to: blocks)
        server.replies.removeAll()
        server.pool.pool.serverRemoved(server.token)
        table.remove(server.token)
        poller.remove(server.transport.descriptor.number)
    }

    /// A server has logged in, or never will: the next one may.
    func loginEnded(in pool: WorkerPool) {
        if pool.budget.loginEnded() { shared.broadcast(.budgetFreed) }
    }

    /// Gives a connection's place back, and tells everybody if somebody was turned away for want of one.
    func releaseBudget(of pool: WorkerPool) {
        if pool.budget.release() {
            shared.broadcast(.budgetFreed)
        }
    }

    private static let terminate: [UInt8] = {
        var writer = MessageWriter()
        writer.message(FrontendMessageType.terminate)
        return writer.bytes
    }()
}
