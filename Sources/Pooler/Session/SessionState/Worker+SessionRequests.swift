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
        guard range.count == header.frameLength else {
            if header.frameLength <= Scratch.carryLimit { return .wait }
            return disposition(of: .anything, request, client)
        }
        let scratch = self.scratch
        let hasBackslashes = client.parameters?.hasBackslashes ?? false
        let start = request == .query ? range.lowerBound + FrameHeader.size : textStart(ofParse: range)
        let effects = SessionLexer.effects(of: scratch.bytes(start..<range.upperBound), hasBackslashes: hasBackslashes)
        guard !effects.isEmpty else { return nil }
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
        guard let refusal = sessionChanges(effects, client, server) else { return nil }
        requestStarts(on: server)
        if request == .query {
            statements.refuseQuery(refusal, &client.statements, &server.statements, &server.replies)
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
            ? client.statements.unnamed : client.statements[scratch.bytes(message.name)]?.statement
        guard let statement, let refusal = sessionChanges(statement.effects, client, server) else { return nil }
        server.statements.replay.abandon()
        statements.refuse(refusal, &server.replies)
        return .absorbed
    }

    /// Enters what a statement may do; the error for the client if it must not.
    private func sessionChanges(
        _ effects: SessionEffects, _ client: ClientConnection, _ server: ServerConnection
    ) -> ErrorMessage? {
        let pool = server.pool
        let names = effects.names.filter { !isReported($0, by: pool) }
        let pins: Bool
        switch pool.settings.sessionState {
        case .track: pins = !effects.makes.isDisjoint(with: .bound)
        case .pin: pins = !effects.makes.isEmpty || !names.isEmpty
        case .reset, .passthrough: pins = false
        }
        if pins, pool.settings.poolMode != .session, !holdPin(client, pool) {
            return pool.tooManyPinned(.error)
        }
        server.session.ran(effects, names: names)
        return nil
    }

    /// Whether servers tell a parameter's value by themselves, so that it follows its client anyway.
    func isReported(_ name: String, by pool: WorkerPool) -> Bool {
        shared.tracked.index(of: name).map { pool.reportsParameter($0) } ?? false
    }

    /// Counts a client against max_pinned, once; false when there are too many.
    func holdPin(_ client: ClientConnection, _ pool: WorkerPool) -> Bool {
        if client.session.holdsPin { return true }
        let limit = pool.settings.maxPinned
        guard limit > 0, pool.budget.pins.reserve(limit: limit) else {
            pool.pinCounters.refused &+= 1
            return false
        }
        client.session.holdsPin = true
        return true
    }

    /// The client is not pinned, or no more.
    func letGoPin(_ client: ClientConnection, _ pool: WorkerPool) {
        client.session.pinnedSince = nil
        guard client.session.holdsPin else { return }
        client.session.holdsPin = false
        _ = pool.budget.pins.release()
    }
}

extension WorkerPool {
    /// What a client is told that cannot be pinned.
    func tooManyPinned(_ severity: ErrorMessage.Severity) -> ErrorMessage {
        ErrorMessage(
            severity, "53400", "too many clients are pinned to their server connection",
            detail:
                "This needs a server connection of its own, and max_pinned (\(settings.maxPinned)) of this pool have one.",
            hint:
                "Raise max_pinned or pool_size, or use pool_mode = session for clients that keep state in their session."
        )
    }
}

/// Pins of a pool on one worker, since it was made.
struct PinCounters {
    /// Clients that were pinned.
    var made: UInt64 = 0
    /// Statements and clients that were refused.
    var refused: UInt64 = 0
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
