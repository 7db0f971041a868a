import PoolerConfig

/// What a session holds when its transaction is over.
extension Worker {
    /// How often a server is asked that was cancelled meanwhile.
    private static let probeAttempts = 3

    /// A transaction is over that may have changed the session of its server, or the client is pinned to it: finds out what is
    /// there before the server goes to anybody else.
    @inline(never)
    func sessionMayHaveChanged(_ server: ServerConnection, _ client: ClientConnection) {
        let pool = server.pool
        switch pool.settings.sessionState {
        case .passthrough, .reset:
            // Cleaned when it is released.
            release(server, from: client)
        case .track, .pin:
            if server.session.isTouched {
                startProbe(server, client)
            } else {
                rest(client)
            }
        }
    }

    /// A pinned client has nothing to do: it is as idle as one without a server.
    private func rest(_ client: ClientConnection) {
        client.requestStartedAt = nil
        if client.limits.idleTimeout > .zero {
            timers.arm(slot: client.token.slot, at: now + client.limits.idleTimeout)
        }
    }

    /// connect_query has run on a new server: finds out what it has set. False where nobody needs to know.
    func startBaseline(_ server: ServerConnection) -> Bool {
        guard let query = server.pool.database.connectQuery, server.pool.heedsSession else { return false }
        let names = unsafe SessionLexer.effects(of: Array(query.utf8).span.bytes).names.filter {
            SessionSettings.isCustom($0)
        }
        let probe = probe(of: server, names: names)
        server.phase = .probing(nil, probe)
        send(probe, to: server)
        return true
    }

    private func probe(of server: ServerConnection, names: [String]) -> SessionProbe {
        let pool = server.pool
        return SessionProbe(names: names, mark: server.session.mark, user: pool.key.user) { [shared] name in
            shared.tracked.index(of: name).map { pool.reportsParameter($0) } ?? false
        }
    }

    private func startProbe(_ server: ServerConnection, _ client: ClientConnection) {
        let pool = server.pool
        let known = (client.books.session.settings?.customNames ?? []) + server.session.names
        var names: [String] = []
        for name in known where !names.contains(name) && !isReported(name, by: pool) { names.append(name) }
        // A text may do more than it tells: every question is for everything.
        let probe = probe(of: server, names: names)
        server.phase = .probing(client, probe)
        client.link = .aligning(server)
        send(probe, to: server)
    }

    private func send(_ probe: SessionProbe, to server: ServerConnection) {
        server.replies.requestSent(.query, for: .pooler)
        server.statements.queryOfOursSent()
        send(probe.message, to: server)
    }

    /// The server says what its session holds.
    func processProbe(
        _ server: ServerConnection, _ client: ClientConnection?, _ probe: SessionProbe, _ range: Range<Int>
    ) {
        let scratch = self.scratch
        let outcome = probe.received(scratch.bytes(range)) { type, body in
            switch type {
            case .parameterStatus:
                parameterReported(body, by: server)
            case .notificationResponse:
                guard client?.isOpen ?? false else { return }
                toClient.insertHead(type, frameLength: FrameHeader.size + body.byteCount, beside: scratch)
                toClient.insert(body, beside: scratch)
            default:
                break
            }
        }
        if let client, client.isOpen { flush(toClient, to: client) } else { toClient.clear() }
        if outcome != .unfinished, outcome != .broken {
            unsafe probe.rest.withUnsafeBytes { server.held.append(unsafe RawSpan(_unsafeBytes: $0), from: blocks) }
        }
        switch outcome {
        case .unfinished:
            return
        case .broken:
            probeFailed(server, client, "it does not speak as it should, or more than we read")
        case .failed(let sqlState, let text):
            _ = server.replies.replyReceived(.readyForQuery)
            if sqlState == "57014", probe.attempts < Self.probeAttempts {
                // A cancel for the client's last query came late.
                probe.again()
                send(probe, to: server)
            } else {
                probeFailed(server, client, text)
            }
        case .found(let findings):
            _ = server.replies.replyReceived(.readyForQuery)
            if let client {
                sessionKnown(findings, server, client)
            } else {
                baselineKnown(findings, server)
            }
        }
    }

    private func baselineKnown(_ findings: SessionProbe.Findings, _ server: ServerConnection) {
        if findings.isTooLong { return probeFailed(server, nil, "connect_query sets more than is read") }
        let settings = sessionSettings.intern(findings.settings)
        settings?.isVerified = true
        server.session.baseline = settings
        server.session.baselineCounts = findings.bound
        server.session.looked([], settings)
        server.phase = .idle
        becomeAvailable(server)
    }

    /// What a server has to have set for a client.
    func wantedSettings(of client: ClientConnection, on server: ServerConnection) -> SessionSettings? {
        guard let baseline = server.session.baseline else { return client.books.session.settings }
        let own = client.books.session.settings
        let wanted = sessionSettings.intern(own?.settings ?? [], over: baseline)
        if own?.isVerified ?? true { wanted?.isVerified = true }
        return wanted
    }

    private func probeFailed(_ server: ServerConnection, _ client: ClientConnection?, _ why: String) {
        log.warning("\(label(server)) cannot tell what its session holds, closing the connection: \(why)")
        guard let client, isAligning(client, with: server) else {
            closeServer(server, "session state unknown", isOrderly: true)
            return
        }
        client.link = .none
        closeServer(server, "session state unknown", isOrderly: true)
        closeClient(client, .sessionStateUnknown(why))
    }

    private func isAligning(_ client: ClientConnection, with server: ServerConnection) -> Bool {
        if case .aligning(let other) = client.link, other === server { client.isOpen } else { false }
    }

    private func sessionKnown(
        _ findings: SessionProbe.Findings, _ server: ServerConnection, _ client: ClientConnection
    ) {
        guard isAligning(client, with: server) else {
            // The client has left meanwhile.
            server.phase = .idle
            retire(server)
            return
        }
        let pool = server.pool
        let baseline = server.session.baseline?.settings ?? []
        let found = findings.settings.filter { !baseline.contains($0) }
        var holds = findings.bound.beyond(server.session.baselineCounts)
        if findings.isTooLong { holds.insert(.longSettings) }
        // Something of connect_query's is gone, which the next client would miss.
        if !server.session.baselineCounts.beyond(findings.bound).isEmpty { server.isCloseNeeded = true }
        if server.session.holdsUnknown(isMarked: findings.isMarked) { holds.insert(.unknownSettings) }
        // Some parameters are shown only to those with the rights of the user who logged in.
        let isHidden = found.contains { $0.name == SessionSettings.authorization }
        var settings: SessionSettings?
        if pool.settings.sessionState == .pin {
            for setting in found {
                holds.insert(
                    [SessionSettings.role, SessionSettings.authorization].contains(setting.name) ? .role : .settings)
            }
        } else {
            settings = sessionSettings.intern(findings.settings)
            settings?.isVerified = true
            let initial = client.books.session.initial
            // RESET leaves a parameter of the client's own making empty.
            let set = found.filter { !$0.value.isEmpty || initial?.value(of: $0.name) == nil }
            let own = sessionSettings.intern(set, over: initial)
            if initial?.isVerified ?? true { own?.isVerified = true }
            // Values that are too long stay where they are, and the client with them.
            if !findings.isTooLong { setSettings(own, of: client) }
        }
        server.session.looked(holds, settings, needsReset: isHidden || server.session.hasRunUnread)
        server.phase = .active(client)
        client.link = .linked(server)
        if holds.isEmpty {
            if client.books.session.pinnedSince != nil {
                log.info("\(label(client)) no longer pinned to \(Self.identifier(of: server))")
            }
            letGoPin(client, pool)
            release(server, from: client)
        } else if holdPin(client, pool) {
            pin(client, to: server)
        } else {
            loseState(client, server)
        }
        if client.isOpen { processHeld(client) }
    }

    /// What a client has made could not be seen coming, and there is no place for one more pin: its server is cleaned, and its
    /// next request fails, so that it cannot go on as if nothing had happened.
    private func loseState(_ client: ClientConnection, _ server: ServerConnection) {
        let pool = server.pool
        pool.pinCounters.refused &+= 1
        let reasons = server.session.holds.descriptions.joined(separator: ", ")
        log.info("\(label(client)) cannot be pinned (max_pinned), its state is lost: \(reasons)")
        client.books.session.lost = server.session.holds
        client.refusal = .stateLost
        pinIsSettled(client, pool)
        release(server, from: client)
    }

    /// Keeps a client on its server.
    private func pin(_ client: ClientConnection, to server: ServerConnection) {
        let pool = server.pool
        pinIsSettled(client, pool)
        if client.books.session.pinnedSince == nil {
            client.books.session.pinnedSince = now
            pool.pinCounters.made &+= 1
            let reasons = server.session.holds.descriptions.joined(separator: ", ")
            log.info("\(label(client)) pinned to \(Self.identifier(of: server)): \(reasons)")
            if !client.books.session.wasNotified {
                client.books.session.wasNotified = true
                send(Self.pinNotice(reasons).bytes, to: client)
            }
        }
        rest(client)
    }

    private static func identifier(of server: ServerConnection) -> String { "S-0x\(String(server.id, radix: 16))" }

    private static func pinNotice(_ reasons: String) -> ErrorMessage {
        ErrorMessage(
            .notice, "00000", "this client keeps its server connection from now on, because of: \(reasons)",
            hint: "The connection is shared again when that is gone (DISCARD ALL), or when the client leaves.")
    }

    /// What a client's session has set from now on.
    func setSettings(_ settings: SessionSettings?, of client: ClientConnection) {
        guard client.books.session.settings !== settings else { return }
        client.books.session.settings = settings
        client.books.statements.searchPath = settings?.value(of: "search_path") ?? []
    }

    /// Takes from a free server what its last client left there; false when that is nothing.
    func clean(_ server: ServerConnection) -> Bool {
        if !server.session.residue.isDisjoint(with: server.session.baselineCounts.kinds) {
            // What is cleaned away would be connect_query's too.
            closeServer(server, "holds what a client left beside what connect_query made", isOrderly: true)
            return true
        }
        guard let query = SessionCleaning.query(for: server.session.residue) else {
            server.session.looked([], server.session.settings)
            return false
        }
        server.pool.pool.serverResetting(server.token)
        runQuery(query, on: server, .clean)
        return true
    }

    /// A query of ours has reset parameters on a server.
    func parametersWereReset(on server: ServerConnection) {
        // What the server reports has been told already.
        let values = server.parameters.values.enumerated().map { index, value in
            server.pool.reportsParameter(index) ? value : nil
        }
        server.parameters = parameterSets.intern(values)
    }

    /// The cleaning has done its work.
    func cleaned(_ server: ServerConnection) {
        let hasReset = !server.session.residue.isDisjoint(with: .resettable)
        if hasReset { parametersWereReset(on: server) }
        server.session.looked([], hasReset ? emptySettings(of: server) : server.session.settings)
    }

    /// That nothing is set on a server, in such a form that its next client gets what it expects.
    func emptySettings(of server: ServerConnection) -> SessionSettings? {
        server.session.baseline == nil ? nil : sessionSettings.nothing
    }

    /// server_reset_query has run: that it resets everything is its purpose.
    func wasReset(_ server: ServerConnection) {
        let text = configuration.settings.serverResetQuery.lowercased()
        let isComplete = text.contains("discard all") || text.contains("reset all")
        if text.contains("discard all") { server.session.baselineCounts = SessionProbe.Counts() }
        if isComplete { parametersWereReset(on: server) }
        server.session.looked([], isComplete ? emptySettings(of: server) : server.session.settings)
    }
}
