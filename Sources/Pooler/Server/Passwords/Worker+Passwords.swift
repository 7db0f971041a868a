import PoolerConfig

/// Passwords for server logins that a program prints.
extension Worker {
    /// For whom the program is run.
    func passwordRequest(_ command: PasswordCommand, _ pool: WorkerPool, host: String?) -> PasswordRequest {
        PasswordRequest(
            command: command, host: host ?? configuration.settings.unixSocketDir, port: pool.database.port,
            user: pool.key.user, database: pool.database.dbname)
    }

    /// Gets a pending server its password, and goes on with it.
    func askPassword(_ request: PasswordRequest, for token: Token, _ pending: PendingServer) {
        pending.since = nil
        pending.request = request
        let mailbox = mailbox
        let outcome = shared.passwords.password(for: request, passwordTerms, now: now) { outcome in
            mailbox.send(.passwordArrived(token, outcome))
        }
        if let outcome { passwordArrived(token, outcome) }
    }

    /// A pending server has its password, or will have none.
    func passwordArrived(_ token: Token, _ outcome: PasswordCommands.Outcome) {
        guard case .pendingServer(let pending) = table[token], let request = pending.request else { return }
        switch outcome {
        case .password(let issued):
            pending.password = CommandPassword(request: request, issued: issued)
            pending.since = now
            findAddress(for: token, pending)
        case .failure(let text):
            openingFailed(token, pending.pool, .passwordCommand(text))
        }
    }

    /// A server does not take a password that a program printed, perhaps long ago: it is not used again, and the program asked
    /// once more at once. False when that has been done before, or the password came from elsewhere.
    func passwordRefused(of server: ServerConnection) -> Bool {
        guard let used = server.commandPassword else { return false }
        shared.passwords.refused(used.request, serial: used.issued.serial)
        let pool = server.pool
        guard !server.isSecondTry, !condition.isPaused(pool.key.database), condition.shutdown == .running,
            reserveConnection(for: pool)
        else { return false }
        log.info("\(poolLabel(pool)) running password_command again, since the server refused the password")
        openServer(for: pool, isSecondTry: true)
        return true
    }

    /// While clients use a pool, its password is renewed before it ends.
    func renewPasswords(of pool: WorkerPool) {
        guard pool.clientCount > 0, let command = pool.settings.passwordCommand else { return }
        let hosts: [String?] = pool.database.hosts.isEmpty ? [nil] : pool.database.hosts
        for host in hosts {
            shared.passwords.renew(passwordRequest(command, pool, host: host), passwordTerms, now: now)
        }
    }

    private var passwordTerms: PasswordCommands.Terms { PasswordCommands.Terms(configuration.settings) }
}
