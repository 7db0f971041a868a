/// A name that a client has given to a statement.
final class NamedStatement {
    /// As the client wrote it, up to Postgres's 63 bytes.
    let name: [UInt8]
    let statement: PreparedStatement
    /// The latest change of any statement when the client named or described it.
    private(set) var knownAt: UInt64
    /// Whether the client has ever asked what the rows of the statement look like.
    private(set) var wasDescribed = false

    init(name: [UInt8], statement: PreparedStatement) {
        self.name = name
        self.statement = statement
        knownAt = statement.present
    }

    /// A name that was given in another process.
    init(name: [UInt8], statement: PreparedStatement, knownAt: UInt64, wasDescribed: Bool) {
        self.name = name
        self.statement = statement
        self.knownAt = knownAt
        self.wasDescribed = wasDescribed
    }

    /// Whether the client has been told of another result type than the statement has now.
    var isOutdated: Bool { knownAt < statement.changedAt }

    /// The client is told what the result looks like.
    func described() {
        wasDescribed = true
        renewed()
    }

    /// From now on the client reads rows as they are now.
    func renewed() { knownAt = statement.present }

    /// Whether the client may read rows by a description that it was given earlier. One that has never asked for any reads the
    /// rows themselves.
    func isRead(byDescriptionsOfPortals describesPortals: Bool) -> Bool { wasDescribed || describesPortals }
}

/// The prepared statements that a client believes its session to hold, as they are once everything sent so far has been
/// executed. What turns out not to have been executed is taken back (`StatementEffect`).
struct ClientStatements {
    /// Longest name that Postgres tells apart (NAMEDATALEN - 1).
    static let nameLimit = 63

    private var names = OpenTable<NamedStatement>()
    /// What its last unnamed Parse prepared.
    var unnamed: PreparedStatement?
    /// Whether it has ever asked what the rows of a portal look like: whose rows, we do not keep.
    var describesPortals = false
    /// The name in a PREPARE that it has bound and that is taken by a statement of the protocol.
    var takenName: [UInt8]?
    /// Its own search_path, if it has one, which its statements are read with.
    var searchPath: [UInt8] = []
    /// A DEALLOCATE or DISCARD that it has bound, or sent as a Query, and that has not been run yet.
    var pendingDiscard: DiscardCommand?
    /// The DEALLOCATEs of a Query with statements of ours in their place, in its order, less what has been run.
    var queuedDiscards: [QueuedDiscard] = []
    /// Whether the Query at hand names prepared statements, as far as the session's lexer has seen.
    var queryNames = QueryNames.none
    /// Why its messages wait at the moment.
    var pause = Pause.none

    /// A DEALLOCATE of a Query that has not been run yet.
    struct QueuedDiscard {
        let name: [UInt8]
        /// Which guard stands for the name; nil where it is not one that the client has given over the protocol.
        let guardIndex: Int?
    }

    enum QueryNames: UInt8 {
        case none
        case some
        /// As above; a backslash escapes in its strings.
        case someBesideBackslashes
    }

    /// What a client's next messages wait for, because what becomes of them depends on it.
    enum Pause: UInt8 {
        case none
        /// The outcome of batches before the present one.
        case earlierBatches
        /// Every answer.
        case allAnswers
        /// A place among the pinned clients.
        case pin
    }

    init() {}

    var count: Int { names.count }

    /// All names, in no particular order.
    var all: [NamedStatement] { names.elements }

    subscript(name: RawSpan) -> NamedStatement? {
        guard !names.isEmpty else { return nil }
        let name = name.byteCount > Self.nameLimit ? name.slice(0..<Self.nameLimit) : name
        return names.first(hash: name.hashOfBytes()) { name.equals($0.name) }
    }

    subscript(name: [UInt8]) -> NamedStatement? {
        unsafe name.withUnsafeBytes { unsafe self[RawSpan(_unsafeBytes: $0)] }
    }

    mutating func insert(_ named: NamedStatement) {
        names.insert(named, hash: named.name.hashOfBytes())
    }

    mutating func remove(_ named: NamedStatement) {
        names.remove(hash: named.name.hashOfBytes()) { $0 === named }
    }

    mutating func removeAllNames() { names.removeAll() }

    /// The DEALLOCATE that has been run, by the order of tags.
    mutating func takeDiscard() -> QueuedDiscard? {
        if !queuedDiscards.isEmpty { return queuedDiscards.removeFirst() }
        guard case .name(let name) = pendingDiscard else { return nil }
        return QueuedDiscard(name: name, guardIndex: self[name] == nil ? nil : 0)
    }
}
