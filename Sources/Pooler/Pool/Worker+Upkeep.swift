/// The janitor: three times a second, everything that depends on time alone.
extension Worker {
    func upkeep() {
        for pool in Array(pools.values) {
            checkWaiters(of: pool)
            checkLookUps(of: pool)
            checkRunning(in: pool)
            closeFast(in: pool)
            checkConnecting(in: pool)
            dropOldCancels(of: pool)
            sendWaitingCancels(of: pool)
            closeSurplus(of: pool)
            keepMinimum(of: pool)
            renewPasswords(of: pool)
            pool.hasAsked = false
            serveQueue(of: pool)
            retryPins(of: pool)
            freeIfUnused(pool)
        }
        resumeAccepting()
        yieldPlaces()
        checkPeers()
        tendHandshakes()
        blocks.trim()
    }

    /// query_wait_timeout, query_wait_notify, and query_timeout for those who still wait; the end of a login that waits for
    /// the first server of its pool is a wait as well, only that nobody is notified before it is in.
    private func checkWaiters(of pool: WorkerPool) {
        for token in pool.welcomeWaiters {
            guard case .client(let client) = table[token], let since = client.requestStartedAt else { continue }
            endWait(of: client, in: pool, after: now - since)
        }
        guard pool.pool.waitingCount > 0 else { return }
        let limit = configuration.settings.queryWaitNotify
        for waiter in Array(pool.pool.queue.waiters) {
            guard case .client(let client) = table[waiter.client] else { continue }
            let waited = now - waiter.since
            endWait(of: client, in: pool, after: waited)
            if client.isOpen, case .waiting = client.link, limit > 0, !client.wasNotifiedOfWait,
                waited > .seconds(limit)
            {
                client.wasNotifiedOfWait = true
                send(Self.waitNotice.bytes, to: client)
            }
        }
    }

    /// Disconnects a client that has waited too long.
    private func endWait(of client: ClientConnection, in pool: WorkerPool, after waited: Duration) {
        let queryTimeout = configuration.settings.queryTimeout
        if client.limits.queryWaitTimeout > .zero, waited > client.limits.queryWaitTimeout {
            closeClient(client, .queryWaitTimeout(lastError: pool.failure?.reason.description))
        } else if queryTimeout > .zero, waited > queryTimeout {
            closeClient(client, .queuedQueryTimeout)
        }
    }

    private static let waitNotice = ErrorMessage(
        .notice, "00000", "No server connection available in postgres backend, client being queued")

    /// query_timeout, transaction_timeout and idle_transaction_timeout, by the servers that work.
    private func checkRunning(in pool: WorkerPool) {
        let settings = pool.settings
        guard
            settings.queryTimeout > .zero || settings.transactionTimeout > .zero
                || settings.idleTransactionTimeout > .zero
        else { return }
        for server in servers(of: pool) {
            guard case .active(let client) = server.phase else { continue }
            if settings.queryTimeout > .zero, let start = server.queryStartedAt, now - start > settings.queryTimeout {
                closeClient(client, .queryTimeout)
            } else if settings.transactionTimeout > .zero, let start = server.transactionStartedAt,
                now - start > settings.transactionTimeout
            {
                closeClient(client, .transactionTimeout)
            } else if settings.idleTransactionTimeout > .zero, server.replies.isEmpty,
                server.transactionStatus != .idle, now - server.receivedAt > settings.idleTransactionTimeout
            {
                closeClient(client, .idleTransactionTimeout)
            }
        }
    }

    /// server_fast_close.
    private func closeFast(in pool: WorkerPool) {
        guard configuration.settings.serverFastClose, pool.settings.poolMode == .session else { return }
        for server in servers(of: pool) {
            if case .active(let client) = server.phase, closesFast(server) { closeClient(client, .databaseChanged) }
        }
    }

    /// server_connect_timeout.
    private func checkConnecting(in pool: WorkerPool) {
        let timeout = configuration.settings.serverConnectTimeout
        guard timeout > .zero, pool.pool.openingCount > 0 else { return }
        for server in servers(of: pool) {
            switch server.phase {
            case .connecting, .login:
                if now - server.connectedAt > timeout { serverEnded(server, .connectTimeout) }
            case .idle, .active, .aligning, .probing, .testing, .lookingUp, .beingCanceled, .closed:
                break
            }
        }
        for token in pool.pool.allServers {
            guard case .pendingServer(let pending) = table[token], let since = pending.since, now - since > timeout
            else { continue }
            openingFailed(token, pool, .connectTimeout)
        }
    }

    /// Idle servers that are too old, too long idle, too many, or to be closed for another reason.
    private func closeSurplus(of pool: WorkerPool) {
        let settings = pool.settings
        var connections = pool.budget.servers.count
        let limit = settings.poolSize == 0 ? Int.max : settings.poolSize + settings.reservePoolSize
        for (token, since) in pool.pool.idleServers {
            guard case .server(let server) = table[token] else { continue }
            let reason: String?
            if let closing = reasonToClose(server) {
                reason = closing
            } else if connections > limit {
                reason = "too many servers in the pool"
            } else if settings.serverIdleTimeout > .zero, now - since > settings.serverIdleTimeout,
                settings.minPoolSize == 0 || connections > settings.minPoolSize
            {
                reason = "server idle timeout"
            } else {
                reason = nil
            }
            guard let reason else { continue }
            closeServer(server, reason, isOrderly: true)
            connections -= 1
        }
    }

    /// min_pool_size: one more connection each pass, while somebody uses the pool or it has a forced user.
    private func keepMinimum(of pool: WorkerPool) {
        let minimum = pool.settings.minPoolSize
        guard minimum > 0, pool.clientCount > 0 || pool.database.user != nil,
            pool.budget.servers.count < minimum, pool.pool.openingCount == 0,
            !condition.isPaused(pool.key.database), condition.shutdown == .running,
            !pool.isBackingOff(now: now, retry: configuration.settings.serverLoginRetry)
        else { return }
        let settings = pool.settings
        let limit = settings.poolSize > 0 ? min(minimum, settings.poolSize) : minimum
        guard
            pool.budget.reserve(
                loginLimit: configuration.settings.maxServerLogins, poolLimit: limit,
                databaseLimit: settings.maxDbConnections, userLimit: settings.maxUserConnections) == nil
        else { return }
        openServer(for: pool)
    }

    /// pool_idle_timeout, and autodb_idle_timeout for pools of automatic databases.
    private func freeIfUnused(_ pool: WorkerPool) {
        guard pool.clientCount == 0, pool.pool.serverCount == 0, !condition.isPaused(pool.key.database) else {
            pool.unusedSince = nil
            return
        }
        if pool.replication != nil {
            pools[pool.key] = nil
            return
        }
        guard let since = pool.unusedSince else {
            pool.unusedSince = now
            return
        }
        let settings = configuration.settings
        let isForcedMinimum = pool.database.user != nil && pool.settings.minPoolSize > 0
        let isOver =
            (settings.poolIdleTimeout > .zero && now - since > settings.poolIdleTimeout && !isForcedMinimum)
            || (pool.database.isAutomatic && settings.autodbIdleTimeout > .zero
                && now - since > settings.autodbIdleTimeout)
        guard isOver else { return }
        pools[pool.key] = nil
        if pool.database.isAutomatic { sweepDurations() }
    }

    /// The pool's servers on this worker.
    func servers(of pool: WorkerPool) -> [ServerConnection] {
        pool.pool.allServers.compactMap { token in
            guard case .server(let server) = table[token] else { return nil }
            return server
        }
    }
}
