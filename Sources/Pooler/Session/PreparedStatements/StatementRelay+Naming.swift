/// SQL that names prepared statements which only we know by that name.
extension StatementRelay {
    /// A Query with PREPARE, EXECUTE or DEALLOCATE in it, wherever that stands. A statement to be executed is prepared on the
    /// server, and its name there is put in the place of the client's. A name that is given up, or taken once more, is replaced
    /// by that of a guard, so that tag, status and errors are the server's own.
    @inline(never)
    func namingQuery(
        _ bytes: Range<Int>, _ client: inout ClientStatements, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue, _ counters: inout StatCounters, _ circumstances: Circumstances
    ) -> Outcome {
        let text = scratch.queryText(bytes)
        let references = SessionLexer.statementReferences(
            in: text, hasBackslashes: client.queryNames == .someBesideBackslashes)
        guard !references.isEmpty else { return .passOn }
        // Whether a transaction has failed is to be known before something is prepared in it.
        if replies.hasUncertainNames || replies.isStatusPending { return .pause }
        let wasOpen = replies.isPipelineOpen
        let owed = replies.count
        let plan = plan(references, client, &server, &replies, &counters, circumstances)
        // What was prepared ends with a Sync, unless the client's own is still to come.
        if replies.count > owed, !wasOpen { sendSync(&replies) }
        client.pendingDiscard = nil
        client.queuedDiscards = plan.discards
        guard !plan.replacements.isEmpty else {
            guard plan.givesUpNames else { return .passOn }
            enterQuery(&client, &server, &replies, circumstances)
            toServer.forward(bytes, of: scratch)
            return .sentForAnswers
        }
        let was = UnnamedState(client: client.unnamed, server: server.unnamed, owner: server.unnamedOwner)
        setUnnamed(nil, as: nil, &client, &server, circumstances)
        replies.requestSent(.query, effect: .rewritten(was: was, RewrittenQuery(text, plan.replacements)))
        sendQuery(bytes, plan.replacements)
        return plan.givesUpNames ? .sentForAnswers : .sent
    }

    /// What becomes of the names in a text.
    private struct NamingPlan {
        var replacements: [(range: Range<Int>, alias: StatementAlias)] = []
        var discards: [ClientStatements.QueuedDiscard] = []
        var givesUpNames = false
    }

    private func plan(
        _ references: [StatementReference], _ client: borrowing ClientStatements, _ server: inout ServerStatements,
        _ replies: inout ReplyQueue, _ counters: inout StatCounters, _ circumstances: Circumstances
    ) -> NamingPlan {
        var plan = NamingPlan()
        var guardCount = 0
        var gone: Set<[UInt8]> = []
        // All that it executes is to be there at the same time.
        let roomy = Circumstances(
            client: circumstances.client, limit: max(circumstances.limit, references.count),
            status: circumstances.status)
        for reference in references {
            plan.givesUpNames = plan.givesUpNames || reference.verb == .deallocate
            // Behind DEALLOCATE ALL, no name is ours.
            guard let name = reference.name else { break }
            let named = gone.contains(name) ? nil : client[name]
            var guardIndex: Int?
            switch (reference.verb, named) {
            case (.execute, let named?):
                note(named.statement, client, &plan, &gone, &guardCount)
                if guardCount > 0, named.statement.discards != nil { prepareGuard(on: &server, &replies) }
                let resolved = resolve(named.statement, client)
                let copy =
                    circumstances.status == .failed
                    ? nil : prepare(resolved, on: &server, &replies, &counters, roomy)
                plan.replacements.append(
                    (reference.range, StatementAlias(server: copy?.name ?? resolved.serverName, client: name)))
            case (.deallocate, .some), (.prepare, .some):
                guard guardCount < ServerStatements.guardLimit else { break }
                guardIndex = guardCount
                prepareGuard(guardCount, on: &server, &replies)
                let alias = StatementAlias(server: ServerStatements.guardName(guardCount), client: name)
                plan.replacements.append((reference.range, alias))
                guardCount += 1
            case (_, nil):
                break
            }
            if reference.verb == .deallocate {
                gone.insert(name)
                plan.discards.append(ClientStatements.QueuedDiscard(name: name, guardIndex: guardIndex))
            }
        }
        return plan
    }

    /// A statement is executed that may be a DEALLOCATE itself, of a name that the first guard stands for.
    private func note(
        _ statement: PreparedStatement, _ client: borrowing ClientStatements, _ plan: inout NamingPlan,
        _ gone: inout Set<[UInt8]>, _ guardCount: inout Int
    ) {
        guard let command = statement.discards else { return }
        plan.givesUpNames = true
        guard case .name(let name) = command else { return }
        let isOurs = client[name] != nil && !gone.contains(name) && guardCount == 0
        if isOurs { guardCount = 1 }
        gone.insert(name)
        plan.discards.append(ClientStatements.QueuedDiscard(name: name, guardIndex: isOurs ? 0 : nil))
    }

    /// What is bound may give up names, or execute what does: sees to the guard that stands for one.
    @inline(never)
    func discards(
        in statement: PreparedStatement, _ request: ReplyQueue.Request, _ client: inout ClientStatements,
        _ server: inout ServerStatements, _ replies: inout ReplyQueue
    ) {
        var statement = statement
        if let name = statement.executes?.name, let named = client[name] { statement = named.statement }
        if request == .bind { client.pendingDiscard = statement.discards }
        guard let name = statement.nameGivenUpOrTaken, client[name] != nil else { return }
        if request == .bind, statement.prepares != nil { client.takenName = name }
        prepareGuard(on: &server, &replies)
    }

    /// An EXECUTE of a name that only we know, by the name that the statement has on servers.
    func resolveExecuting(
        _ statement: PreparedStatement, _ client: borrowing ClientStatements
    ) -> PreparedStatement {
        guard let reference = statement.executes, let name = reference.name, let target = client[name]?.statement,
            target !== statement, target.executes == nil
        else { return statement }
        let executed = resolve(target, client)
        let definition = statement.definition
        let resolved = table.intern(
            Array(definition[..<reference.range.lowerBound]) + Self.quoted(executed.serverName)
                + definition[reference.range.upperBound...], searchPath: statement.searchPath)
        guard resolved !== executed else { return statement }
        resolved.executed = executed
        return resolved
    }

    /// Sees to it that a server has what a statement executes, under the name that stands in its text.
    @inline(__always)
    func prepareExecuted(
        by statement: PreparedStatement, on server: inout ServerStatements, _ replies: inout ReplyQueue,
        _ counters: inout StatCounters, _ circumstances: Circumstances
    ) {
        guard let executed = statement.executed else { return }
        prepareByName(executed, on: &server, &replies, &counters, circumstances)
    }

    @inline(never)
    private func prepareByName(
        _ statement: PreparedStatement, on server: inout ServerStatements, _ replies: inout ReplyQueue,
        _ counters: inout StatCounters, _ circumstances: Circumstances
    ) {
        // A connection that came from another worker may have it under another name.
        if let copy = server.use(statement), copy.name != statement.serverName {
            evict(copy, from: &server, &replies)
        }
        let roomy = Circumstances(
            client: circumstances.client, limit: max(2, circumstances.limit), status: circumstances.status)
        _ = prepare(statement, on: &server, &replies, &counters, roomy)
    }

    // MARK: - Messages

    /// A Query with other names in the place of some.
    private func sendQuery(_ bytes: Range<Int>, _ replacements: [(range: Range<Int>, alias: StatementAlias)]) {
        let growth = replacements.reduce(0) { $0 + $1.alias.server.count + 2 - $1.range.count }
        toServer.insertHead(.query, frameLength: bytes.count + growth, beside: scratch)
        let start = bytes.lowerBound + FrameHeader.size
        var cursor = start
        for (range, alias) in replacements {
            toServer.forward(cursor..<start + range.lowerBound, of: scratch)
            toServer.insert(Self.quoted(alias.server), beside: scratch)
            cursor = start + range.upperBound
        }
        toServer.forward(cursor..<bytes.upperBound, of: scratch)
    }

    private static func quoted(_ name: [UInt8]) -> [UInt8] { [UInt8(ascii: "\"")] + name + [UInt8(ascii: "\"")] }
}

extension Scratch {
    /// The text of a Query that stands here as a whole.
    @_lifetime(borrow self)
    func queryText(_ bytes: Range<Int>) -> RawSpan {
        let body = self.bytes(bytes.lowerBound + FrameHeader.size..<bytes.upperBound)
        return body.slice(0..<(body.endOfCString(from: 0) ?? body.byteCount))
    }
}
