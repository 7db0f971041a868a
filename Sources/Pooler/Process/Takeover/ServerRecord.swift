/// A server on its way to another process: idle, or with the client that it is linked to.
struct ServerRecord: TakeoverValue, Equatable {
    var connection = ConnectionRecord()
    /// Which of the worker's pools.
    var pool = 0
    /// Nil for one that has a client.
    var idleSince: Instant?
    /// The entry of the host list that it belongs to.
    var host: String?
    var cancelKey: CancelKey?
    var parameters: [[UInt8]?] = []
    var transactionStatus = TransactionStatus.idle
    var testFailure: String?
    var isCloseNeeded = false
    var queryStartedAt: Instant?
    var transactionStartedAt: Instant?
    var replies = ReplyQueueRecord()
    var statements = ServerStatementsRecord()
    var session = ServerSessionRecord()

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&connection)
        try coder.code(&pool)
        try coder.code(&idleSince)
        try coder.code(&host)
        try coder.code(&cancelKey)
        try coder.code(&parameters)
        try coder.choice(&transactionStatus)
        try coder.code(&testFailure)
        try coder.code(&isCloseNeeded)
        try coder.code(&queryStartedAt)
        try coder.code(&transactionStartedAt)
        try coder.code(&replies)
        try coder.code(&statements)
        try coder.code(&session)
    }
}

/// `ServerSession`.
struct ServerSessionRecord: TakeoverValue, Equatable {
    var touched: UInt16 = 0
    var holds: UInt16 = 0
    var settings: SettingsRecord?
    /// Settings that hold nothing are not the same as none: the server has had something.
    var baseline: SettingsRecord?
    var names: [String] = []
    var needsReset = false
    var preparedEffects = EffectsRecord()
    var mayHaveUnreadStatements = false
    var hadTemporary = false
    var baselineCounts: [Int] = []

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&touched)
        try coder.code(&holds)
        try coder.code(&settings)
        try coder.code(&baseline)
        try coder.code(&names)
        try coder.code(&needsReset)
        try coder.code(&preparedEffects)
        try coder.code(&mayHaveUnreadStatements)
        try coder.code(&hadTemporary)
        try coder.code(&baselineCounts)
    }
}

/// `SessionEffects`.
struct EffectsRecord: TakeoverValue, Equatable {
    var touches: UInt16 = 0
    var makes: UInt16 = 0
    var ends: UInt16 = 0
    var names: [String] = []
    var executes = false
    var resets = false
    var namesStatements = false

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&touches)
        try coder.code(&makes)
        try coder.code(&ends)
        try coder.code(&names)
        try coder.code(&executes)
        try coder.code(&resets)
        try coder.code(&namesStatements)
    }
}
