/// Connections that end by themselves or are never brought about, and what that means for those who wait.
extension Worker {
    /// A connection ended by itself, or could not be brought about.
    func serverEnded(_ server: ServerConnection, _ failure: ServerFailure) {
        switch server.phase {
        case .connecting, .login:
            let pool = server.pool
            logFailure(failure, of: label(server), age: age(of: server))
            forget(server)
            tallies.serverLoginFailures.add(failure.label)
            if failure.isRefusedPassword, passwordRefused(of: server) { break }
            launchFailed(pool, failure)
        case .active(let client), .aligning(let client, _), .probing(let client?, _):
            toClient.clear()
            client.link = .none
            closeServer(server, failure.text, isOrderly: false, label: failure.label)
            // It ends its session rather than run a query without the values that belong to it.
            closeClient(client, server.testFailure.map { .invalidServerParameter($0) } ?? .serverCrashed)
        case .lookingUp(let lookUp):
            closeServer(server, failure.text, isOrderly: false, label: failure.label)
            serverLeft(lookUp, failure)
        case .testing, .probing(nil, _):
            closeServer(server, failure.text, isOrderly: false, label: failure.label)
            // Whoever waited for the outcome of a check may have another idle server.
            serveQueue(of: server.pool)
        case .idle, .beingCanceled:
            closeServer(server, failure.text, isOrderly: false, label: failure.label)
        case .closed:
            break
        }
    }

    /// A connection failed before it had a socket.
    func openingFailed(_ token: Token, _ pool: WorkerPool, _ failure: ServerFailure) {
        logFailure(failure, of: labelWithoutSocket(pool, failure), age: 0)
        tallies.serverLoginFailures.add(failure.label)
        removePending(token, of: pool)
        launchFailed(pool, failure)
    }

    /// Two lines: what happened, in all words that there are, and the end of the connection as every end is told.
    private func logFailure(_ failure: ServerFailure, of label: SocketLabel, age: Int64) {
        log.warning("\(label) \(failure.logText)")
        if configuration.settings.logDisconnections {
            log.info("\(label) closing because: \(failure.text) (age=\(age)s)")
        }
    }

    /// What a connection is called that has come to nothing before it had an address, or a socket.
    private func labelWithoutSocket(_ pool: WorkerPool, _ failure: ServerFailure) -> SocketLabel {
        let endpoint: SocketLabel.Endpoint =
            if case .lookUp = failure {
                .unknown
            } else {
                .unix(process: nil, port: UInt16(clamping: pool.database.port))
            }
        return SocketLabel(
            side: .server, id: shared.makeID(), database: pool.key.database, user: pool.key.user, endpoint: endpoint)
    }

    /// Forgets a connection that has no socket yet.
    func removePending(_ token: Token, of pool: WorkerPool) {
        pool.pool.serverRemoved(token)
        table.remove(token)
        loginEnded(in: pool)
        releaseBudget(of: pool)
    }

    /// An attempt to open a connection failed. Clients go on waiting, unless the server itself said no, and nobody else
    /// holds a connection that could still serve them. A replication client can be served by its own alone.
    private func launchFailed(_ pool: WorkerPool, _ failure: ServerFailure) {
        pool.failure = (failure, now)
        pool.failedHosts &+= 1
        if failure.isFinalAnswer, pool.replication != nil || pool.budget.servers.count == 0 {
            shared.broadcast(.loginRefused(pool.key, failure), except: index)
            loginRefused(pool.key, failure)
        }
    }

    /// Tells every client that waits for a pool why it will get no server.
    func loginRefused(_ key: PoolKey, _ failure: ServerFailure) {
        guard let pool = pools[key] else { return }
        let waiters = pool.pool.queue.waiters.map(\.client) + pool.welcomeWaiters
        pool.welcomeWaiters = []
        for token in waiters {
            if case .client(let client) = table[token] { closeClient(client, failure.closeReason) }
        }
        endLookUps(of: pool, failure.description, onlyWaiting: true)
        shared.secrets.forget(user: key.user)
    }
}
