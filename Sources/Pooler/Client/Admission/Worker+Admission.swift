import PoolerConfig

/// When a client may go on with its login: how many do so at the same time, and how soon after others of its address failed.
extension Worker {
    /// A client that is waited for longer than this, while others are in line, makes room for them; its login goes on.
    private static let patience: Duration = .seconds(1)

    /// Begins a client's exchange, as soon as there is a place for it.
    func enterLogin(_ client: ClientConnection, _ identity: ClientIdentity) throws(LoginRefusal) {
        let login = client.login ?? PendingLogin()
        client.login = login
        guard shared.logins.enter(applicant(client), user: identity.user, limit: loginLimit) else {
            login.place = .waiting
            return
        }
        login.place = .held
        try chooseAuthentication(identity, client)
    }

    /// There is a place for a client that waited for one. It may have gone.
    func loginAdmitted(_ token: Token) {
        guard case .client(let client) = table[token], case .login = client.phase, let login = client.login,
            case .waiting = login.place, let identity = client.identity
        else {
            giveBackPlace()
            return
        }
        login.place = .held
        do throws(LoginRefusal) {
            try chooseAuthentication(identity, client)
        } catch {
            closeClient(client, error.reason)
        }
        resumeLogin(client)
    }

    /// A client is in, or gone: its place is for the next.
    func leaveLogin(_ client: ClientConnection) {
        guard let login = client.login else { return }
        leaveLookUp(client)
        releasePlace(of: client)
        if case .waiting = login.place, let user = client.identity?.user {
            // If it has been told by now, the message finds nobody and gives the place back.
            _ = shared.logins.giveUp(applicant(client), user: user)
        }
        client.login = nil
    }

    private func releasePlace(of client: ClientConnection) {
        guard let login = client.login, case .held = login.place else { return }
        login.place = .none
        giveBackPlace()
    }

    private func giveBackPlace() {
        for next in shared.logins.leave(limit: loginLimit) {
            // By mailbox even to ourselves: this may be the middle of somebody's step.
            shared.mailboxes[next.worker].send(.loginAdmitted(next.client))
        }
    }

    /// Whoever lets us wait for its password, or has to wait for somebody else's word, does not let others wait, too.
    func yieldPlaces() {
        guard loginCount > 0, shared.logins.isAnyoneWaiting else { return }
        for registration in Array(table.all) {
            guard case .client(let client) = registration, case .login = client.phase,
                now - client.receivedAt > Self.patience
            else { continue }
            releasePlace(of: client)
        }
    }

    /// max_logging_in.
    private var loginLimit: Int {
        let limit = configuration.settings.maxLoggingIn
        return limit > 0 ? limit : 64 * shared.workerCount
    }

    private func applicant(_ client: ClientConnection) -> LoginGate.Applicant {
        LoginGate.Applicant(worker: index, client: client.token)
    }
}

/// Guessing takes time.
extension Worker {
    /// Whether a client's password has to wait before it is looked at, because others of its address failed. It waits once.
    func delaysPassword(of client: ClientConnection, _ login: ClientLogin) -> Bool {
        let limit = configuration.settings.authFailureLimit
        guard limit > 0, let pending = client.login, !pending.hasBeenDelayed, !shared.failures.isEmpty,
            let address = address(of: client)
        else { return false }
        let delay = shared.failures.delay(address, limit: limit, now: now)
        guard delay > .zero else { return false }
        pending.hasBeenDelayed = true
        pending.delayedUntil = now + delay
        releasePlace(of: client)
        var login = login
        login.delayed()
        client.phase = .login(login)
        timers.arm(slot: client.token.slot, at: now + delay)
        return true
    }

    /// A delay may be over.
    func endDelay(of client: ClientConnection) {
        guard case .login(var login) = client.phase, let pending = client.login, let until = pending.delayedUntil else {
            return
        }
        guard now >= until else {
            timers.arm(slot: client.token.slot, at: until)
            return
        }
        pending.delayedUntil = nil
        login.delayEnded()
        client.phase = .login(login)
        resumeLogin(client)
    }

    /// A login has ended in a failure that tells that somebody guesses.
    func noteFailure(_ failure: AuthenticationFailure, of client: ClientConnection) {
        let limit = configuration.settings.authFailureLimit
        guard limit > 0, failure.sqlState.hasPrefix("28"), let address = address(of: client) else { return }
        if shared.failures.failed(address, limit: limit, now: now) {
            log.warning(
                "\(label(client)) \(limit) failed logins within a minute from \(client.peer.host), delaying further ones"
            )
        }
    }

    /// Where a client is; nil on a Unix socket.
    func address(of client: ClientConnection) -> IPAddress? {
        // The zone of a link-local address is no part of rules.
        client.peer.ipAddress
    }
}
