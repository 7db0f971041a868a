import Glibc
import PoolerConfig

/// How a client that has said who it is proves it: which method holds for it, and what the method needs from elsewhere.
///
/// A login can be suspended twice: as `identified`, until what is known of the user has been found, and as `awaitingVerdict`,
/// until somebody has judged a password. Both go on when a message comes to the worker, if the client is still there; what the
/// client sends meanwhile waits unread, and client_login_timeout goes on counting.
extension Worker {
    /// Chooses the method, and goes on with its exchange. Unknown users go through the same one as known ones.
    func chooseAuthentication(_ identity: ClientIdentity, _ client: ClientConnection) throws(LoginRefusal) {
        let rule = configuration.loginRule(for: loginRequest(identity, client))
        if case .peer = rule.method, client.isUnix {
            findAccountName(of: client, rule)
        } else {
            let method = try method(for: rule, accountName: nil, identity, client)
            // Where nothing is to be proved, nothing is given away by an answer at once.
            if identity.isConsole, !method.asksForProof { _ = try consoleRole(client, identity) }
            methodChosen(method, identity, client)
        }
    }

    /// The method is known: finds out what is known of the user.
    private func methodChosen(
        _ method: ClientAuthentication.Method, _ identity: ClientIdentity, _ client: ClientConnection
    ) {
        if let secret = configuration.secrets[identity.user] {
            begin(method, isKnown: true, secret, client)
            return
        }
        if method.needsUser {
            switch configuration.configuration.authQuery(forDatabase: identity.database) {
            case .query(let query) where !condition.disabledDatabases.contains(query.database.name):
                return lookUpSecret(for: client, identity, method, with: query)
            case .query(let query):
                log.error("\(label(client)) authentication database \"\(query.database.name)\" is disabled")
            case .missingDatabase(let name):
                log.error("\(label(client)) authentication database \"\(name)\" is not configured (auth_dbname)")
            case .none:
                break
            }
        }
        let isKnown = configuration.hasEntry(forUser: identity.user)
        if !isKnown, method.needsUser { log.info("\(label(client)) no such user: \(identity.user)") }
        begin(method, isKnown: isKnown, .none, client)
    }

    /// All that decides is known: asks the client for its proof.
    func begin(
        _ method: ClientAuthentication.Method, isKnown: Bool, _ secret: Secret, _ client: ClientConnection
    ) {
        guard case .login(var login) = client.phase, let identity = client.identity else { return }
        let authentication = ClientAuthentication(
            method: method, user: identity.user, isKnown: isKnown, secret: secret, context: self.authentication,
            channelBinding: client.transport.ownEndpointHash)
        let action = login.authenticationChosen(authentication)
        perform(action, of: login, on: client)
    }

    /// What HBA rules are matched against.
    private func loginRequest(_ identity: ClientIdentity, _ client: ClientConnection) -> HBARequest {
        // An address that cannot be read matches no rule but those for all.
        let peer: HBARequest.Peer =
            client.isUnix ? .unix : .tcp(address(of: client) ?? .v6(0), tls: client.transport.isEncrypted)
        return HBARequest(
            peer: peer, database: identity.database, user: identity.user,
            isPhysicalReplication: identity.replication?.kind == .physical)
    }

    /// The exchange that a rule means for this client. New methods are plugged in here.
    private func method(
        for rule: LoginRule, accountName: String?, _ identity: ClientIdentity, _ client: ClientConnection
    ) throws(LoginRefusal) -> ClientAuthentication.Method {
        switch rule.method {
        case .any:
            let database = configuration.database(named: identity.database)
            if !identity.isConsole, let database, database.user == nil {
                throw LoginRefusal(.configurationError("auth_type=any requires forced user"))
            }
            return .any
        case .trust: return .trust
        case .plain: return .plain
        case .md5: return .md5
        case .scramSHA256: return .scramSHA256
        case .cert: return .cert(isNamed: isAllowed(certificateName(of: client), as: identity.user, rule))
        case .peer: return .peer(isNamed: isAllowed(accountName, as: identity.user, rule))
        case .reject:
            log.info("\(label(client)) login rejected by the rule at \(rule.location.map { "\($0)" } ?? "auth_type")")
            return .refused(.rejected)
        case .none: return .refused(isWelcomeOverTLS(identity, client) ? .noRuleWithoutTLS : .noRule)
        case .ldap(let options):
            guard let options else { throw LoginRefusal(.configurationError("ldap needs auth_ldap_options")) }
            return .checked(.ldap(options, user: identity.user))
        case .pam(let service):
            let host = client.isUnix ? "unix" : client.peer.host
            return .checked(.pam(service: service, user: identity.user, remoteHost: host))
        case .jwt:
            guard client.transport.isEncrypted else { return .refused(.tokenNeedsTLS) }
            guard let tokens = configuration.tokens else {
                throw LoginRefusal(.configurationError("jwt needs auth_jwt_keys"))
            }
            let (configuration, user) = (self.configuration, identity.user)
            return .checked(.token(tokens) { configuration.configuration.allows($0, as: user, by: rule) })
        }
    }

    /// Whether a rule would be about the client if it came over TLS, as it could.
    private func isWelcomeOverTLS(_ identity: ClientIdentity, _ client: ClientConnection) -> Bool {
        var request = loginRequest(identity, client)
        guard case .tcp(let address, tls: false) = request.peer, configuration.tls.client != nil else { return false }
        request.peer = .tcp(address, tls: true)
        switch configuration.loginRule(for: request).method {
        case .none, .reject: return false
        default: return true
        }
    }

    private func isAllowed(_ shown: String?, as user: String, _ rule: LoginRule) -> Bool {
        shown.map { configuration.configuration.allows($0, as: user, by: rule) } ?? false
    }

    private func certificateName(of client: ClientConnection) -> String? {
        client.transport.peerCommonName.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Finds the name of the Unix account at the other end of the socket: the kernel tells its number, and the name may have to
    /// be asked of a directory service.
    private func findAccountName(of client: ClientConnection, _ rule: LoginRule) {
        guard let peer = Syscalls.peerCredentials(client.transport.descriptor.number) else {
            return accountNameArrived(nil, for: client, rule)
        }
        let token = client.token
        let mailbox = mailbox
        let isTaken = shared.accountNames.submit {
            let name = Syscalls.accountName(of: peer.user)
            mailbox.send(
                .run { worker in
                    guard case .client(let client) = worker.table[token], case .login = client.phase else { return }
                    worker.accountNameArrived(name, for: client, rule)
                    worker.resumeLogin(client)
                })
        }
        guard !isTaken else { return }
        log.error("\(label(client)) the account's name could not be looked up: too many others wait")
        accountNameArrived(nil, for: client, rule)
    }

    private func accountNameArrived(_ name: String?, for client: ClientConnection, _ rule: LoginRule) {
        guard case .login = client.phase, let identity = client.identity else { return }
        do throws(LoginRefusal) {
            methodChosen(try method(for: rule, accountName: name, identity, client), identity, client)
        } catch {
            closeClient(client, error.reason)
        }
    }

    /// Has a password judged: here, or on a thread that may wait for the verdict.
    func judge(_ password: [UInt8], by check: PasswordCheck, of login: ClientLogin, on client: ClientConnection) {
        guard check.mayBlock else { return judged(check.verify(password), on: client, login) }
        let token = client.token
        let mailbox = mailbox
        let interest = client.login?.interest
        let isTaken = shared.passwordChecks.submit { [weak interest] in
            // Whoever has left meanwhile must not take the time of those who have not.
            guard interest != nil else { return }
            mailbox.send(.verdictArrived(token, check.verify(password)))
        }
        if !isTaken { judged(.queueFull, on: client, login) }
    }

    /// A verdict that was waited for. Its client may have gone.
    func verdictArrived(_ token: Token, _ verdict: PasswordCheck.Verdict) {
        guard case .client(let client) = table[token], case .login(let login) = client.phase else { return }
        judged(verdict, on: client, login)
        resumeLogin(client)
    }

    private func judged(_ verdict: PasswordCheck.Verdict, on client: ClientConnection, _ login: ClientLogin) {
        switch verdict {
        case .accepted: break
        case .refused(let reason): log.info("\(label(client)) password refused: \(reason)")
        case .unavailable(let reason): log.error("\(label(client)) password could not be checked: \(reason)")
        case .queueFull: log.error("\(label(client)) password could not be checked: too many others wait")
        }
        var login = login
        let action = login.verdictArrived(verdict)
        perform(action, of: login, on: client)
    }

    /// Has keys derived from a password on a thread of their own.
    func deriveKeys(_ derivation: SCRAMDerivation, of login: ClientLogin, on client: ClientConnection) {
        let token = client.token
        let mailbox = mailbox
        let interest = client.login?.interest
        let waiter = KeyDerivations.Waiter { [weak interest] in
            interest != nil
        } tell: { outcome in
            mailbox.send(.run { $0.keysDerived(outcome, for: token) })
        }
        guard !authentication.derive(derivation, for: waiter) else { return }
        log.error("\(label(client)) password could not be checked: too many others wait")
        var login = login
        let action = login.keysDerived(.queueFull)
        perform(action, of: login, on: client)
    }

    /// Keys that were waited for. Their client may have gone.
    private func keysDerived(_ outcome: SCRAMDerivation.Outcome, for token: Token) {
        guard case .client(let client) = table[token], case .login(var login) = client.phase else { return }
        let action = login.keysDerived(outcome)
        perform(action, of: login, on: client)
        resumeLogin(client)
    }

    /// A client that logs in has something to read, or has left.
    func loginReady(_ client: ClientConnection) {
        readClient(client)
        guard client.isPeerClosed, client.isOpen else { return }
        // Whatever it has sent is worth nothing without it, and its end is not going to be found by reading.
        let isGone =
            switch client.phase {
            case .login(let login): login.isSuspended
            case .welcomeWait: true
            case .session: isHeldBack(client)
            case .console, .canceling, .closing: false
            }
        if isGone { closeClient(client, .clientUnexpectedEOF) }
    }
}

extension ClientAuthentication.Method {
    /// Whether something has to be known of the user for it to come in.
    fileprivate var needsUser: Bool {
        switch self {
        case .trust, .plain, .md5, .scramSHA256: true
        case .cert(let isNamed), .peer(let isNamed): isNamed
        case .any, .checked, .refused: false
        }
    }

    /// Whether a client has to show anything but a name.
    fileprivate var asksForProof: Bool {
        switch self {
        case .any, .trust: false
        case .plain, .md5, .scramSHA256, .cert, .peer, .checked, .refused: true
        }
    }
}
