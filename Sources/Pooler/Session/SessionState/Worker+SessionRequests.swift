import PoolerConfig

/// Statements that may change their session, on their way to a server.
extension Worker {
    /// What becomes of a Query, or of a Parse where statements are not tracked, because of what its text does to the session; nil
    /// if that is nothing that concerns us.
    @inline(__always)
    func sessionDisposition(
        of request: ReplyQueue.Request, _ header: FrameHeader, at range: Range<Int>, from client: ClientConnection
    ) -> Disposition? {
        if request == .functionCall { return functionCallDisposition(at: range, from: client) }
        if client.books.statements.queryNames != .none { client.books.statements.queryNames = .none }
        guard range.count == header.frameLength else {
            if header.frameLength <= Scratch.carryLimit { return .wait }
            return disposition(of: .anything, request, client)
        }
        let scratch = self.scratch
        let hasBackslashes = client.parameters?.hasBackslashes ?? false
        let start = request == .query ? range.lowerBound + FrameHeader.size : textStart(ofParse: range)
        guard
            var effects = SessionLexer.changes(
                by: scratch.bytes(start..<range.upperBound), hasBackslashes: hasBackslashes)
        else { return nil }
        if effects.resets, request == .query {
            client.books.session.loneReset = LoneReset(scratch.bytes(start..<range.upperBound))
        }
        if effects.namesStatements {
            client.books.statements.queryNames = hasBackslashes ? .someBesideBackslashes : .some
            if effects.executes {
                addExecuted(
                    to: &effects, SessionLexer.statementReferences(in: scratch.bytes(start..<range.upperBound)), client)
            }
        }
        // Nobody watches when a named statement is run later, so no other client may have its server.
        let isNamed = request == .parse && start > range.lowerBound + FrameHeader.size + 1
        if isNamed, let server = linkedServer(of: client) { server.isCloseNeeded = true }
        return disposition(of: effects, request, client)
    }

    /// FunctionCall names a function by number. Those of large objects are what it is used for today; what any other one
    /// does is not known: what can be found is kept for the client, and nobody else gets the server.
    private func functionCallDisposition(at range: Range<Int>, from client: ClientConnection) -> Disposition? {
        guard range.count >= FrameHeader.size + 4 else { return .wait }
        let scratch = self.scratch
        let function = scratch.bytes(range).uint32(at: FrameHeader.size)
        if Self.largeObjectFunctions.contains(function) { return nil }
        guard let server = linkedServer(of: client) else { return .wait }
        // What no look finds afterwards goes with the server.
        server.isCloseNeeded = true
        return disposition(of: .anything, .functionCall, client)
    }

    /// lo_open, lo_close, loread, lowrite, lo_lseek, lo_creat, lo_create, lo_tell, lo_unlink, lo_truncate, and those with 64
    /// bits (pg_proc.dat).
    private static let largeObjectFunctions: Set<UInt32> = [
        952, 953, 954, 955, 956, 957, 715, 958, 964, 1004, 3170, 3171, 3172,
    ]

    /// A Parse's text comes behind a name.
    private func textStart(ofParse range: Range<Int>) -> Int {
        let scratch = self.scratch
        let name = scratch.bytes(range).endOfCString(from: FrameHeader.size)
        return name.map { range.lowerBound + $0 + 1 } ?? range.upperBound
    }

    @inline(never)
    private func disposition(
        of effects: SessionEffects, _ request: ReplyQueue.Request, _ client: ClientConnection
    ) -> Disposition? {
        guard let server = linkedServer(of: client) else { return .wait }
        if server.replies.isSkipping { return nil }
        let refusal: ErrorMessage
        switch sessionChanges(effects, client, server) {
        case .entered: return nil
        case .waits: return .wait
        case .refused(let error): refusal = error
        }
        requestStarts(on: server)
        if request == .query {
            statements.refuseQuery(refusal, &client.books.statements, &server.statements, &server.replies)
        } else {
            statements.refuse(refusal, &server.replies)
        }
        return .discard
    }

    /// The client binds a statement that may change its session.
    @inline(never)
    func bindDisposition(
        _ message: StatementMessage, _ client: ClientConnection, _ server: ServerConnection
    ) -> StatementRelay.Outcome? {
        let scratch = self.scratch
        let statement =
            message.name.isEmpty
            ? client.books.statements.unnamed : client.books.statements[scratch.bytes(message.name)]?.statement
        guard let statement else { return nil }
        var effects = statement.effects
        if let reference = statement.executes { addExecuted(to: &effects, [reference], client) }
        switch sessionChanges(effects, client, server) {
        case .entered:
            return nil
        case .waits:
            return .waits
        case .refused(let refusal):
            server.statements.replay.abandon()
            statements.refuse(refusal, &server.replies)
            return .absorbed
        }
    }

    /// EXECUTE of statements that were prepared over the protocol does what they do.
    private func addExecuted(
        to effects: inout SessionEffects, _ references: [StatementReference], _ client: ClientConnection
    ) {
        var areAllKnown = true
        for reference in references where reference.verb == .execute {
            if let name = reference.name, let named = client.books.statements[name] {
                effects.formUnion(named.statement.effects)
            } else {
                areAllKnown = false
            }
        }
        // What SQL PREPARE has been given does not matter then.
        if areAllKnown { effects.executes = false }
    }

    private enum Entry {
        case entered
        /// It would pin, and there may be a place in a moment.
        case waits
        case refused(ErrorMessage)
    }

    /// Enters what a statement may do, if the client may do it.
    private func sessionChanges(
        _ effects: SessionEffects, _ client: ClientConnection, _ server: ServerConnection
    ) -> Entry {
        let pool = server.pool
        let names = effects.names.filter { !isReported($0, by: pool) }
        let pins: Bool
        switch pool.settings.sessionState {
        case .track: pins = !effects.makes.isDisjoint(with: .bound)
        case .pin: pins = !effects.makes.isEmpty || !names.isEmpty
        case .reset, .passthrough: pins = false
        }
        if pins, pool.settings.poolMode != .session, !holdPin(client, pool) {
            if awaitPin(client, pool) { return .waits }
            pool.pinCounters.refused &+= 1
            return .refused(pool.tooManyPinned)
        }
        server.session.ran(effects, names: names)
        if client.books.session.holdsPin, server.session.isTouched { questionPin(client, pool) }
        if effects.copies {
            client.books.session.isResetting = false
        } else if effects.resets, client.books.session.hasStartingValues {
            client.books.session.isResetting = true
        }
        return .entered
    }

    /// Whether servers tell a parameter's value by themselves, so that it follows its client anyway.
    func isReported(_ name: String, by pool: WorkerPool) -> Bool {
        shared.tracked.index(of: name).map { pool.reportsParameter($0) } ?? false
    }
}

extension StatementRelay {
    /// A Query that cannot be taken: as `refuse`.
    func refuseQuery(
        _ error: ErrorMessage, _ client: inout ClientStatements, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue
    ) {
        server.replay.abandon()
        // A Query does away with the unnamed statement before it is read.
        client.unnamed = nil
        server.unnamed = nil
        replies.requestSent(.query, effect: .refuses(error))
        let text = Self.brokenText
        toServer.insertHead(.query, frameLength: FrameHeader.size + text.count, beside: scratch)
        toServer.insert(text, beside: scratch)
    }

    private static let brokenText = Array("refused by pgvalet\0".utf8)
}
