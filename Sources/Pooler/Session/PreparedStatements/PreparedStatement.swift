/// What a Parse prepares: query text and parameter types. One object stands for all Parse messages with the same bytes, from
/// whatever client; it lives as long as a client or a server refers to it.
final class PreparedStatement {
    /// The body of a Parse behind the statement's name: query text, its zero byte, the list of parameter types.
    let definition: [UInt8]
    let hash: Int
    /// Unique over all workers, since servers move between them.
    private let number: UInt64
    /// What it is called on servers.
    private(set) lazy var serverName = Array("\(Self.namePrefix)\(number)".utf8)
    /// The session state that running it takes away, as far as statements are concerned.
    let discards: DiscardCommand?
    /// What running it may do to the session.
    let effects: SessionEffects
    /// Whether that is anything.
    let changesSession: Bool
    /// The search_path of the client that prepared it, where that is one of its own: elsewhere the same names may mean other
    /// tables, and so other types of parameters and columns.
    let searchPath: [UInt8]
    /// The number of the latest change of its result type, zero while none is known: what was prepared before is prepared anew.
    fileprivate(set) var changedAt: UInt64 = 0
    /// For a DEALLOCATE or PREPARE of a name: the same of the guard, once somebody needed it.
    var turnedToGuard: PreparedStatement?
    /// Where its text is an EXECUTE: the name in it.
    let executes: StatementReference?
    /// Where it is a PREPARE: the name in it.
    let prepares: StatementReference?
    /// Whether what it does depends on a name that its client has given.
    let dependsOnNames: Bool
    /// The name in a DEALLOCATE or PREPARE, for which a guard stands where it is one of the protocol's.
    var nameGivenUpOrTaken: [UInt8]? {
        if case .name(let name) = discards { return name }
        return prepares?.name
    }
    /// For an EXECUTE by a name of ours: the statement of that name, which has to be where this one is.
    var executed: PreparedStatement?
    private let table: StatementTable?

    /// PgBouncer's names, which people look for in pg_prepared_statements.
    static let namePrefix = "PGBOUNCER_"

    init(
        definition: [UInt8], hash: Int, number: UInt64, discards: DiscardCommand?, effects: SessionEffects,
        executes: StatementReference? = nil, prepares: StatementReference? = nil, searchPath: [UInt8],
        table: StatementTable?
    ) {
        self.executes = executes
        self.prepares = prepares
        dependsOnNames = discards != nil || executes != nil || prepares != nil
        self.definition = definition
        self.hash = hash
        self.discards = discards
        self.effects = effects
        self.searchPath = searchPath
        changesSession = !effects.isEmpty
        self.number = number
        self.table = table
    }

    /// A statement whose text is not kept, because it is too long: it exists only where it was prepared.
    static func unkept() -> PreparedStatement {
        PreparedStatement(
            definition: [], hash: 0, number: 0, discards: nil, effects: .anything, searchPath: [], table: nil)
    }

    /// Whether it can be prepared again.
    var isKept: Bool { table != nil }

    deinit { table?.forget(self) }

    /// The result type has changed under it.
    func outdated() {
        guard let table else { return }
        changedAt = table.numbers.makeChange()
        table.announceChange(definition, changedAt)
    }

    /// Another worker knows of a change.
    func changed(at number: UInt64) { changedAt = max(changedAt, number) }

    /// What is prepared or described now is so after this change.
    var present: UInt64 { table?.numbers.latestChange ?? 0 }
}

/// A worker's prepared statements by definition. It does not keep them: each takes itself out when its last user lets go.
@safe
final class StatementTable {
    private var statements = unsafe OpenTable<Unmanaged<PreparedStatement>>()
    let numbers: StatementNumbers
    /// Tells other workers that a statement's result type has changed.
    fileprivate let announceChange: ([UInt8], UInt64) -> Void

    init(numbers: StatementNumbers, announceChange: @escaping ([UInt8], UInt64) -> Void = { _, _ in }) {
        self.numbers = numbers
        self.announceChange = announceChange
    }

    var count: Int { unsafe statements.count }

    /// The statement with this definition; made now if there is none.
    func intern(
        _ definition: RawSpan, discards: DiscardCommand? = nil, searchPath: [UInt8] = []
    ) -> PreparedStatement {
        let hash = definition.hashOfBytes()
        let found = unsafe statements.first(hash: hash) { candidate in
            let statement = unsafe candidate.takeUnretainedValue()
            return definition.equals(statement.definition) && statement.discards == discards
                && statement.searchPath == searchPath
        }
        if let found = unsafe found { return unsafe found.takeUnretainedValue() }
        let text = definition.slice(0..<(definition.endOfCString(from: 0) ?? 0))
        let effects = SessionLexer.effects(of: text)
        let references = effects.namesStatements ? SessionLexer.statementReferences(in: text) : []
        let statement = PreparedStatement(
            definition: definition.array(), hash: hash, number: numbers.makeName(), discards: discards,
            effects: effects, executes: references.first { $0.verb == .execute },
            prepares: references.first { $0.verb == .prepare }, searchPath: searchPath, table: self)
        unsafe statements.insert(.passUnretained(statement), hash: hash)
        return statement
    }

    /// As above, for a definition that is not in a message.
    func intern(
        _ definition: [UInt8], discards: DiscardCommand? = nil, searchPath: [UInt8] = []
    ) -> PreparedStatement {
        unsafe definition.withUnsafeBytes {
            unsafe intern(RawSpan(_unsafeBytes: $0), discards: discards, searchPath: searchPath)
        }
    }

    /// Another worker has found that the result type of a statement has changed.
    func changed(_ definition: [UInt8], at number: UInt64) {
        let found = unsafe statements.first(hash: definition.hashOfBytes()) { candidate in
            unsafe candidate.takeUnretainedValue().definition == definition
        }
        if let found = unsafe found { unsafe found.takeUnretainedValue().changed(at: number) }
    }

    fileprivate func forget(_ statement: PreparedStatement) {
        let pointer = unsafe Unmanaged.passUnretained(statement).toOpaque()
        unsafe statements.remove(hash: statement.hash) { unsafe $0.toOpaque() == pointer }
    }
}
