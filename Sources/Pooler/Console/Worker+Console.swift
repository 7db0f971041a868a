import Glibc

/// Console sessions: the machine decides, the worker frames messages and carries requests to the control thread.
extension Worker {
    /// What a user may do on the console. Who may do nothing hears so only after it has proved who it is: the lists of users
    /// are nobody's business.
    func consoleRole(_ client: ClientConnection, _ identity: ClientIdentity) throws(LoginRefusal) -> ConsoleRole {
        let settings = configuration.settings
        if settings.adminUsers.contains(identity.user) { return .admin }
        if settings.statsUsers.contains(identity.user) { return .stats }
        if isConsoleOwner(client, identity) { return .admin }
        guard settings.authType == .any else { throw LoginRefusal(.consoleNotAllowed) }
        return .stats
    }

    /// User `pgbouncer` (or `pgvalet`) over the Unix socket, running under the daemon's own uid: it could do anything to the
    /// process anyway, and needs no password.
    func isConsoleOwner(_ client: ClientConnection, _ identity: ClientIdentity) -> Bool {
        guard identity.isConsole, client.isUnix, ConsoleGreeting.isConsole(identity.user) else { return false }
        return Syscalls.peerCredentials(client.transport.descriptor.number)?.user == geteuid()
    }

    func startConsole(_ client: ClientConnection, _ role: ConsoleRole) {
        let key = makeCancelKey()
        setCancelKey(key, of: client)
        var writer = MessageWriter()
        writer.authenticationOk()
        let parameters = client.identity?.parameters ?? []
        let tracked = zip(shared.tracked.names, parameters).compactMap { name, value in
            value.map { (name: name, value: String(decoding: $0, as: UTF8.self)) }
        }
        for (name, value) in ConsoleGreeting.parameterStatuses(version: ProgramName.compatibleVersion, tracked: tracked)
        {
            writer.parameterStatus(name, value.utf8)
        }
        writer.backendKeyData(key)
        let notice = configuration.settings.loginNotifyMessage
        if !notice.isEmpty { ErrorMessage(.notice, "00000", notice).write(to: &writer) }
        writer.readyForQuery(.idle)
        loginEnded(client)
        client.phase = .console(ConsoleSession(role: role))
        send(writer.bytes, to: client)
    }

    /// Cuts a console client's bytes into messages. One that is too long to be a command is handed over as far as the session
    /// looks, and the rest of it is dropped.
    func processConsole(_ client: ClientConnection, _ range: Range<Int>) {
        let scratch = self.scratch
        let bytes = scratch.bytes(0..<range.upperBound)
        var cursor = range.lowerBound
        while cursor < range.upperBound {
            guard client.isOpen, case .console(var session) = client.phase else { return }
            if !client.scanner.isAtBoundary {
                cursor += client.scanner.take(upTo: range.upperBound - cursor)
                continue
            }
            guard
                case .frame(let header) = FrameScanner.header(
                    in: bytes, at: cursor, limit: configuration.maxPacketSize)
            else {
                if range.upperBound - cursor < FrameHeader.size { break }
                closeClient(client, .badPacketHeader(hexadecimal(bytes.slice(cursor..<range.upperBound), upTo: 8)))
                return
            }
            guard FrontendMessageType(rawValue: header.type).isOfSession else {
                closeClient(client, .unknownMessage)
                return
            }
            if header.type == FrontendMessageType.query.rawValue, configuration.disallowsSimpleQuery {
                closeClient(client, .simpleQueryDisallowed)
                return
            }
            let looked = min(header.frameLength, FrameHeader.size + ConsoleSession.maximumBody + 1)
            guard cursor + looked <= range.upperBound else { break }
            let body = bytes.slice(cursor + FrameHeader.size..<cursor + looked)
            let actions = session.messageReceived(type: FrontendMessageType(rawValue: header.type), body: body)
            client.phase = .console(session)
            client.scanner.frameBegan(remaining: header.frameLength - looked, .discard)
            cursor += looked
            consoleCounters.received &+= UInt64(header.frameLength)
            perform(actions, for: client)
        }
        if client.isOpen { hold(cursor..<range.upperBound, for: client) }
    }

    func perform(_ actions: [ConsoleAction], for client: ClientConnection) {
        let address = ConsoleAddress(worker: index, client: client.token)
        for action in actions where client.isOpen {
            switch action {
            case .send(let bytes):
                consoleCounters.sent &+= UInt64(bytes.count)
                send(bytes, to: client)
            case .refused(let error):
                tallies.errors.add(Tally.sqlState(error.sqlState))
                log.error("\(error.message)")
                if configuration.settings.logPoolerErrors {
                    log.warning("\(label(client)) pooler error: \(error.message)")
                }
            case .gatherReport:
                countConsoleQuery()
                shared.control(.gatherReport(address))
            case .run(let effect):
                countConsoleQuery()
                shared.control(.run(effect, address))
            case .cancelRun:
                shared.control(.cancelRun(address))
            case .close(.terminated):
                closeClient(client, .clientRequest)
            case .close(.failed(let error)):
                closeClient(client, .consoleFailed(error.message))
            case .close(.shutDown):
                closeClient(client, .consoleEnded)
            }
        }
    }

    /// The control thread has what a console session waits for.
    func consoleAnswered(_ token: Token, _ answer: ConsoleAnswer) {
        guard case .client(let client) = table[token], case .console(var session) = client.phase else { return }
        let actions =
            switch answer {
            case .report(let report): session.reportArrived(report)
            case .effect(let result): session.effectCompleted(result)
            }
        client.phase = .console(session)
        perform(actions, for: client)
    }

    private func countConsoleQuery() {
        consoleCounters.queries &+= 1
        consoleCounters.transactions &+= 1
    }
}

/// What the control thread answers a console session.
enum ConsoleAnswer: Sendable {
    case report(PoolerReport)
    case effect(ConsoleEffectResult)
}
