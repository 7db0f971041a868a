/// Everything that a process hands over, beside the descriptors themselves.
struct TakeoverOffer: TakeoverValue, Equatable {
    /// Of everything that travels. A process that speaks another one is refused.
    static let version: UInt32 = 3

    /// Beyond every number that a client or server has.
    var nextID: UInt64 = 0
    /// Beyond every number that a prepared statement has, and the latest change of one.
    var nextStatement: UInt64 = 0
    var latestChange: UInt64 = 0
    /// Names of the tracked parameters, in the order in which values are given.
    var tracked: [String] = []
    var condition = TakeoverCondition()
    var listeners: [ListenerRecord] = []
    /// Which descriptors lead to processes before this one that have clients left.
    var predecessors: [Int] = []
    var statHistory: [SnapshotRecord] = []
    var workers: [WorkerRecord] = []

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&nextID)
        try coder.code(&nextStatement)
        try coder.code(&latestChange)
        try coder.code(&tracked)
        try coder.code(&condition)
        try coder.code(&listeners)
        try coder.code(&predecessors)
        try coder.code(&statHistory)
        try coder.code(&workers)
    }
}

extension TakeoverOffer {
    /// The most that was received of one connection and not processed.
    var longestHeld: Int {
        var longest = 0
        for worker in workers {
            for server in worker.idleServers { longest = max(longest, server.connection.held.count) }
            for client in worker.clients {
                longest = max(longest, client.connection.held.count, client.server?.connection.held.count ?? 0)
            }
        }
        return longest
    }
}

/// A socket that clients connect to.
struct ListenerRecord: TakeoverValue, Equatable {
    var descriptor = 0
    /// The file that goes with it in the end; none for TCP, and for a socket of a service manager.
    var path: String?
    /// It is the metrics endpoint's.
    var isForMetrics = false

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&descriptor)
        try coder.code(&path)
        try coder.code(&isForMetrics)
    }
}

/// One of the snapshots against which averages are taken.
struct SnapshotRecord: TakeoverValue, Equatable {
    var nanoseconds: Int64 = 0
    var pools: [Pool] = []

    struct Pool: TakeoverValue, Equatable {
        var database = ""
        var user = ""
        var counters = CountersRecord()

        mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
            try coder.code(&database)
            try coder.code(&user)
            try coder.code(&counters)
        }
    }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&nanoseconds)
        try coder.code(&pools)
    }
}
