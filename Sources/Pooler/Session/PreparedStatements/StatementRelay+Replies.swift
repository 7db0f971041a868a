/// What the server's answers say of the books.
extension StatementRelay {
    /// What the client gets for an error of the server.
    enum ErrorTreatment: Equatable {
        case forward
        /// This message in its place.
        case replace([UInt8])
        /// Nothing: the batch has been gathered to be sent once more.
        case repeatBatch
        /// Nothing yet.
        case withhold
    }

    /// Takes back what a failed batch has not done, the last first.
    func takeBack(
        _ client: inout ClientStatements, _ server: inout ServerStatements, _ replies: inout ReplyQueue
    ) {
        for (index, effect) in replies.undone.enumerated().reversed() {
            switch effect {
            case .none, .uses, .misnames, .refuses: break
            case .rewritten(let was, _):
                restoreUnnamed(was, isFirst: index == 0, isOurs: false, &client, &server, &replies)
            case .defined(let named): client.remove(named)
            case .prepared(let copy): server.remove(copy.statement)
            case .definedAndPrepared(let named, let copy):
                client.remove(named)
                server.remove(copy.statement)
            case .closed(let named): client.insert(named)
            case .evicted(let copy): server.insert(copy, asOldest: true)
            case .guarded(let index): server.setGuard(index, false)
            case .unnamed(let was, let isOurs):
                restoreUnnamed(was, isFirst: index == 0, isOurs: isOurs, &client, &server, &replies)
            }
        }
        replies.undoneWasTakenBack()
        if replies.isSkipping { client.pendingDiscard = nil }
    }

    /// `isFirst`: of the requests that were not done, it is the one that failed.
    private func restoreUnnamed(
        _ state: UnnamedState, isFirst: Bool, isOurs: Bool, _ client: inout ClientStatements,
        _ server: inout ServerStatements, _ replies: inout ReplyQueue
    ) {
        var was = state
        if isFirst {
            was.server = nil
            if !isOurs { was.client = nil }
        }
        guard !replies.unnamedWasRestored(to: was) else { return }
        client.unnamed = was.client
        server.unnamed = was.server
        server.unnamedOwner = was.owner
    }

    /// What has failed with an error about a statement.
    struct FailedRequest {
        /// What it was to do.
        let effect: StatementEffect
        /// How many answers were owed before it.
        let requestCount: Int
        var isBind = false
        /// Whether its client has ever asked what the rows of a portal look like.
        var describesPortals = false
    }

    /// An error about a statement has come.
    func errorReceived(
        _ body: RawSpan, for request: FailedRequest, _ server: inout ServerStatements, _ replies: inout ReplyQueue
    ) -> ErrorTreatment {
        let fields = ServerMessageFields(body: body)
        switch request.effect {
        case .refuses(let error):
            return .replace(error.bytes)
        case .misnames(let name, let clientsName):
            return rename(name, clientsName, in: body)
        case .rewritten(_, let query):
            if let cause = query.cause(of: fields) { return .replace(cause) }
            return rename(query.names, in: body) { query.position(of: $0) }
        case .uses(let named, let copy):
            let isFirst = server.replay.requestCount == request.requestCount
            let isRepeatable = server.replay.isComplete && isFirst && replies.awaitsOnlySync
            let mayBeRepeatable =
                server.replay.isRecording && !server.replay.isFlushed && isFirst && request.isBind
                && replies.isEmpty
            let told = rename(copy.name, named.name, in: body)
            if fields.isOutdatedPlan {
                copy.statement.outdated()
                // Values in binary form are of the types that the client knows.
                let isReadable =
                    server.replay.isDescribed || !named.isRead(byDescriptionsOfPortals: request.describesPortals)
                if isRepeatable, isReadable, !server.replay.hasBinaryValues {
                    named.renewed()
                    repeatBatch(named, copy, isThere: true, &server, &replies)
                    return .repeatBatch
                }
                if mayBeRepeatable { return withhold(named, copy, isThere: true, told, body, &server) }
            } else if fields.sqlState == "26000", fields.message.utf8.contains(copy.name) {
                // Dropped behind our back, by a DEALLOCATE in a function for instance.
                server.remove(copy.statement)
                if isRepeatable {
                    repeatBatch(named, copy, isThere: false, &server, &replies)
                    return .repeatBatch
                }
                if mayBeRepeatable { return withhold(named, copy, isThere: false, told, body, &server) }
            }
            return told
        case .definedAndPrepared(let named, let copy):
            if fields.sqlState == "42P05" { server.isUnreliable = true }
            return rename(copy.name, named.name, in: body)
        case .prepared(let copy):
            if fields.sqlState == "42P05" { server.isUnreliable = true }
            return replies.preparationFailed(of: copy.name, message(body)) ? .withhold : .forward
        case .none, .defined, .closed, .evicted, .guarded, .unnamed:
            return .forward
        }
    }

    private func withhold(
        _ named: NamedStatement, _ copy: ServerStatements.Copy, isThere: Bool, _ told: ErrorTreatment, _ body: RawSpan,
        _ server: inout ServerStatements
    ) -> ErrorTreatment {
        var error: [UInt8]
        if case .replace(let message) = told {
            error = message
        } else {
            error = self.message(body)
        }
        server.withheld = ServerStatements.WithheldFailure(named: named, copy: copy, isThere: isThere, error: error)
        return .withhold
    }

    /// An ErrorResponse with this body.
    private func message(_ body: RawSpan) -> [UInt8] {
        var writer = MessageWriter()
        writer.message(BackendMessageType.errorResponse) { $0.raw(body.array()) }
        return writer.bytes
    }

    /// More of a batch has been sent whose Bind failed, or something else: once it is known whether it can be sent again, that is
    /// done; otherwise what the client gets now is returned.
    @inline(never)
    func settleWithheld(
        _ server: inout ServerStatements, _ replies: inout ReplyQueue, describesPortals: Bool
    ) -> [UInt8]? {
        guard let failure = server.withheld, !server.replay.isRecording || server.replay.isFlushed else { return nil }
        server.withheld = nil
        let isReadable =
            server.replay.isDescribed || !failure.named.isRead(byDescriptionsOfPortals: describesPortals)
        guard server.replay.isComplete, replies.awaitsOnlySync,
            !failure.isThere || (isReadable && !server.replay.hasBinaryValues)
        else {
            server.replay.abandon()
            return failure.error
        }
        if failure.isThere { failure.named.renewed() }
        repeatBatch(failure.named, failure.copy, isThere: failure.isThere, &server, &replies)
        return nil
    }

    /// Gathers the batch that failed at its first message once more, behind a fresh Parse.
    private func repeatBatch(
        _ named: NamedStatement, _ stale: ServerStatements.Copy, isThere: Bool, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue
    ) {
        replies.failedBatchIsRepeated()
        // The name stays, because it is in the messages that are sent again.
        let copy = ServerStatements.Copy(
            statement: stale.statement, name: stale.name, preparedAt: stale.statement.present)
        if isThere { evict(stale, from: &server, &replies) }
        server.insert(copy)
        replies.requestSent(.parse, for: .pooler, effect: .prepared(copy))
        sendParse(copy.name, copy.statement.definition)
        for request in server.replay.requests {
            let isUse = request == .bind || request == .describeStatement
            replies.requestSent(request, effect: isUse ? .uses(named, copy) : .none)
        }
        toServer.insert(server.replay.bytes, beside: scratch)
        server.replay.abandon()
    }

    /// A command has ended, as its tag says. For nearly all tags a byte or two decide.
    @inline(__always)
    func commandCompleted(_ tag: RawSpan, _ client: inout ClientStatements, _ server: inout ServerStatements) {
        guard tag.byteCount > 10, tag.uint8(at: 0) == UInt8(ascii: "D") else { return }
        discarded(tag, &client, &server)
    }

    @inline(never)
    private func discarded(_ tag: RawSpan, _ client: inout ClientStatements, _ server: inout ServerStatements) {
        if tag.equals("DEALLOCATE ALL\0") || tag.equals("DISCARD ALL\0") {
            client.removeAllNames()
            server.removeAllNames()
        } else if tag.equals("DEALLOCATE\0"), let discard = client.takeDiscard() {
            if let index = discard.guardIndex {
                if let named = client[discard.name] { client.remove(named) }
                server.setGuard(index, false)
            } else if discard.name.starts(with: PreparedStatement.namePrefix.utf8) {
                server.isUnreliable = true
            }
        }
    }

    /// The error with the client's name for a statement where the server has put its own.
    private func rename(_ name: [UInt8], _ clientsName: [UInt8], in body: RawSpan) -> ErrorTreatment {
        rename([StatementAlias(server: name, client: clientsName)], in: body) { $0 }
    }

    /// As above; `position`: where in the client's text a character of the server's stands.
    private func rename(
        _ names: [StatementAlias], in body: RawSpan, position: (Int) -> Int
    ) -> ErrorTreatment {
        let quote = [UInt8(ascii: "\"")]
        var result: [UInt8] = []
        var cursor = 0
        var isChanged = false
        while cursor < body.byteCount, body.uint8(at: cursor) != 0,
            let end = body.endOfCString(from: cursor + 1)
        {
            var field = body.slice(cursor..<end).array()
            if field.first == UInt8(ascii: "M") {
                for name in names {
                    guard let found = field.firstRange(of: quote + name.server + quote) else { continue }
                    field.replaceSubrange(found, with: quote + name.client + quote)
                    isChanged = true
                    break
                }
            } else if field.first == UInt8(ascii: "P"),
                let old = Int(String(decoding: field.dropFirst(), as: UTF8.self))
            {
                let new = position(old)
                if new != old {
                    field = [UInt8(ascii: "P")] + Array(String(new).utf8)
                    isChanged = true
                }
            }
            result += field + [0]
            cursor = end + 1
        }
        guard isChanged else { return .forward }
        var writer = MessageWriter()
        writer.message(BackendMessageType.errorResponse) { message in
            message.raw(result)
            message.uint8(0)
        }
        return .replace(writer.bytes)
    }
}

extension ServerMessageFields {
    /// "cached plan must not change result type", in any language.
    fileprivate var isOutdatedPlan: Bool { sqlState == "0A000" && routine == "RevalidateCachedQuery" }
}
