/// From a server to its client.
extension Worker {
    /// Something happened on a server's socket.
    @inline(__always)
    func serverEvent(_ server: ServerConnection, _ events: PollEvents) {
        if case .connecting = server.phase {
            serverConnected(server)
            return
        }
        if !events.isDisjoint(with: [.peerClosed, .hangUp]) { server.isPeerClosed = true }
        if events.contains(.writable) {
            serverWritable(server)
            guard server.isOpen else { return }
        }
        readServer(server)
    }

    /// Reads what a server has sent, unless its client has to take earlier output first.
    func readServer(_ server: ServerConnection) {
        var rounds = configuration.roundsPerTurn
        while server.isOpen {
            if case .active(let client) = server.phase, !client.output.isEmpty {
                server.hasUnreadInput = true
                return
            }
            if isSuspended, !readsOn(server) {
                server.hasUnreadInput = true
                return
            }
            if case .login(let login) = server.phase, login.isSuspended {
                server.hasUnreadInput = true
                return
            }
            let carried = server.held.count
            if carried > 0 { place(server.held) }
            switch server.transport.receive(into: scratch, at: carried) {
            case .bytes(let count):
                if carried > 0 { server.held.removeAll(to: blocks) }
                server.receivedAt = now
                server.hasUnreadInput =
                    server.transport.mayHoldMore(after: count, into: scratch) || server.isPeerClosed || isSuspended
                switch server.phase {
                case .login: processServerLogin(server, 0..<carried + count)
                case .lookingUp(let lookUp): processLookUp(lookUp, on: server, 0..<carried + count)
                case .probing(let client, let probe): processProbe(server, client, probe, 0..<carried + count)
                case .connecting, .idle, .active, .aligning, .testing, .beingCanceled, .closed:
                    relay(from: server, 0..<carried + count)
                }
            case .wouldBlock:
                server.hasUnreadInput = false
                if case .login(let login) = server.phase, login.isHandshaking { handshakeAdvanced(server) }
                watchUnsent(server)
                return
            case .endOfFile:
                serverEnded(server, server.transport.tlsFailure.map(ServerFailure.tls) ?? .endOfFile)
                return
            case .failed(let error):
                serverEnded(server, server.transport.tlsFailure.map(ServerFailure.tls) ?? .io(error))
                return
            }
            guard server.isOpen, server.hasUnreadInput else { return }
            rounds -= 1
            if rounds == 0 {
                readyAgain.append(server.token)
                return
            }
        }
    }

    /// Walks the frames of a server, forwards what is for the client, and keeps the books.
    private func relay(from server: ServerConnection, _ range: Range<Int>) {
        let scratch = self.scratch
        let bytes = scratch.bytes(0..<range.upperBound)
        let end = range.upperBound
        server.pool.counters.sent &+= UInt64(range.count)
        var cursor = range.lowerBound
        /// A message that is shown only if the error behind it is.
        var withheld = 0..<0
        frames: while cursor < end {
            if !server.scanner.isAtBoundary {
                let count = server.scanner.take(upTo: end - cursor)
                if server.scanner.disposition == .forward { toClient.forward(cursor..<cursor + count, of: scratch) }
                cursor += count
                continue
            }
            guard
                case .frame(let header) = FrameScanner.header(in: bytes, at: cursor, limit: configuration.maxPacketSize)
            else {
                if end - cursor < FrameHeader.size { break }
                return serverBroke(server)
            }
            let type = BackendMessageType(rawValue: header.type)
            if server.replies.isMadeUpNext { answerMadeUp(on: server) }
            if type == .errorResponse { countError(bytes.slice(cursor..<end), on: server) }
            let isInspected = needsWhole(type, header, on: server)
            if isInspected, header.frameLength > end - cursor {
                if header.frameLength <= Scratch.carryLimit { break }
                return serverBroke(server)
            }
            let count = min(header.frameLength, end - cursor)
            if type == .parameterDescription, server.statements.replay.isComplete {
                // Whether it is shown depends on what follows: an error may have the Describe sent again.
                switch follower(of: header, at: cursor, in: bytes) {
                case .incomplete: break frames
                case .error: withheld = cursor..<cursor + count
                case .other: break
                }
            }
            if isInspected, type == .errorResponse, server.client != nil, !server.replies.isOurQueryNext {
                statementFailed(
                    bytes.slice(cursor..<cursor + count), at: cursor..<cursor + count, behind: withheld, on: server)
                withheld = 0..<0
                cursor += count
                continue
            }
            let delivery = server.replies.replyReceived(type)
            if delivery == .violation { return serverBroke(server) }
            if !server.replies.undone.isEmpty { takeBackStatements(on: server) }
            var concernsClient = delivery == .forward
            if isInspected {
                let body = bytes.slice(cursor + FrameHeader.size..<cursor + header.frameLength)
                if inspect(type, body, of: server, delivery) { concernsClient = true }
                if type == .readyForQuery, delivery == .forward, breaksStatementMode(server) { return }
            }
            let isForClient = concernsClient && server.client != nil
            if isForClient, withheld.lowerBound != cursor || withheld.isEmpty {
                if !withheld.isEmpty { toClient.forward(withheld, of: scratch) }
                withheld = 0..<0
                toClient.forward(cursor..<cursor + count, of: scratch)
            }
            if server.replies.isMadeUpNext { answerMadeUp(on: server) }
            server.scanner.frameBegan(remaining: header.frameLength - count, isForClient ? .forward : .discard)
            cursor += count
        }
        let client = server.client
        if let client { flush(toClient, to: client) } else { toClient.clear() }
        hold(cursor..<end, for: server)
        if server.replies.isEmpty { requestsAnswered(on: server) }
        if let client, client.books.statements.pause != .none { resume(client, with: server) }
    }

    /// Which messages are looked into; all others pass by their header.
    @inline(__always)
    private func needsWhole(_ type: BackendMessageType, _ header: FrameHeader, on server: ServerConnection) -> Bool {
        switch type {
        case .readyForQuery, .parameterStatus: true
        case .commandComplete: server.pool.statementLimit > 0 && header.frameLength <= Self.longestTag
        case .errorResponse: server.client == nil || server.replies.isOurQueryNext || namesStatement(header, on: server)
        default: false
        }
    }

    /// Longer than any command tag's message.
    private static let longestTag = 128

    /// Whether an error may have to be told in other words, or not at all.
    private func namesStatement(_ header: FrameHeader, on server: ServerConnection) -> Bool {
        guard header.frameLength <= Scratch.carryLimit, let next = server.replies.next else { return false }
        switch next.effect {
        case .uses, .misnames, .rewritten, .refuses, .definedAndPrepared, .prepared: return true
        case .none, .defined, .closed, .evicted, .guarded, .unnamed: return false
        }
    }

    /// The server has failed at a message about a prepared statement.
    @inline(never)
    private func statementFailed(
        _ frame: RawSpan, at range: Range<Int>, behind withheld: Range<Int>, on server: ServerConnection
    ) {
        let next = server.replies.next
        let owed = server.replies.count
        _ = server.replies.replyReceived(.errorResponse)
        takeBackStatements(on: server)
        let body = frame.slice(FrameHeader.size..<frame.byteCount)
        let request = StatementRelay.FailedRequest(
            effect: next?.effect ?? .none, requestCount: owed, isBind: next?.request == .bind,
            describesPortals: server.client?.books.statements.describesPortals ?? true)
        let treatment = statements.errorReceived(body, for: request, &server.statements, &server.replies)
        if treatment != .repeatBatch, !withheld.isEmpty { toClient.forward(withheld, of: scratch) }
        switch treatment {
        case .forward: toClient.forward(range, of: scratch)
        case .replace(let message): toClient.insert(message, beside: scratch)
        case .repeatBatch: flush(toServer, to: server)
        case .withhold: break
        }
    }

    private enum Follower {
        case incomplete
        case error
        case other
    }

    /// What comes behind a ParameterDescription.
    private func follower(of header: FrameHeader, at start: Int, in bytes: RawSpan) -> Follower {
        // Longer ones than this are passed on without a look ahead.
        guard header.frameLength <= Scratch.carryLimit / 4 else { return .other }
        let next = start + header.frameLength
        guard case .frame(let following) = FrameScanner.header(in: bytes, at: next, limit: configuration.maxPacketSize)
        else { return next + FrameHeader.size > bytes.byteCount ? .incomplete : .other }
        guard following.type == BackendMessageType.errorResponse.rawValue else { return .other }
        guard following.frameLength <= Scratch.carryLimit / 2 else { return .other }
        return next + following.frameLength <= bytes.byteCount ? .error : .incomplete
    }

    private func takeBackStatements(on server: ServerConnection) {
        if let client = server.client {
            statements.takeBack(&client.books.statements, &server.statements, &server.replies)
        } else {
            server.replies.undoneWasTakenBack()
        }
    }

    /// True for what the client has to hear of although it answers a query of ours.
    private func inspect(
        _ type: BackendMessageType, _ body: RawSpan, of server: ServerConnection, _ delivery: ReplyQueue.Delivery
    ) -> Bool {
        switch type {
        case .readyForQuery:
            guard body.byteCount == 1, let status = TransactionStatus(rawValue: body.uint8(at: 0)) else { break }
            server.transactionStatus = status
        case .parameterStatus:
            return parameterReported(body, by: server)
        case .commandComplete:
            commandCompleted(body, on: server)
        case .errorResponse:
            if delivery == .swallowFailure || server.client == nil {
                let fields = ServerMessageFields(body: body)
                // What puts parameters back has nothing to do in a transaction that has failed.
                // A server that goes down says nothing of what it was asked.
                let isNoFailure = fields.sqlState == "25P02" || fields.sqlState.hasPrefix("57P")
                if !isNoFailure { server.testFailure = fields.message }
                if case .idle = server.phase {
                    log.warning("\(label(server)) got packet 'E' from server when not linked: \(fields.message)")
                }
            }
        default:
            break
        }
        return false
    }

    /// A command has ended: its tag tells what it may have done to the session.
    @inline(__always)
    private func commandCompleted(_ tag: RawSpan, on server: ServerConnection) {
        guard tag.byteCount > 1, tag.uint8(at: 0) == UInt8(ascii: "D") else { return }
        if let client = server.client {
            statements.commandCompleted(tag, &client.books.statements, &server.statements)
        } else {
            var nobody = ClientStatements()
            statements.commandCompleted(tag, &nobody, &server.statements)
        }
    }

    /// A server told a parameter's new value: it holds for the server, and for the client that it works for. True when that is
    /// news for the client.
    @discardableResult
    func parameterReported(_ body: RawSpan, by server: ServerConnection) -> Bool {
        var cursor = 0
        guard let name = body.cString(at: &cursor), let end = body.endOfCString(from: cursor),
            let index = shared.tracked.index(of: name)
        else { return false }
        let value = body.slice(cursor..<end).array()
        parameterSets.serverReported(index, value)
        server.parameters = parameterSets.replacing(index, of: server.parameters, with: value)
        guard case .active(let client) = server.phase else { return false }
        let isNews = client.parameters?.values[index] != value
        client.parameters = server.parameters
        return isNews
    }

    /// Nothing is owed at this moment: counts, and gives the server back where that is due.
    func requestsAnswered(on server: ServerConnection) {
        guard server.scanner.isAtBoundary, server.replies.isSettled else { return }
        countRequest(on: server)
        switch server.phase {
        case .active(let client):
            if let failure = server.testFailure {
                closeClient(client, .invalidServerParameter(failure))
                return
            }
            switch server.pool.settings.poolMode {
            case .session:
                break
            case .transaction, .statement:
                if server.transactionStatus == .idle {
                    guard client.scanner.isAtBoundary else { break }
                    if server.session.isUntouched {
                        release(server, from: client)
                    } else {
                        sessionMayHaveChanged(server, client)
                    }
                }
            }
        case .aligning(let client, let wanted):
            alignmentEnded(server, client, wanted)
        case .testing(let test):
            testEnded(server, test)
        case .connecting, .login, .idle, .probing, .lookingUp, .beingCanceled, .closed:
            break
        }
    }

    /// Counts an error that Postgres answers a client with, by its SQLSTATE: the third field, which comes with the message's head.
    @inline(never)
    private func countError(_ bytes: RawSpan, on server: ServerConnection) {
        guard server.client != nil, !server.replies.isOurQueryNext else { return }
        var cursor = FrameHeader.size
        while cursor < bytes.byteCount, bytes.uint8(at: cursor) != 0 {
            let isCode = bytes.uint8(at: cursor) == UInt8(ascii: "C")
            cursor += 1
            guard let end = bytes.endOfCString(from: cursor) else { return }
            if isCode, let code = bytes.cString(at: &cursor) {
                return tallies.serverErrors.add(Tally.sqlState(code))
            }
            cursor = end + 1
        }
    }

    /// In statement mode a transaction that is open ends its client, which is told so in place of its answer.
    @inline(__always)
    private func breaksStatementMode(_ server: ServerConnection) -> Bool {
        guard server.transactionStatus != .idle, server.pool.settings.poolMode == .statement,
            case .active(let client) = server.phase
        else { return false }
        toClient.clear()
        closeClient(client, .transactionInStatementMode)
        return true
    }

    /// Statistics of a request, or pipelined batch, whose last answer has come.
    @inline(__always)
    private func countRequest(on server: ServerConnection) {
        guard let queryStart = server.queryStartedAt else { return }
        server.queryStartedAt = nil
        server.pool.counters.queries &+= 1
        server.pool.counters.queryTime &+= now.microseconds(since: queryStart)
        guard server.transactionStatus == .idle, let transactionStart = server.transactionStartedAt else { return }
        server.transactionStartedAt = nil
        server.pool.counters.transactions &+= 1
        let duration = now.microseconds(since: transactionStart)
        server.pool.counters.transactionTime &+= duration
        server.pool.durations.values.transaction.record(duration)
    }

    /// The server broke the protocol: nobody can tell what it would say next.
    @inline(never)
    private func serverBroke(_ server: ServerConnection) {
        toClient.clear()
        if let client = server.client {
            closeClient(client, .badServerPacket)
        } else {
            closeServer(server, "bad pkt header", isOrderly: false)
        }
    }
}
