/// From a client to its server.
extension Worker {
    /// Something happened on a client's socket.
    @inline(__always)
    func clientEvent(_ client: ClientConnection, _ events: PollEvents) {
        if !events.isDisjoint(with: [.peerClosed, .hangUp]) { client.isPeerClosed = true }
        if events.contains(.writable) {
            clientWritable(client)
            guard client.isOpen else { return }
        }
        switch client.phase {
        case .session, .console:
            if client.isPeerClosed, isHeldBack(client) {
                closeClient(client, .clientUnexpectedEOF)
            } else {
                readClient(client)
            }
        case .login, .welcomeWait:
            if client.isPeerClosed, case .welcomeWait = client.phase {
                closeClient(client, .clientUnexpectedEOF)
            } else if !client.isLoginReady {
                client.isLoginReady = true
                loginsReady.append(client.token)
            }
        case .canceling, .closing:
            // The request goes on without its sender.
            if client.isPeerClosed { removeClient(client) }
        }
    }

    /// Whether a client's end is not going to be found by reading.
    @inline(__always)
    func isHeldBack(_ client: ClientConnection) -> Bool {
        if case .waiting = client.link { true } else { client.books.statements.pause != .none }
    }

    /// Reads what a client has sent, unless it has to wait with it.
    func readClient(_ client: ClientConnection) {
        var rounds = configuration.roundsPerTurn
        while client.isOpen {
            guard mayRead(client), !isSuspended || readsOn(client) else {
                client.hasUnreadInput = true
                return
            }
            let carried = client.held.count
            if carried > 0 { place(client.held) }
            switch client.transport.receive(into: scratch, at: carried) {
            case .bytes(let count):
                if carried > 0 { client.held.removeAll(to: blocks) }
                client.receivedAt = now
                client.hasUnreadInput =
                    client.transport.mayHoldMore(after: count, into: scratch) || client.isPeerClosed || isSuspended
                if client.phase.isSession { requestCame(from: client.books) }
                process(client, 0..<carried + count)
            case .wouldBlock:
                client.hasUnreadInput = false
                watchUnsent(client)
                return
            case .endOfFile:
                closeClient(client, client.transport.tlsFailure.map(CloseReason.tls) ?? .clientUnexpectedEOF)
                return
            case .failed(let error):
                closeClient(client, client.transport.tlsFailure.map(CloseReason.tls) ?? .ioError(error))
                return
            }
            guard client.isOpen, client.hasUnreadInput else { return }
            rounds -= 1
            if rounds == 0 {
                readyAgain.append(client.token)
                return
            }
        }
    }

    /// Those who have been in for a while go before those who log in.
    @inline(__always)
    private func requestCame(from books: ClientBooks) {
        if books.firstRequestAt == .never { books.firstRequestAt = now }
        loginPace.requestCame(first: books.firstRequestAt, now: now)
    }

    /// Takes up what a client sent while it waited.
    func processHeld(_ client: ClientConnection) {
        let count = client.held.count
        guard count > 0 || client.openedBooks?.largeParse.isEmpty == false else {
            if client.hasUnreadInput { readClient(client) }
            return
        }
        place(client.held)
        client.held.removeAll(to: blocks)
        process(client, 0..<count)
        if client.isOpen, client.hasUnreadInput { readClient(client) }
    }

    /// Whether there is a place for what a client sends.
    @inline(__always)
    private func mayRead(_ client: ClientConnection) -> Bool {
        switch client.phase {
        case .session:
            switch client.link {
            case .none: client.books.statements.pause == .none
            case .waiting, .aligning: false
            case .linked(let server): server.output.isEmpty && client.books.statements.pause == .none
            }
        case .login(let login): client.output.isEmpty && !login.isSuspended
        case .console: client.output.isEmpty
        case .welcomeWait, .canceling, .closing: false
        }
    }

    /// Copies held bytes to the start of the scratch block.
    func place(_ held: borrowing PendingBytes) {
        var offset = 0
        held.forEachRun { run in
            scratch.place(run, at: offset)
            offset += run.byteCount
        }
    }

    private func process(_ client: ClientConnection, _ range: Range<Int>) {
        switch client.phase {
        case .session: relay(from: client, range)
        case .login: processLogin(client, range)
        case .console: processConsole(client, range)
        case .welcomeWait: hold(range, for: client)
        case .canceling, .closing: break
        }
    }

    /// Keeps bytes until their time comes.
    func hold(_ range: Range<Int>, for connection: Connection) {
        guard !range.isEmpty else { return }
        let scratch = self.scratch
        connection.held.append(scratch.bytes(range), from: blocks)
    }

    /// Walks the frames of a client and forwards them to its server; the first one that needs a server gets it one.
    private func relay(from client: ClientConnection, _ range: Range<Int>) {
        let scratch = self.scratch
        let bytes = scratch.bytes(0..<range.upperBound)
        let end = range.upperBound
        let limit = configuration.maxPacketSize
        client.pool?.counters.received &+= UInt64(range.count)
        var cursor = range.lowerBound
        frames: while true {
            if !client.scanner.isAtBoundary {
                guard cursor < end else { break }
                let count = client.scanner.take(upTo: end - cursor)
                switch client.scanner.disposition {
                case .forward: toServer.forward(cursor..<cursor + count, of: scratch)
                case .discard: break
                case .collect: collect(bytes.slice(cursor..<cursor + count), for: client)
                }
                cursor += count
                continue
            }
            if !client.books.largeParse.isEmpty {
                guard takeLargeParse(of: client) else { break }
                continue
            }
            guard cursor < end, client.books.statements.pause == .none else { break }
            guard case .frame(let header) = FrameScanner.header(in: bytes, at: cursor, limit: limit) else {
                guard end - cursor < FrameHeader.size else {
                    closeClient(client, .badPacketHeader(hexadecimal(bytes.slice(cursor..<end), upTo: 8)))
                    return
                }
                break
            }
            let message = ClientMessage(header, at: cursor, in: bytes)
            if message == .needsFirstByte { break }
            let count = min(header.frameLength, end - cursor)
            let follower = cursor + count < end ? bytes.uint8(at: cursor + count) : nil
            switch disposition(of: message, header, at: cursor..<cursor + count, before: follower, from: client) {
            case .forward:
                toServer.forward(cursor..<cursor + count, of: scratch)
                client.scanner.frameBegan(remaining: header.frameLength - count, .forward)
            case .headSent:
                client.scanner.frameBegan(remaining: header.frameLength - count, .forward)
            case .discard:
                client.scanner.frameBegan(remaining: header.frameLength - count, .discard)
            case .collect:
                collect(bytes.slice(cursor..<cursor + count), for: client)
                client.scanner.frameBegan(remaining: header.frameLength - count, .collect)
            case .wait:
                break frames
            case .close(let reason):
                if let server = client.server { flush(toServer, to: server) }
                closeClient(client, reason)
                return
            }
            cursor += count
            if client.books.session.isResetting { putBack(client, behind: message) }
        }
        if let server = client.server {
            if server.statements.withheld != nil,
                let error = statements.settleWithheld(
                    &server.statements, &server.replies, describesPortals: client.books.statements.describesPortals)
            {
                toClient.insert(error, beside: scratch)
            }
            flush(toServer, to: server)
        }
        hold(cursor..<end, for: client)
        flush(toClient, to: client)
        if case .linked(let server) = client.link, server.replies.isEmpty {
            // Late CopyData was the last that kept the link.
            requestsAnswered(on: server)
        }
    }

    enum Disposition {
        case forward
        /// What is there of the frame has been gathered in another form; the rest follows it.
        case headSent
        case discard
        /// It is put together in memory.
        case collect
        /// The client has no server yet, the message depends on what is still uncertain, or more of it must have come.
        case wait
        case close(CloseReason)
    }

    /// What becomes of a message whose head has come.
    @inline(__always)
    private func disposition(
        of message: ClientMessage, _ header: FrameHeader, at range: Range<Int>, before follower: UInt8?,
        from client: ClientConnection
    ) -> Disposition {
        if client.refusal != .none { return refuse(message, of: client) }
        switch message {
        case .request(let request):
            if request == .query, configuration.disallowsSimpleQuery { return .close(.simpleQueryDisallowed) }
            if let pool = client.pool {
                if pool.heedsSession,
                    request == .query || request == .functionCall || (request == .parse && pool.statementLimit == 0),
                    let disposition = sessionDisposition(of: request, header, at: range, from: client)
                {
                    return disposition
                }
                if pool.statementLimit > 0, request.concernsStatements {
                    return trackedDisposition(
                        of: request, header, at: range, before: follower, from: client, limit: pool.statementLimit)
                }
            }
            guard let server = linkedServer(of: client) else { return .wait }
            if request == .describePortal { client.books.statements.describesPortals = true }
            requestStarts(on: server)
            server.replies.requestSent(request)
            if server.statements.replay.isRecording { record(request, header, range, server) }
            return .forward
        case .flush:
            guard case .linked(let server) = client.link else { return .discard }
            server.statements.replay.flushed()
            answerMadeUp(on: server)
            return .forward
        case .copyData:
            // Without a server it belongs to a query that has failed already.
            guard case .linked = client.link else { return .discard }
            return .forward
        case .copyEnd:
            guard case .linked(let server) = client.link else { return .discard }
            server.replies.requestSent(.copyEnd)
            return .forward
        case .terminate:
            return .close(.clientRequest)
        case .unknown, .needsFirstByte:
            return .close(.unknownMessage)
        }
    }

    /// The client's server, leased now if it has none; nil when it has to wait.
    @inline(__always)
    func linkedServer(of client: ClientConnection) -> ServerConnection? {
        switch client.link {
        case .linked(let server): server
        case .none: lease(to: client)
        case .waiting, .aligning: nil
        }
    }

    /// Marks the time at which a server begins to work for a client.
    @inline(__always)
    func requestStarts(on server: ServerConnection) {
        guard server.queryStartedAt == nil else { return }
        server.queryStartedAt = now
        if server.transactionStartedAt == nil { server.transactionStartedAt = now }
    }

    /// Answers a request that is refused, as Postgres answers one that fails.
    private func refuse(_ message: ClientMessage, of client: ClientConnection) -> Disposition {
        switch (client.refusal, message) {
        case (_, .terminate):
            return .close(.clientRequest)
        case (_, .unknown), (_, .needsFirstByte):
            return .close(.unknownMessage)
        case (.cancelled, .request(.query)), (.cancelled, .request(.functionCall)), (.stateLost, .request(.query)),
            (.stateLost, .request(.functionCall)):
            let error = error(for: client)
            client.refusal = .none
            sendError(error, followedBy: Self.readyForQuery, to: client)
        case (_, .request(.sync)):
            let error = client.refusal == .stateLost ? error(for: client) : nil
            client.refusal = .none
            if let error {
                sendError(error, followedBy: Self.readyForQuery, to: client)
            } else {
                send(Self.readyForQuery, to: client)
            }
        case (.cancelled, .request), (.cancelled, .flush), (.stateLost, .request), (.stateLost, .flush):
            let error = error(for: client)
            client.refusal = .untilSync
            sendError(error, to: client)
        case (.cancelled, _), (.stateLost, _), (.untilSync, _), (.none, _):
            break
        }
        return .discard
    }

    /// What a client is told whose request is refused.
    private func error(for client: ClientConnection) -> ErrorMessage {
        guard client.refusal == .stateLost, let pool = client.pool else { return Self.cancelled }
        defer { client.books.session.lost = [] }
        return pool.stateLost(client.books.session.lost)
    }

    private static let cancelled = ErrorMessage(.error, "57014", "canceling statement due to user request")

    private static let readyForQuery: [UInt8] = {
        var writer = MessageWriter()
        writer.readyForQuery()
        return writer.bytes
    }()
}
