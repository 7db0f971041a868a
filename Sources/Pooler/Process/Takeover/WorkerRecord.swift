/// What one worker hands over.
struct WorkerRecord: TakeoverValue, Equatable {
    var statements: [StatementRecord] = []
    var pools: [PoolRecord] = []
    /// Without a client, longest idle first.
    var idleServers: [ServerRecord] = []
    /// Those in a queue in the order in which they wait.
    var clients: [ClientRecord] = []
    var tallies: [TallyRecord] = []
    var durations: [DurationsRecord] = []
    var consoleCounters = CountersRecord()

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&statements)
        try coder.code(&pools)
        try coder.code(&idleServers)
        try coder.code(&clients)
        try coder.code(&tallies)
        try coder.code(&durations)
        try coder.code(&consoleCounters)
        if !coder.isWriting { try check() }
    }

    /// Its descriptors stand behind so many others.
    mutating func moveDescriptors(by count: Int) {
        for index in idleServers.indices { idleServers[index].connection.descriptor += count }
        for index in clients.indices {
            clients[index].connection.descriptor += count
            clients[index].server?.connection.descriptor += count
        }
    }

    /// Every place that is named exists.
    private func check() throws(TakeoverError) {
        for server in idleServers {
            try check(server)
            guard server.replies.entries.allSatisfy({ $0.effect.name == nil }) else {
                throw .malformed("an answer about a name of nobody's")
            }
        }
        for client in clients {
            switch client.stage {
            case .connected, .adminConsole, .statsConsole: break
            case .session, .welcomeWait: try check(client.pool, in: pools.count)
            }
            for named in client.statements.named { try check(named.statement, in: statements.count) }
            try check(client.statements.unnamed, in: statements.count)
            if let server = client.server { try check(server) }
        }
    }

    private func check(_ server: ServerRecord) throws(TakeoverError) {
        try check(server.pool, in: pools.count)
        try check(server.statements.unnamed, in: statements.count)
        for copy in server.statements.copies { try check(copy.statement, in: statements.count) }
        for entry in server.replies.entries {
            switch entry.effect {
            case .none, .defined, .closed, .guarded, .misnames, .refuses: break
            case .prepared(let copy), .evicted(let copy), .definedAndPrepared(_, let copy), .uses(_, let copy):
                try check(copy.statement, in: statements.count)
            case .unnamed(let client, let server, _, _):
                try check(client, in: statements.count)
                try check(server, in: statements.count)
            }
        }
    }

    private func check(_ place: Int?, in count: Int) throws(TakeoverError) {
        if let place, !(0..<count).contains(place) { throw .malformed("place \(place) of \(count)") }
    }
}

/// A worker's part of a pool.
struct PoolRecord: TakeoverValue, Equatable {
    var database = ""
    var user = ""
    /// What its servers are connected to, as one text: where the next process would connect elsewhere, they are closed.
    var target = ""
    var credential = CredentialRecord()
    /// What new clients are told: parameters that are not tracked as messages, and the values of those that are.
    var untracked: [UInt8]?
    var tracked: [[UInt8]?] = []
    var counters = CountersRecord()
    var pinsMade: UInt64 = 0
    var pinsRefused: UInt64 = 0

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&database)
        try coder.code(&user)
        try coder.code(&target)
        try coder.code(&credential)
        try coder.code(&untracked)
        try coder.code(&tracked)
        try coder.code(&counters)
        try coder.code(&pinsMade)
        try coder.code(&pinsRefused)
    }
}

/// `Credential`: it goes to a process of the same account, which could read our memory anyway.
struct CredentialRecord: TakeoverValue, Equatable {
    enum Kind: UInt8 { case none, plain, md5, scram }

    var kind = Kind.none
    var text = ""
    var iterations = 0
    var salt: [UInt8] = []
    var storedKey: [UInt8] = []
    var serverKey: [UInt8] = []
    /// The keys with which a client proved itself: client key and server key.
    var provenKeys: [[UInt8]] = []

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.choice(&kind)
        try coder.code(&text)
        try coder.code(&iterations)
        try coder.code(&salt)
        try coder.code(&storedKey)
        try coder.code(&serverKey)
        try coder.code(&provenKeys)
    }
}

/// `StatCounters`, in the order of its fields.
struct CountersRecord: TakeoverValue, Equatable {
    var values: [UInt64] = []

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) { try coder.code(&values) }
}

/// One of the `WorkerTallies`, by its place among them.
struct TallyRecord: TakeoverValue, Equatable {
    var words: [String] = []
    var counts: [UInt64] = []

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&words)
        try coder.code(&counts)
        guard words.count == counts.count else { throw .malformed("words without counts") }
    }
}

/// `DatabaseDurations`: three histograms, each as its buckets and its sum.
struct DurationsRecord: TakeoverValue, Equatable {
    var database = ""
    var histograms: [[UInt64]] = []

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&database)
        try coder.code(&histograms)
    }
}
