/// From a socket that is connected to a server that is ready: TLS, the login, and what comes of it.
extension Worker {
    /// connect(2) has ended, well or not.
    func serverConnected(_ server: ServerConnection) {
        if let error = Syscalls.connectResult(server.transport.descriptor.number) {
            serverEnded(server, .connect(error))
            return
        }
        if server.isOutputWatched {
            server.isOutputWatched = false
            poller.watchOutput(server.transport.descriptor.number, server.token, false)
        }
        let pool = server.pool
        if configuration.settings.logConnections {
            let local = SocketAddress.local(of: server.transport.descriptor.number)
            let from = local.isUnix ? "" : " (from \(local.host):\(local.port))"
            log.info("\(label(server)) new connection to server\(from)")
        }
        var login = ServerLogin(
            encryption: ServerEncryption.Policy(
                pool.database, mode: configuration.settings.serverTlsSslmode, isUnix: server.address.isUnix),
            startup: ServerLogin.startupMessage(
                user: pool.key.user, database: pool.database.dbname,
                parameters: pool.database.startupParameters + (pool.replication ?? [])),
            authentication: ServerAuthentication(
                user: pool.key.user,
                credential: server.commandPassword.map { Credential(secret: $0.issued.secret) } ?? pool.credential,
                context: authentication),
            tracked: shared.tracked, connectQuery: pool.database.connectQuery)
        let action = login.connected()
        server.phase = .login(login)
        perform(action, of: login, on: server)
    }

    /// Begins a TLS handshake with a server.
    private func startTLS(_ server: ServerConnection, demandsALPN: Bool) {
        guard let context = configuration.tls.server else {
            serverEnded(server, .tls(TLSError("TLS was switched off in the middle of a login")))
            return
        }
        do throws(TLSError) {
            let session = serverSessions.session(for: server, context)
            try server.transport.startTLS(
                context, .connecting(host: server.host, session: session, demandsALPN: demandsALPN))
            watchUnsent(server)
        } catch {
            serverEnded(server, .tls(error))
        }
    }

    /// A handshake with a server has taken a step; it may have been the last.
    func handshakeAdvanced(_ server: ServerConnection) {
        guard server.transport.isEncrypted, case .login(var login) = server.phase else { return }
        let action = login.handshakeEnded(endpointHash: server.transport.peerEndpointHash)
        server.phase = .login(login)
        if configuration.settings.logConnections, let summary = server.transport.tlsSummary {
            log.info("\(label(server)) SSL established: \(summary)\(server.transport.isResumed ? ", resumed" : "")")
        }
        perform(action, of: login, on: server)
    }

    /// The server's messages while we log in: few and short, each is seen whole.
    func processServerLogin(_ server: ServerConnection, _ range: Range<Int>) {
        let scratch = self.scratch
        let bytes = scratch.bytes(0..<range.upperBound)
        var cursor = range.lowerBound
        while cursor < range.upperBound {
            guard case .login(var login) = server.phase else { return }
            if login.isSuspended {
                hold(cursor..<range.upperBound, for: server)
                return
            }
            if login.expectsEncryptionAnswer {
                let action = login.encryptionAnswered(
                    bytes.uint8(at: cursor), isFollowed: cursor + 1 < range.upperBound)
                server.phase = .login(login)
                perform(action, of: login, on: server)
                return
            }
            switch FrameScanner.header(in: bytes, at: cursor, limit: Scratch.carryLimit) {
            case .malformed:
                serverEnded(server, .protocolViolation)
                return
            case .incomplete:
                hold(cursor..<range.upperBound, for: server)
                return
            case .frame(let header):
                guard cursor + header.frameLength <= range.upperBound else {
                    hold(cursor..<range.upperBound, for: server)
                    return
                }
                let body = bytes.slice(cursor + FrameHeader.size..<cursor + header.frameLength)
                cursor += header.frameLength
                // Nobody else holds it while it changes, or each message would copy all that came before.
                server.phase = .connecting
                let action = login.messageReceived(BackendMessageType(rawValue: header.type), body)
                server.phase = .login(login)
                if case .ready = action {
                    // What follows is for whoever gets the server now; the next read takes it up.
                    hold(cursor..<range.upperBound, for: server)
                    perform(action, of: login, on: server)
                    return
                }
                perform(action, of: login, on: server)
                guard server.isOpen else { return }
            }
        }
    }

    private func perform(_ action: ServerLogin.Action, of login: ServerLogin, on server: ServerConnection) {
        switch action {
        case .none:
            break
        case .send(let bytes):
            send(bytes, to: server)
        case .deriveKeys(let derivation):
            deriveKeys(derivation, for: server)
        case .startTLS(let demandsALPN):
            startTLS(server, demandsALPN: demandsALPN)
        case .logConnectQueryError(let text):
            log.warning("\(label(server)) error while executing exec_on_query: ERROR: \(text)")
        case .ready(let welcome):
            server.cancelKey = login.cancelKey
            server.parameters = parameterSets.intern(welcome.tracked)
            for (index, value) in welcome.tracked.enumerated() {
                if let value { parameterSets.serverReported(index, value) }
            }
            serverReady(server, welcome)
        case .fail(let failure):
            serverEnded(server, failure)
        }
    }

    /// Has keys derived from a password on a thread of their own.
    private func deriveKeys(_ derivation: SCRAMDerivation, for server: ServerConnection) {
        let token = server.token
        let mailbox = mailbox
        let waiter = KeyDerivations.Waiter {
            true
        } tell: { outcome in
            mailbox.send(.run { $0.keysDerived(outcome, forServer: token) })
        }
        if !authentication.derive(derivation, for: waiter) { keysDerived(.queueFull, forServer: token) }
    }

    /// Keys that were waited for; then what the server has said meanwhile.
    private func keysDerived(_ outcome: SCRAMDerivation.Outcome, forServer token: Token) {
        guard case .server(let server) = table[token], case .login(var login) = server.phase else { return }
        let action = login.keysDerived(outcome)
        server.phase = .login(login)
        perform(action, of: login, on: server)
        guard server.isOpen, case .login = server.phase else { return }
        let count = server.held.count
        if count > 0 {
            place(server.held)
            server.held.removeAll(to: blocks)
            processServerLogin(server, 0..<count)
        }
        if server.isOpen, server.hasUnreadInput { readServer(server) }
    }

    private func serverReady(_ server: ServerConnection, _ welcome: Welcome) {
        let pool = server.pool
        pool.failure = nil
        server.commandPassword = nil
        serverSessions.keep(server)
        server.phase = .idle
        loginEnded(in: pool)
        if pool.welcome == nil {
            pool.welcome = welcome
            shared.broadcast(.welcomeArrived(pool.key), except: index)
        }
        welcomeArrived(pool.key)
        guard server.isOpen, !startBaseline(server) else { return }
        becomeAvailable(server)
    }

    /// A new server can be used.
    func becomeAvailable(_ server: ServerConnection) {
        // A connection that its limits no longer allow, or that was opened just before a PAUSE, ends here.
        if let reason = reasonToClose(server, isFresh: true) {
            closeServer(server, reason, isOrderly: true)
        } else {
            free(server)
        }
    }
}
