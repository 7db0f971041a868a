/// Gives the prepared statements of a worker their places in the list that its record begins with.
struct StatementRecorder {
    private(set) var records: [StatementRecord] = []
    private var places: [ObjectIdentifier: Int] = [:]

    mutating func place(of statement: PreparedStatement) -> Int {
        if let place = places[ObjectIdentifier(statement)] { return place }
        places[ObjectIdentifier(statement)] = records.count
        records.append(
            StatementRecord(
                definition: statement.definition, discards: statement.discards, searchPath: statement.searchPath,
                changedAt: statement.changedAt, isKept: statement.isKept))
        return records.count - 1
    }

    mutating func record(_ copy: ServerStatements.Copy) -> CopyRecord {
        CopyRecord(statement: place(of: copy.statement), name: copy.name, preparedAt: copy.preparedAt)
    }

    mutating func record(_ statements: borrowing ServerStatements) -> ServerStatementsRecord {
        var record = ServerStatementsRecord()
        for copy in statements.copies { record.copies.append(self.record(copy)) }
        record.guards = statements.guards
        record.isUnreliable = statements.isUnreliable
        if let unnamed = statements.unnamed { record.unnamed = place(of: unnamed) }
        record.unnamedOwner = statements.unnamedOwner
        return record
    }

    mutating func record(
        _ statements: borrowing ClientStatements, _ names: inout NameRecorder
    ) -> ClientStatementsRecord {
        for named in statements.all { _ = names.place(of: named, isPresent: true, &self) }
        var record = ClientStatementsRecord()
        if let unnamed = statements.unnamed { record.unnamed = place(of: unnamed) }
        record.describesPortals = statements.describesPortals
        record.searchPath = statements.searchPath
        record.pendingDiscard = statements.pendingDiscard
        record.takenName = statements.takenName
        record.queuedDiscards = statements.queuedDiscards.map { .init(name: $0.name, guardIndex: $0.guardIndex) }
        record.queryNames = statements.queryNames
        record.pause = statements.pause
        return record
    }

    mutating func record(_ replies: borrowing ReplyQueue, _ names: inout NameRecorder) -> ReplyQueueRecord {
        var record = ReplyQueueRecord()
        record.flags = replies.flags
        for entry in replies.owed {
            record.entries.append(
                .init(
                    request: entry.request, recipient: entry.recipient,
                    effect: self.record(entry.effect, &names)))
        }
        return record
    }

    private mutating func record(_ effect: StatementEffect, _ names: inout NameRecorder) -> EffectOnStatements {
        switch effect {
        case .none: .none
        case .defined(let named): .defined(names.place(of: named, isPresent: false, &self))
        case .prepared(let copy): .prepared(record(copy))
        case .definedAndPrepared(let named, let copy):
            .definedAndPrepared(names.place(of: named, isPresent: false, &self), record(copy))
        case .closed(let named): .closed(names.place(of: named, isPresent: false, &self))
        case .evicted(let copy): .evicted(record(copy))
        case .guarded(let index): .guarded(index)
        // Should the Query fail, the client reads our name for the statement in its error.
        case .rewritten(let was, _): record(.unnamed(was: was, isOurs: false), &names)
        case .unnamed(let was, let isOurs):
            .unnamed(
                client: was.client.map { place(of: $0) }, server: was.server.map { place(of: $0) }, owner: was.owner,
                isOurs: isOurs)
        case .uses(let named, let copy): .uses(names.place(of: named, isPresent: false, &self), record(copy))
        case .misnames(let server, let client): .misnames(server: server, client: client)
        case .refuses(let error):
            .refuses(
                ErrorRecord(
                    severity: error.severity.rawValue, sqlState: error.sqlState, message: error.message,
                    detail: error.detail, hint: error.hint, routine: error.routine))
        }
    }
}

/// Gives the names of one client their places.
struct NameRecorder {
    private(set) var records: [NamedStatementRecord] = []
    private var places: [ObjectIdentifier: Int] = [:]

    mutating func place(of named: NamedStatement, isPresent: Bool, _ statements: inout StatementRecorder) -> Int {
        if let place = places[ObjectIdentifier(named)] { return place }
        places[ObjectIdentifier(named)] = records.count
        records.append(
            NamedStatementRecord(
                name: named.name, statement: statements.place(of: named.statement), knownAt: named.knownAt,
                isPresent: isPresent, wasDescribed: named.wasDescribed))
        return records.count - 1
    }
}

/// The same statements as objects of the worker that took them over: those that somebody there refers to.
final class StatementRestorer {
    private let records: [StatementRecord]
    private let table: StatementTable
    private var restored: [PreparedStatement?]

    init(_ records: [StatementRecord], among table: StatementTable) {
        self.records = records
        self.table = table
        restored = Array(repeating: nil, count: records.count)
    }

    private func statement(_ place: Int) -> PreparedStatement {
        if let statement = restored[place] { return statement }
        let statement = restore(records[place])
        restored[place] = statement
        return statement
    }

    private func restore(_ record: StatementRecord) -> PreparedStatement {
        guard record.isKept else { return .unkept() }
        let statement = table.intern(record.definition, discards: record.discards, searchPath: record.searchPath)
        statement.changed(at: record.changedAt)
        return statement
    }

    func names(_ records: [NamedStatementRecord]) -> [NamedStatement] {
        records.map {
            NamedStatement(
                name: $0.name, statement: statement($0.statement), knownAt: $0.knownAt, wasDescribed: $0.wasDescribed)
        }
    }

    func clientStatements(_ record: ClientStatementsRecord, _ names: [NamedStatement]) -> ClientStatements {
        var result = ClientStatements()
        for (named, record) in zip(names, record.named) where record.isPresent { result.insert(named) }
        result.unnamed = record.unnamed.map { statement($0) }
        result.describesPortals = record.describesPortals
        result.searchPath = record.searchPath
        result.pendingDiscard = record.pendingDiscard
        result.takenName = record.takenName
        result.queuedDiscards = record.queuedDiscards.map { .init(name: $0.name, guardIndex: $0.guardIndex) }
        result.queryNames = record.queryNames
        result.pause = record.pause
        return result
    }

    func serverStatements(_ record: ServerStatementsRecord) -> ServerStatements {
        var result = ServerStatements()
        for copy in record.copies { result.insert(self.copy(copy)) }
        for index in 0..<ServerStatements.guardLimit where record.guards & (1 << UInt32(index)) != 0 {
            result.setGuard(index, true)
        }
        result.isUnreliable = record.isUnreliable
        result.unnamed = record.unnamed.map { statement($0) }
        result.unnamedOwner = record.unnamedOwner
        return result
    }

    func replies(_ record: ReplyQueueRecord, _ names: [NamedStatement]) -> ReplyQueue {
        ReplyQueue(
            record.entries.map { (request: $0.request, recipient: $0.recipient, effect: effect($0.effect, names)) },
            record.flags)
    }

    private func copy(_ record: CopyRecord) -> ServerStatements.Copy {
        ServerStatements.Copy(
            statement: statement(record.statement), name: record.name, preparedAt: record.preparedAt)
    }

    private func effect(_ record: EffectOnStatements, _ names: [NamedStatement]) -> StatementEffect {
        switch record {
        case .none: .none
        case .defined(let name): .defined(names[name])
        case .prepared(let copy): .prepared(self.copy(copy))
        case .definedAndPrepared(let name, let copy): .definedAndPrepared(names[name], self.copy(copy))
        case .closed(let name): .closed(names[name])
        case .evicted(let copy): .evicted(self.copy(copy))
        case .guarded(let index): .guarded(index)
        case .unnamed(let client, let server, let owner, let isOurs):
            .unnamed(
                was: UnnamedState(
                    client: client.map { statement($0) }, server: server.map { statement($0) }, owner: owner),
                isOurs: isOurs)
        case .uses(let name, let copy): .uses(names[name], self.copy(copy))
        case .misnames(let server, let client): .misnames(server: server, client: client)
        case .refuses(let record):
            .refuses(record.error)
        }
    }
}

extension ErrorRecord {
    fileprivate var error: ErrorMessage {
        var error = ErrorMessage(
            ErrorMessage.Severity(rawValue: severity) ?? .error, sqlState, message, detail: detail, hint: hint)
        error.routine = routine
        return error
    }
}
