import PoolerConfig

/// A client on its way to another process, as it stands between two events.
struct ClientRecord: TakeoverValue, Equatable {
    /// Where it stands.
    enum Stage: UInt8 {
        /// It has connected and said nothing.
        case connected
        /// Its pool has never had a server.
        case welcomeWait
        case session
        /// On the console, with nothing under way.
        case adminConsole
        case statsConsole
    }

    enum Link: UInt8 {
        case none
        /// In its pool's queue.
        case waiting
        case linked
    }

    var connection = ConnectionRecord()
    var stage = Stage.connected
    /// Which of the worker's pools; not for a stage without one.
    var pool = 0
    var link = Link.none
    /// In the queue.
    var waitsSince = Instant()
    var user = ""
    var database = ""
    /// What its startup packet gave for the tracked parameters, and for others.
    var startupParameters: [[UInt8]?] = []
    var startupSettings: [SettingsRecord.Setting] = []
    /// The values that it believes in.
    var parameters: [[UInt8]?]?
    var cancelKey: CancelKey?
    var refusal = RequestRefusal.none
    var wasNotifiedOfWait = false
    var requestStartedAt: Instant?
    var largeParse: [UInt8] = []
    var session = ClientSessionRecord()
    var statements = ClientStatementsRecord()
    /// The server that it is linked to.
    var server: ServerRecord?

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&connection)
        try coder.choice(&stage)
        try coder.code(&pool)
        try coder.choice(&link)
        try coder.code(&waitsSince)
        try coder.code(&user)
        try coder.code(&database)
        try coder.code(&startupParameters)
        try coder.code(&startupSettings)
        try coder.code(&parameters)
        try coder.code(&cancelKey)
        try coder.choice(&refusal)
        try coder.code(&wasNotifiedOfWait)
        try coder.code(&requestStartedAt)
        try coder.code(&largeParse)
        try coder.code(&session)
        try coder.code(&statements)
        try coder.code(&server)
        guard (link == .linked) == (server != nil) else { throw .malformed("a link without a server") }
        if !coder.isWriting { try checkStatements() }
    }

    /// Answers that are owed speak of names that the client has given.
    private func checkStatements() throws(TakeoverError) {
        for entry in server?.replies.entries ?? [] {
            if let name = entry.effect.name, !statements.named.indices.contains(name) {
                throw .malformed("an answer about a statement that nobody has named")
            }
        }
    }
}

/// `ClientSession`.
struct ClientSessionRecord: TakeoverValue, Equatable {
    var settings: SettingsRecord?
    var initial: SettingsRecord?
    var pinnedSince: Instant?
    var holdsPin = false
    var isPinInQuestion = false
    var isResetting = false
    var lost: UInt16 = 0
    var wasNotified = false

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&settings)
        try coder.code(&initial)
        try coder.code(&pinnedSince)
        try coder.code(&holdsPin)
        try coder.code(&isPinInQuestion)
        try coder.code(&isResetting)
        try coder.code(&lost)
        try coder.code(&wasNotified)
    }
}
