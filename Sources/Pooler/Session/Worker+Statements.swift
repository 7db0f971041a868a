/// Prepared statements on their way between a client and its server, where they are tracked.
extension Worker {
    /// Longest Parse that is kept; a longer one has no name, or is refused.
    private static let longestParse = 16 * 1024 * 1024

    /// What becomes of a message that concerns statements.
    func trackedDisposition(
        of request: ReplyQueue.Request, _ header: FrameHeader, at range: Range<Int>, before follower: UInt8?,
        from client: ClientConnection, limit: Int
    ) -> Disposition {
        if request == .parse { return parseDisposition(header, at: range, from: client, limit: limit) }
        let scratch = self.scratch
        var message: StatementMessage?
        if request == .bind || request == .describeStatement || isCloseOfStatement(request, range) {
            switch StatementMessage.read(request, header, at: range.lowerBound, in: scratch.bytes(0..<range.upperBound))
            {
            case .found(var found):
                found.follower = follower.map { FrontendMessageType(rawValue: $0) }
                message = found
            case .incomplete: return .wait
            case .malformed: break
            }
        } else if request == .close, range.count == FrameHeader.size, header.frameLength > range.count {
            return .wait
        } else if request == .query, range.count < header.frameLength, mayDiscard(header, range) {
            return .wait
        }
        guard let server = linkedServer(of: client) else { return .wait }
        requestStarts(on: server)
        var outcome = tracked(request, message, header, range, client, server, limit: limit, heedsSession: true)
        if outcome == .changesSession, let message {
            outcome =
                bindDisposition(message, client, server)
                ?? tracked(request, message, header, range, client, server, limit: limit, heedsSession: false)
        }
        return disposition(outcome, request, header, range, client, server)
    }

    @inline(__always)
    private func tracked(
        _ request: ReplyQueue.Request, _ message: StatementMessage?, _ header: FrameHeader, _ range: Range<Int>,
        _ client: ClientConnection, _ server: ServerConnection, limit: Int, heedsSession: Bool
    ) -> StatementRelay.Outcome {
        var circumstances = circumstances(client, server, limit)
        circumstances.heedsSession = heedsSession && server.pool.heedsSession
        let isWhole = range.count == header.frameLength
        switch request {
        case .bind, .describeStatement:
            guard let message else { return .passOn }
            return statements.use(
                message, &client.books.statements, &server.statements, &server.replies, &server.pool.counters,
                circumstances)
        case .close:
            guard let message else { return .passOn }
            return statements.close(
                message, &client.books.statements, &server.statements, &server.replies, circumstances)
        case .query:
            if !server.pool.heedsSession {
                // Nobody has read it yet.
                client.books.statements.queryNames = client.books.statements.count > 0 ? .some : .none
            }
            return statements.query(
                range, isWhole: isWhole, &client.books.statements, &server.statements, &server.replies,
                &server.pool.counters, circumstances)
        case .execute:
            return statements.execute(range, isWhole: isWhole, &client.books.statements, &server.replies)
        case .parse, .describePortal, .sync, .functionCall, .copyEnd:
            return .passOn
        }
    }

    private func disposition(
        _ outcome: StatementRelay.Outcome, _ request: ReplyQueue.Request, _ header: FrameHeader, _ range: Range<Int>,
        _ client: ClientConnection, _ server: ServerConnection
    ) -> Disposition {
        switch outcome {
        case .passOn:
            server.replies.requestSent(request)
            if server.statements.replay.isRecording { record(request, header, range, server) }
            return .forward
        case .sent:
            return .headSent
        case .sentForAnswers:
            client.books.statements.pause = .allAnswers
            return .headSent
        case .absorbed:
            return .discard
        case .pause:
            client.books.statements.pause = .earlierBatches
            return .wait
        case .waits, .needsFollower, .changesSession:
            return .wait
        }
    }

    // MARK: - Parse

    private func parseDisposition(
        _ header: FrameHeader, at range: Range<Int>, from client: ClientConnection, limit: Int
    ) -> Disposition {
        guard range.count == header.frameLength else {
            if header.frameLength <= Scratch.carryLimit { return .wait }
            if header.frameLength <= Self.longestParse { return .collect }
            return hugeParseDisposition(range, client, limit)
        }
        guard let server = linkedServer(of: client) else { return .wait }
        requestStarts(on: server)
        let scratch = self.scratch
        guard let message = ParseMessage(scratch.bytes(range)) else {
            server.replies.requestSent(.parse)
            return .forward
        }
        let outcome = statements.parse(
            message, at: range, &client.books.statements, &server.statements, &server.replies, &server.pool.counters,
            parseCircumstances(client, server, limit))
        return disposition(outcome, .parse, header, range, client, server)
    }

    /// A Parse that is too long to be kept: fine for once, without a name.
    private func hugeParseDisposition(_ range: Range<Int>, _ client: ClientConnection, _ limit: Int) -> Disposition {
        guard range.count > FrameHeader.size else { return .wait }
        let isUnnamed = firstByte(of: range) == 0
        guard let server = linkedServer(of: client) else { return .wait }
        requestStarts(on: server)
        if isUnnamed || server.replies.isSkipping {
            statements.parsePassedBy(
                &client.books.statements, &server.statements, &server.replies, circumstances(client, server, limit))
            return .forward
        }
        let megabytes = Self.longestParse / 1024 / 1024
        statements.refuse(
            ErrorMessage(
                .error, "54000", "prepared statement is too long",
                detail: "A named statement may have up to \(megabytes) MiB."), &server.replies)
        return .discard
    }

    /// Adds to a long Parse.
    func collect(_ bytes: RawSpan, for client: ClientConnection) {
        unsafe bytes.withUnsafeBytes { unsafe client.books.largeParse.append(contentsOf: $0) }
    }

    /// A long Parse has come as a whole. False while it has to wait.
    func takeLargeParse(of client: ClientConnection) -> Bool {
        guard client.books.statements.pause == .none, let server = linkedServer(of: client) else { return false }
        requestStarts(on: server)
        let limit = max(1, client.pool?.statementLimit ?? 1)
        let outcome = unsafe client.books.largeParse.withUnsafeBytes { raw in
            let frame = unsafe RawSpan(_unsafeBytes: raw)
            guard let message = ParseMessage(frame) else { return StatementRelay.Outcome.passOn }
            return statements.parse(
                message, at: nil, &client.books.statements, &server.statements, &server.replies, &server.pool.counters,
                parseCircumstances(client, server, limit))
        }
        switch outcome {
        case .passOn:
            server.replies.requestSent(.parse)
            toServer.insert(client.books.largeParse, beside: scratch)
        case .sent, .absorbed, .sentForAnswers:
            break
        case .pause:
            client.books.statements.pause = .earlierBatches
            return false
        case .waits, .needsFollower, .changesSession:
            return false
        }
        client.books.largeParse = []
        return true
    }

    // MARK: - Answers

    /// Gives the client the answers that we make up and that are next.
    func answerMadeUp(on server: ServerConnection) {
        while let request = server.replies.takeMadeUp() {
            let type: BackendMessageType = request == .parse ? .parseComplete : .closeComplete
            toClient.insertHead(type, frameLength: FrameHeader.size, beside: scratch)
        }
    }

    /// Takes up what a client has sent, if it waited for answers that are there now.
    func resume(_ client: ClientConnection, with server: ServerConnection) {
        if case .linked(let linked) = client.link, linked === server {
            switch client.books.statements.pause {
            case .none: return
            case .earlierBatches: guard server.replies.isCertainOfEarlierBatches else { return }
            case .allAnswers: guard server.replies.isEmpty else { return }
            case .pin: return
            }
        }
        if client.books.statements.pause == .allAnswers {
            client.books.statements.pendingDiscard = nil
            client.books.statements.queuedDiscards = []
        }
        client.books.statements.pause = .none
        if client.isOpen { processHeld(client) }
    }

    /// Keeps a message of a batch that may have to be sent again.
    @inline(__always)
    func record(
        _ request: ReplyQueue.Request, _ header: FrameHeader, _ range: Range<Int>, _ server: ServerConnection
    ) {
        server.statements.replay.messageSent(
            request, isWhole: range.count == header.frameLength, length: header.frameLength)
        let scratch = self.scratch
        server.statements.replay.append(scratch.bytes(range))
    }

    @inline(__always)
    private func circumstances(
        _ client: ClientConnection, _ server: ServerConnection, _ limit: Int
    ) -> StatementRelay.Circumstances {
        StatementRelay.Circumstances(client: client.id, limit: limit, status: server.transactionStatus)
    }

    private func parseCircumstances(
        _ client: ClientConnection, _ server: ServerConnection, _ limit: Int
    ) -> StatementRelay.Circumstances {
        var circumstances = circumstances(client, server, limit)
        circumstances.mayHoldSQLStatements = server.session.mayHoldStatements
        return circumstances
    }

    private func isCloseOfStatement(_ request: ReplyQueue.Request, _ range: Range<Int>) -> Bool {
        request == .close && range.count > FrameHeader.size && firstByte(of: range) == UInt8(ascii: "S")
    }

    /// Whether a Query of which a part is there could be a DEALLOCATE: those are short.
    private func mayDiscard(_ header: FrameHeader, _ range: Range<Int>) -> Bool {
        guard header.frameLength <= DiscardCommand.reach else { return false }
        return range.count == FrameHeader.size || LeadingCommand.mayBegin(firstByte(of: range))
    }

    /// The first byte of a message's body.
    private func firstByte(of range: Range<Int>) -> UInt8 {
        let scratch = self.scratch
        return scratch.bytes(range).uint8(at: FrameHeader.size)
    }
}

extension ReplyQueue.Request {
    /// Whether prepared statements are named, made or lost by it.
    @inline(__always)
    var concernsStatements: Bool {
        switch self {
        case .query, .parse, .bind, .describeStatement, .close, .execute: true
        case .functionCall, .describePortal, .sync, .copyEnd: false
        }
    }
}
