/// What we ask of the server on our own, and how our messages are written.
extension StatementRelay {
    /// Sees to it that the server has a statement, and returns what it is called there.
    @inline(__always)
    func prepare(
        _ statement: PreparedStatement, on server: inout ServerStatements, _ replies: inout ReplyQueue,
        _ counters: inout StatCounters, _ circumstances: Circumstances
    ) -> ServerStatements.Copy {
        prepareExecuted(by: statement, on: &server, &replies, &counters, circumstances)
        let known = server.use(statement)
        if let known, !known.isOutdated { return known }
        if let known { evict(known, from: &server, &replies) }
        let copy = makeRoom(for: statement, on: &server, &replies, circumstances)
        replies.requestSent(.parse, for: .pooler, effect: .prepared(copy))
        counters.serverParses &+= 1
        sendParse(copy.name, statement.definition)
        return copy
    }

    /// Enters a statement in the server's book, and closes what is one too many there.
    func makeRoom(
        for statement: PreparedStatement, on server: inout ServerStatements, _ replies: inout ReplyQueue,
        _ circumstances: Circumstances
    ) -> ServerStatements.Copy {
        // What it executes stays.
        let limit = max(circumstances.limit, statement.executed == nil ? 1 : 2)
        while server.count >= limit, let oldest = server.oldest { evict(oldest, from: &server, &replies) }
        let copy = ServerStatements.Copy(
            statement: statement, name: statement.serverName, preparedAt: statement.present)
        server.insert(copy)
        return copy
    }

    func evict(_ copy: ServerStatements.Copy, from server: inout ServerStatements, _ replies: inout ReplyQueue) {
        server.remove(copy.statement)
        replies.requestSent(.close, for: .pooler, effect: .evicted(copy))
        sendClose(copy.name)
    }

    /// Sees to it that a guard is there; true when it had to be prepared.
    @discardableResult
    func prepareGuard(_ index: Int = 0, on server: inout ServerStatements, _ replies: inout ReplyQueue) -> Bool {
        guard !server.hasGuard(index) else { return false }
        server.setGuard(index, true)
        replies.requestSent(.parse, for: .pooler, effect: .guarded(index))
        sendParse(ServerStatements.guardName(index), Self.emptyDefinition)
        return true
    }

    func sendSync(_ replies: inout ReplyQueue) {
        replies.requestSent(.sync, for: .pooler)
        toServer.insertHead(.sync, frameLength: FrameHeader.size, beside: scratch)
    }

    // MARK: - The unnamed statement

    func unnamedChanges(
        _ client: borrowing ClientStatements, _ server: borrowing ServerStatements, isOurs: Bool
    ) -> StatementEffect {
        .unnamed(
            was: UnnamedState(client: client.unnamed, server: server.unnamed, owner: server.unnamedOwner),
            isOurs: isOurs)
    }

    func setUnnamed(
        _ statement: PreparedStatement?, as sent: PreparedStatement?, _ client: inout ClientStatements,
        _ server: inout ServerStatements, _ circumstances: Circumstances
    ) {
        client.unnamed = statement
        server.unnamed = sent
        server.unnamedOwner = circumstances.client
    }

    // MARK: - Messages

    func sendParse(_ name: [UInt8], _ definition: [UInt8]) {
        unsafe definition.withUnsafeBytes { unsafe sendParse(name, RawSpan(_unsafeBytes: $0)) }
    }

    func sendParse(_ name: [UInt8], _ definition: RawSpan) {
        toServer.insertHead(
            .parse, frameLength: FrameHeader.size + name.count + 1 + definition.byteCount, beside: scratch)
        toServer.insert(name, beside: scratch)
        toServer.insert(byte: 0, beside: scratch)
        toServer.insert(definition, beside: scratch)
    }

    func sendClose(_ name: [UInt8]) {
        toServer.insertHead(.close, frameLength: FrameHeader.size + 1 + name.count + 1, beside: scratch)
        toServer.insert(byte: UInt8(ascii: "S"), beside: scratch)
        toServer.insert(name, beside: scratch)
        toServer.insert(byte: 0, beside: scratch)
    }

    /// What is there of a Bind or Describe, with another statement's name.
    func send(_ message: StatementMessage, as name: [UInt8]) {
        let length = message.header.frameLength - message.name.count + name.count
        toServer.insertHead(FrontendMessageType(rawValue: message.header.type), frameLength: length, beside: scratch)
        let bodyStart = message.bytes.lowerBound + FrameHeader.size
        toServer.forward(bodyStart..<message.name.lowerBound, of: scratch)
        toServer.insert(name, beside: scratch)
        toServer.forward(message.name.upperBound..<message.bytes.upperBound, of: scratch)
    }

    /// As above; and keeps it, should the batch have to be sent again.
    @inline(__always)
    func send(
        _ message: StatementMessage, as name: [UInt8], _ server: inout ServerStatements, beginsBatch: Bool
    ) {
        if beginsBatch {
            server.replay.batchBegan()
        } else if !server.replay.isRecording {
            server.replay.abandon()
        }
        let start = toServer.copiedCount(beside: scratch)
        send(message, as: name)
        guard server.replay.isRecording else { return }
        server.replay.messageSent(
            message.request, isWhole: message.isWhole,
            length: message.header.frameLength - message.name.count + name.count)
        if server.replay.isRecording { toServer.withCopied(from: start) { server.replay.append($0) } }
    }

    /// Whether a client's name could be taken for one of ours.
    static func isOurs(_ name: RawSpan) -> Bool { name.hasPrefix("PGBOUNCER_") }

    /// Postgres's error, whose routine drivers look at.
    static let outdatedPlan: ErrorMessage = {
        var error = ErrorMessage(.error, "0A000", "cached plan must not change result type")
        error.routine = "RevalidateCachedQuery"
        return error
    }()
    /// A statement without text, which even a failed transaction takes.
    static let emptyDefinition: [UInt8] = [0, 0, 0]
    /// A syntax error, which the server's log tells like this.
    static let brokenDefinition = Array("refused by pgvalet\0\0\0".utf8)
    static let quotedGuard: [UInt8] = [UInt8(ascii: "\"")] + ServerStatements.guardName + [UInt8(ascii: "\"")]
    /// A name that no statement has.
    static let nobodysName = Array("\(PreparedStatement.namePrefix)none".utf8)
}
