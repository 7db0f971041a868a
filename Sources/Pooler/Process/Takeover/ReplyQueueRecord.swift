/// `ReplyQueue`: what a server owes.
struct ReplyQueueRecord: TakeoverValue, Equatable {
    var entries: [Entry] = []
    var flags = ReplyQueue.Flags()

    struct Entry: TakeoverValue, Equatable {
        var request = ReplyQueue.Request.query
        var recipient = ReplyQueue.Recipient.client
        var effect = EffectOnStatements.none

        mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
            try coder.choice(&request)
            try coder.choice(&recipient)
            try coder.code(&effect)
        }
    }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&entries)
        try coder.code(&flags)
        guard flags.earlierNames >= 0, flags.earlierUnnamed >= 0 else { throw .malformed("a negative count") }
    }
}

extension ReplyQueue.Flags: TakeoverValue {
    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&isSkippingToSync)
        try coder.code(&isCopyingIn)
        try coder.code(&hasIgnoredSync)
        try coder.code(&isUncertain)
        try coder.code(&isPipelineOpen)
        try coder.code(&isBatchBegun)
        try coder.code(&earlierNames)
        try coder.code(&earlierUnnamed)
    }
}

/// `StatementEffect`, with names by their place in the client's list and statements by theirs in the worker's.
enum EffectOnStatements: TakeoverValue, Equatable {
    case none
    case defined(Int)
    case prepared(CopyRecord)
    case definedAndPrepared(Int, CopyRecord)
    case closed(Int)
    case evicted(CopyRecord)
    case guarded(Int)
    case unnamed(client: Int?, server: Int?, owner: UInt64, isOurs: Bool)
    case uses(Int, CopyRecord)
    case misnames(server: [UInt8], client: [UInt8])
    case refuses(ErrorRecord)

    init() { self = .none }

    /// The client's name that it is about.
    var name: Int? {
        switch self {
        case .defined(let name), .definedAndPrepared(let name, _), .closed(let name), .uses(let name, _): name
        case .none, .prepared, .evicted, .guarded, .unnamed, .misnames, .refuses: nil
        }
    }

    private var number: UInt8 {
        switch self {
        case .none: 0
        case .defined: 1
        case .prepared: 2
        case .definedAndPrepared: 3
        case .closed: 4
        case .evicted: 5
        case .guarded: 6
        case .unnamed: 7
        case .uses: 8
        case .misnames: 9
        case .refuses: 10
        }
    }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        var parts = Parts(self)
        let number = try coder.tag(number)
        switch number {
        case 0: break
        case 6:
            try coder.code(&parts.guardIndex)
            try TakeoverCoder.checkGuard(parts.guardIndex)
        case 1, 4: try coder.code(&parts.name)
        case 2, 5: try coder.code(&parts.copy)
        case 3, 8:
            try coder.code(&parts.name)
            try coder.code(&parts.copy)
        case 7:
            try coder.code(&parts.client)
            try coder.code(&parts.server)
            try coder.code(&parts.owner)
            try coder.code(&parts.isOurs)
        case 9:
            try coder.code(&parts.serverName)
            try coder.code(&parts.clientName)
        case 10: try coder.code(&parts.error)
        default: throw .malformed("\(number) is no effect of a message")
        }
        if !coder.isWriting { self = parts.effect(number) }
    }

    /// All that any of the cases holds.
    private struct Parts {
        var name = 0
        var guardIndex = 0
        var copy = CopyRecord()
        var client: Int?
        var server: Int?
        var owner: UInt64 = 0
        var isOurs = false
        var serverName: [UInt8] = []
        var clientName: [UInt8] = []
        var error = ErrorRecord()

        init(_ effect: EffectOnStatements) {
            switch effect {
            case .none: break
            case .guarded(let index): guardIndex = index
            case .defined(let name), .closed(let name): self.name = name
            case .prepared(let copy), .evicted(let copy): self.copy = copy
            case .definedAndPrepared(let name, let copy), .uses(let name, let copy):
                (self.name, self.copy) = (name, copy)
            case .unnamed(let client, let server, let owner, let isOurs):
                (self.client, self.server, self.owner, self.isOurs) = (client, server, owner, isOurs)
            case .misnames(let server, let client): (serverName, clientName) = (server, client)
            case .refuses(let error): self.error = error
            }
        }

        func effect(_ number: UInt8) -> EffectOnStatements {
            switch number {
            case 1: .defined(name)
            case 2: .prepared(copy)
            case 3: .definedAndPrepared(name, copy)
            case 4: .closed(name)
            case 5: .evicted(copy)
            case 6: .guarded(guardIndex)
            case 7: .unnamed(client: client, server: server, owner: owner, isOurs: isOurs)
            case 8: .uses(name, copy)
            case 9: .misnames(server: serverName, client: clientName)
            case 10: .refuses(error)
            default: .none
            }
        }
    }
}

/// `ErrorMessage`.
struct ErrorRecord: TakeoverValue, Equatable {
    var severity = ""
    var sqlState = ""
    var message = ""
    var detail: String?
    var hint: String?
    var routine: String?

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&severity)
        try coder.code(&sqlState)
        try coder.code(&message)
        try coder.code(&detail)
        try coder.code(&hint)
        try coder.code(&routine)
    }
}
