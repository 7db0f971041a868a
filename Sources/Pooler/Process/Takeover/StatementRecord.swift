/// A prepared statement that clients or servers refer to by its place in the worker's list.
struct StatementRecord: TakeoverValue, Equatable {
    var definition: [UInt8] = []
    var discards: DiscardCommand?
    var searchPath: [UInt8] = []
    var changedAt: UInt64 = 0
    /// Whether it can be prepared again.
    var isKept = true

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&definition)
        try coder.code(&discards)
        try coder.code(&searchPath)
        try coder.code(&changedAt)
        try coder.code(&isKept)
    }
}

/// A name that a client has given.
struct NamedStatementRecord: TakeoverValue, Equatable {
    var name: [UInt8] = []
    var statement = 0
    var knownAt: UInt64 = 0
    /// Whether it stands for the statement at present; answers that are owed may be about one that does no more.
    var isPresent = true
    var wasDescribed = true

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&name)
        try coder.code(&statement)
        try coder.code(&knownAt)
        try coder.code(&isPresent)
        try coder.code(&wasDescribed)
    }
}

/// `ClientStatements`.
struct ClientStatementsRecord: TakeoverValue, Equatable {
    var named: [NamedStatementRecord] = []
    var unnamed: Int?
    var describesPortals = true
    var searchPath: [UInt8] = []
    var pendingDiscard: DiscardCommand?
    var takenName: [UInt8]?
    var queuedDiscards: [QueuedDiscard] = []
    var queryNames = ClientStatements.QueryNames.none
    var pause = ClientStatements.Pause.none

    struct QueuedDiscard: TakeoverValue, Equatable {
        var name: [UInt8] = []
        var guardIndex: Int?

        mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
            try coder.code(&name)
            try coder.code(&guardIndex)
            if let guardIndex { try TakeoverCoder.checkGuard(guardIndex) }
        }
    }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&named)
        try coder.code(&unnamed)
        try coder.code(&describesPortals)
        try coder.code(&searchPath)
        try coder.code(&pendingDiscard)
        try coder.code(&takenName)
        try coder.code(&queuedDiscards)
        try coder.choice(&queryNames)
        try coder.choice(&pause)
    }
}

/// A statement under the name that it has on a server.
struct CopyRecord: TakeoverValue, Equatable {
    var statement = 0
    var name: [UInt8] = []
    var preparedAt: UInt64 = 0

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&statement)
        try coder.code(&name)
        try coder.code(&preparedAt)
    }
}

extension TakeoverCoder {
    /// Guards are bits of a number.
    static func checkGuard(_ index: Int) throws(TakeoverError) {
        guard (0..<ServerStatements.guardLimit).contains(index) else { throw .malformed("there is no guard \(index)") }
    }
}

/// `ServerStatements`. The batch at hand is not kept for being sent again: should its plan prove out of date in this very
/// moment, the client gets Postgres's error for that.
struct ServerStatementsRecord: TakeoverValue, Equatable {
    /// The oldest first.
    var copies: [CopyRecord] = []
    var guards: UInt32 = 0
    var isUnreliable = false
    var unnamed: Int?
    var unnamedOwner: UInt64 = 0

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&copies)
        try coder.code(&guards)
        try coder.code(&isUnreliable)
        try coder.code(&unnamed)
        try coder.code(&unnamedOwner)
    }
}

extension DiscardCommand: TakeoverValue {
    init() { self = .any }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        var name: [UInt8]? = if case .name(let name) = self { name } else { nil }
        try coder.code(&name)
        self = name.map { .name($0) } ?? .any
    }
}
