/// Puts the statements that a client believes in on the server that it has: renames them, prepares what is missing, makes
/// answers up for what the server need not be asked, and keeps both books.
///
/// A machine over the two books and the queue of answers: what goes to the server is gathered in an `Assembly`, nothing is
/// sent here. The books are those of a session in which everything sent so far is executed. That holds within a batch (the
/// messages up to a Sync): if one fails, the server skips the rest, and `takeBack` undoes it. It does not hold from one
/// batch to the next, so a message that depends on names waits while an earlier batch may still fail to define them.
struct StatementRelay {
    let table: StatementTable
    let toServer: Assembly
    let scratch: Scratch

    /// The server and its client, for the time of one message.
    struct Circumstances {
        /// The client's `id`.
        let client: UInt64
        /// max_prepared_statements.
        let limit: Int
        /// As of the last ReadyForQuery.
        let status: TransactionStatus
        /// Whether a Bind of a statement that may change the session is to be looked at first.
        var heedsSession = false
        /// Whether there may be statements that SQL PREPARE has given names to.
        var mayHoldSQLStatements = false
    }

    /// What became of a message.
    enum Outcome: Equatable {
        /// To be forwarded as it is, and entered as a request of the client.
        case passOn
        /// Its head has been gathered; what follows of the frame goes behind it.
        case sent
        /// As `sent`; what the client says next waits for every answer.
        case sentForAnswers
        /// The server does not get it.
        case absorbed
        /// It has to wait.
        case pause
        /// It waits for what is no business of statements.
        case waits
        /// It has to wait until it is known what follows it.
        case needsFollower
        /// Nothing yet: what it binds may change the session.
        case changesSession
    }

    // MARK: - Parse

    /// A whole Parse. `range` is where it stands in scratch, if it does.
    func parse(
        _ message: borrowing ParseMessage, at range: Range<Int>?, _ client: inout ClientStatements,
        _ server: inout ServerStatements, _ replies: inout ReplyQueue, _ counters: inout StatCounters,
        _ circumstances: Circumstances
    ) -> Outcome {
        if replies.isSkipping { return .passOn }
        let statement = statement(for: message, searchPath: client.searchPath)
        if replies.hasUncertainNames, !message.name.isEmpty || statement.dependsOnNames { return .pause }
        server.replay.abandon()
        if message.name.isEmpty {
            return parseUnnamed(message, statement, at: range, &client, &server, &replies, &counters, circumstances)
        }
        counters.clientParses &+= 1
        let name = message.frame.slice(message.name)
        if client[name] != nil {
            // The server itself checks text and transaction first, and then finds the name taken.
            prepareGuard(on: &server, &replies)
            replies.requestSent(.parse, effect: .misnames(server: ServerStatements.guardName, client: name.array()))
            sendParse(ServerStatements.guardName, message.definition)
            return .sent
        }
        let isOurs = Self.isOurs(name)
        let named = NamedStatement(name: Array(name.array().prefix(ClientStatements.nameLimit)), statement: statement)
        let resolved = resolve(statement, client)
        client.insert(named)
        if circumstances.status != .failed {
            prepareExecuted(by: resolved, on: &server, &replies, &counters, circumstances)
        }
        if circumstances.mayHoldSQLStatements, !isOurs {
            parseBesideSQL(named, resolved, &replies, &counters)
            return .sent
        }
        let known = server.use(resolved)
        if let known, !known.isOutdated, circumstances.status != .failed, !replies.isStatusPending {
            replies.requestSent(.parse, for: .madeUp, effect: .defined(named))
            return .absorbed
        }
        // In a transaction that has failed, or may have, the server is to say what it thinks of a Parse.
        if let known { evict(known, from: &server, &replies) }
        let copy = makeRoom(for: resolved, on: &server, &replies, circumstances)
        replies.requestSent(.parse, effect: .definedAndPrepared(named, copy))
        counters.serverParses &+= 1
        sendParse(copy.name, resolved.definition)
        return .sent
    }

    /// A Parse of a name that a PREPARE in SQL may have taken: the server itself says so, if it gets the name. If not, the name
    /// is free again at once, and the statement is prepared under ours with its first use.
    @inline(never)
    private func parseBesideSQL(
        _ named: NamedStatement, _ resolved: PreparedStatement, _ replies: inout ReplyQueue,
        _ counters: inout StatCounters
    ) {
        replies.requestSent(.parse, effect: .defined(named))
        counters.serverParses &+= 1
        sendParse(named.name, resolved.definition)
        replies.requestSent(.close, for: .pooler)
        sendClose(named.name)
    }

    private func parseUnnamed(
        _ message: borrowing ParseMessage, _ statement: PreparedStatement, at range: Range<Int>?,
        _ client: inout ClientStatements, _ server: inout ServerStatements, _ replies: inout ReplyQueue,
        _ counters: inout StatCounters, _ circumstances: Circumstances
    ) -> Outcome {
        let resolved = resolve(statement, client)
        prepareExecuted(by: resolved, on: &server, &replies, &counters, circumstances)
        let effect = unnamedChanges(client, server, isOurs: false)
        setUnnamed(statement, as: resolved, &client, &server, circumstances)
        replies.requestSent(.parse, effect: effect)
        if let range, resolved === statement {
            toServer.forward(range, of: scratch)
        } else {
            sendParse([], resolved.definition)
        }
        return .sent
    }

    /// An unnamed Parse that is too long to be kept: it passes by, and cannot be prepared again elsewhere.
    func parsePassedBy(
        _ client: inout ClientStatements, _ server: inout ServerStatements, _ replies: inout ReplyQueue,
        _ circumstances: Circumstances
    ) {
        guard !replies.isSkipping else { return }
        server.replay.abandon()
        let effect = unnamedChanges(client, server, isOurs: false)
        let unkept = PreparedStatement.unkept()
        setUnnamed(unkept, as: unkept, &client, &server, circumstances)
        replies.requestSent(.parse, effect: effect)
    }

    /// A request that cannot be taken: the server gets one at which it fails, so that its transaction fails as it should, and
    /// the client gets our error in the place of the server's.
    func refuse(_ error: ErrorMessage, _ replies: inout ReplyQueue) {
        guard !replies.isSkipping else { return }
        replies.requestSent(.parse, effect: .refuses(error))
        sendParse(ServerStatements.guardName, Self.brokenDefinition)
    }

    /// What a Parse defines.
    private func statement(for message: borrowing ParseMessage, searchPath: [UInt8]) -> PreparedStatement {
        let leading = LeadingCommand(message.frame.slice(message.text))
        return table.intern(message.definition, discards: leading?.command, searchPath: searchPath)
    }

    /// What is prepared on a server for a statement: the same, unless it is a DEALLOCATE or EXECUTE of a name that only we know.
    /// The one is turned to the guard, the other to the name that the statement has on servers.
    @inline(__always)
    func resolve(
        _ statement: PreparedStatement, _ client: borrowing ClientStatements
    ) -> PreparedStatement {
        statement.dependsOnNames ? resolveNaming(statement, client) : statement
    }

    private func resolveNaming(
        _ statement: PreparedStatement, _ client: borrowing ClientStatements
    ) -> PreparedStatement {
        if statement.executes != nil { return resolveExecuting(statement, client) }
        guard let name = statement.nameGivenUpOrTaken, client[name] != nil else { return statement }
        if let turned = statement.turnedToGuard { return turned }
        let definition = statement.definition
        let place: Range<Int>? = unsafe definition.withUnsafeBytes { raw in
            if let reference = statement.prepares { return reference.range }
            let span = unsafe RawSpan(_unsafeBytes: raw)
            guard let end = span.endOfCString(from: 0) else { return nil }
            return LeadingCommand(span.slice(0..<end))?.name
        }
        statement.turnedToGuard = place.map {
            table.intern(Array(definition[..<$0.lowerBound]) + Self.quotedGuard + definition[$0.upperBound...])
        }
        return statement.turnedToGuard ?? statement
    }

    // MARK: - Bind, Describe, Close

    /// A Bind or Describe of a statement.
    @inline(__always)
    func use(
        _ message: StatementMessage, _ client: inout ClientStatements, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue, _ counters: inout StatCounters, _ circumstances: Circumstances
    ) -> Outcome {
        if replies.isSkipping { return .passOn }
        if message.name.isEmpty {
            return useUnnamed(message, &client, &server, &replies, &counters, circumstances)
        }
        if replies.hasUncertainNames { return .pause }
        let name = scratch.bytes(message.name)
        guard let named = client[name] else { return useUnknown(message, &server, &replies) }
        if named.statement.changesSession, circumstances.heedsSession, message.request == .bind {
            return .changesSession
        }
        if named.isOutdated {
            guard let outcome = useOutdated(message, named, client, &server, &replies) else { return .needsFollower }
            if outcome != .passOn { return outcome }
        } else if message.request == .describeStatement {
            named.described()
        }
        let beginsBatch = circumstances.status == .idle && replies.isUntouched
        let statement = resolve(named.statement, client)
        if message.request == .bind {
            counters.binds &+= 1
            client.pendingDiscard = named.statement.discards
        }
        if named.statement.dependsOnNames {
            discards(in: named.statement, message.request, &client, &server, &replies)
        }
        let copy = prepare(statement, on: &server, &replies, &counters, circumstances)
        replies.requestSent(message.request, effect: .uses(named, copy))
        send(message, as: copy.name, &server, beginsBatch: beginsBatch)
        return .sent
    }

    /// The result type has changed since the client was told it. With a Describe the client learns the new one; without, it
    /// would read rows by the old one, so that it must get Postgres's error for that, unless it has never been told any. Nil while
    /// it is not known what follows.
    @inline(never)
    private func useOutdated(
        _ message: StatementMessage, _ named: NamedStatement, _ client: borrowing ClientStatements,
        _ server: inout ServerStatements, _ replies: inout ReplyQueue
    ) -> Outcome? {
        if message.request == .bind {
            guard named.isRead(byDescriptionsOfPortals: client.describesPortals) else {
                named.renewed()
                return .passOn
            }
            if message.isWhole, message.follower == nil { return nil }
            guard message.isWhole, message.follower == .describe else {
                server.replay.abandon()
                refuse(Self.outdatedPlan, &replies)
                return .absorbed
            }
        }
        named.described()
        return .passOn
    }

    /// A name that the client has not given to any statement: unless the session has it by other means, it is the server that
    /// says so.
    private func useUnknown(
        _ message: StatementMessage, _ server: inout ServerStatements, _ replies: inout ReplyQueue
    ) -> Outcome {
        server.replay.abandon()
        let name = scratch.bytes(message.name)
        guard Self.isOurs(name) else { return .passOn }
        replies.requestSent(message.request, effect: .misnames(server: Self.nobodysName, client: name.array()))
        send(message, as: Self.nobodysName)
        return .sent
    }

    private func useUnnamed(
        _ message: StatementMessage, _ client: inout ClientStatements, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue, _ counters: inout StatCounters, _ circumstances: Circumstances
    ) -> Outcome {
        if replies.hasUncertainUnnamed { return .pause }
        if replies.hasUncertainNames, client.unnamed?.dependsOnNames ?? false { return .pause }
        if circumstances.heedsSession, message.request == .bind, client.unnamed?.changesSession ?? false {
            return .changesSession
        }
        server.replay.abandon()
        let wanted = client.unnamed.map { resolve($0, client) }
        if let wanted { prepareExecuted(by: wanted, on: &server, &replies, &counters, circumstances) }
        let isThere = wanted === server.unnamed && (wanted == nil || server.unnamedOwner == circumstances.client)
        if !isThere {
            let effect = unnamedChanges(client, server, isOurs: true)
            if let wanted, wanted.isKept {
                setUnnamed(client.unnamed, as: wanted, &client, &server, circumstances)
                replies.requestSent(.parse, for: .pooler, effect: effect)
                sendParse([], wanted.definition)
            } else {
                // None, or none any more: nobody else's may answer in its place.
                setUnnamed(nil, as: nil, &client, &server, circumstances)
                replies.requestSent(.close, for: .pooler, effect: effect)
                sendClose([])
            }
        }
        if message.request == .bind { client.pendingDiscard = client.unnamed?.discards }
        if let unnamed = client.unnamed, unnamed.dependsOnNames {
            discards(in: unnamed, message.request, &client, &server, &replies)
        }
        return .passOn
    }

    /// A Close of a statement: named ones stay on the server for others.
    func close(
        _ message: StatementMessage, _ client: inout ClientStatements, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue, _ circumstances: Circumstances
    ) -> Outcome {
        if replies.isSkipping { return .passOn }
        if replies.hasUncertainNames, !message.name.isEmpty { return .pause }
        server.replay.abandon()
        if message.name.isEmpty {
            let effect = unnamedChanges(client, server, isOurs: false)
            setUnnamed(nil, as: nil, &client, &server, circumstances)
            replies.requestSent(.close, effect: effect)
            toServer.forward(message.bytes, of: scratch)
            return .sent
        }
        let name = scratch.bytes(message.name)
        if let named = client[name] {
            client.remove(named)
            replies.requestSent(.close, for: .madeUp, effect: .closed(named))
            return .absorbed
        }
        guard Self.isOurs(name) else { return .passOn }
        replies.requestSent(.close, for: .madeUp)
        return .absorbed
    }

    // MARK: - Query, Execute

    /// A simple Query: it destroys the unnamed statement, and may give up named ones. One that is not there as a whole is too
    /// long for that.
    @inline(__always)
    func query(
        _ bytes: Range<Int>, isWhole: Bool, _ client: inout ClientStatements, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue, _ counters: inout StatCounters, _ circumstances: Circumstances
    ) -> Outcome {
        if replies.isSkipping { return .passOn }
        server.replay.abandon()
        if isWhole, client.queryNames != .none {
            let outcome = namingQuery(bytes, &client, &server, &replies, &counters, circumstances)
            if outcome != .passOn { return outcome }
        }
        if isWhole, bytes.count > FrameHeader.size,
            LeadingCommand.mayBegin(scratch.bytes(bytes).uint8(at: FrameHeader.size))
        {
            let outcome = discardingQuery(bytes, &client, &server, &replies, circumstances)
            if outcome != .passOn { return outcome }
        }
        guard client.unnamed != nil || server.unnamed != nil || replies.hasUnsettledUnnamed else { return .passOn }
        enterQuery(&client, &server, &replies, circumstances)
        toServer.forward(bytes, of: scratch)
        return .sent
    }

    private func discardingQuery(
        _ bytes: Range<Int>, _ client: inout ClientStatements, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue, _ circumstances: Circumstances
    ) -> Outcome {
        guard let leading = LeadingCommand(scratch.queryText(bytes)) else { return .passOn }
        if replies.hasUncertainNames { return .pause }
        client.pendingDiscard = leading.command
        enterQuery(&client, &server, &replies, circumstances)
        toServer.forward(bytes, of: scratch)
        return .sentForAnswers
    }

    /// An Execute, which runs what was bound last as far as we care.
    @inline(__always)
    func execute(
        _ bytes: Range<Int>, isWhole: Bool, _ client: inout ClientStatements, _ replies: inout ReplyQueue
    ) -> Outcome {
        guard client.pendingDiscard != nil || client.takenName != nil, isWhole, !replies.isSkipping else {
            return .passOn
        }
        if let name = client.takenName {
            // It fails, with our name where the client's belongs.
            client.takenName = nil
            replies.requestSent(.execute, effect: .misnames(server: ServerStatements.guardName, client: name))
            toServer.forward(bytes, of: scratch)
            return .sent
        }
        guard let command = client.pendingDiscard else { return .passOn }
        switch command {
        case .any: replies.requestSent(.execute)
        case .name(let name):
            replies.requestSent(.execute, effect: .misnames(server: ServerStatements.guardName, client: name))
        }
        toServer.forward(bytes, of: scratch)
        toServer.insertHead(.flush, frameLength: FrameHeader.size, beside: scratch)
        return .sentForAnswers
    }

    func enterQuery(
        _ client: inout ClientStatements, _ server: inout ServerStatements, _ replies: inout ReplyQueue,
        _ circumstances: Circumstances
    ) {
        let effect = unnamedChanges(client, server, isOurs: false)
        setUnnamed(nil, as: nil, &client, &server, circumstances)
        replies.requestSent(.query, effect: effect)
    }
}
