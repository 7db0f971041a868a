import DequeModule

/// What a server still owes, in the order in which it will come: one entry for each request that was sent to it.
///
/// It answers two questions for each message of the server: whose is it (the client's, or an answer to something that we
/// asked on our own), and is anything owed after it. Rules: PostgreSQL manual, "Message Flow", and for errors in an extended
/// query "the backend discards messages until Sync".
///
/// Not copyable, because it is asked for each message: a copy that the compiler makes unseen would cost more than the answer.
/// What it remembers is for its own extensions (answers: `+Replies`, another process: `+Owed`); its owner asks and tells.
struct ReplyQueue: ~Copyable {
    /// A request that the server answers.
    enum Request: UInt8 {
        case query
        case functionCall
        case parse
        case bind
        case describeStatement
        case describePortal
        case close
        case execute
        case sync
        /// CopyDone or CopyFail: not answered by itself, but it ends the time in which Sync is ignored.
        case copyEnd
    }

    /// Who gets the answer.
    enum Recipient: UInt8 {
        case client
        /// Asked by us: the answer is swallowed.
        case pooler
        /// Never sent: the client gets an answer that we make up when its turn comes.
        case madeUp
    }

    /// What to do with a message of the server.
    enum Delivery: Equatable {
        case forward
        case swallow
        /// The answer to a request of ours is an error; it is swallowed.
        case swallowFailure
        /// No request can be answered by this: the server broke the protocol.
        case violation
    }

    /// Plain bytes: what has to be counted by reference is beside it, in `effects`.
    struct Entry {
        let request: Request
        var recipient: Recipient
        let domain: StatementEffect.Domain
        let hasEffect: Bool
    }

    /// How many requests that change the books of statements have not been answered yet.
    struct Unsettled {
        /// Of batches whose Sync has been sent.
        var earlier = 0
        var current = 0

        @inline(__always)
        mutating func added() { current += 1 }

        @inline(__always)
        mutating func settled() {
            if earlier > 0 { earlier -= 1 } else { current -= 1 }
        }

        @inline(__always)
        mutating func batchEnded() {
            earlier += current
            current = 0
        }

        /// So many of them are of earlier batches.
        mutating func markEarlier(_ count: Int) {
            earlier = min(max(0, count), current)
            current -= earlier
        }
    }

    var entries = Deque<Entry>()
    /// How many of the entries are made up.
    var madeUpCount = 0
    /// Of those entries that have one, in their order.
    var effects = Deque<StatementEffect>()
    /// After an error in an extended query, until the next Sync: the server drops what it reads.
    var isSkippingToSync = false
    /// Whether the request at the front has switched the server to copy-in mode.
    var isCopyingIn = false
    /// Whether a Sync was sent in front of the end of the copy that runs: the server ignores it, unless the copy fails first.
    var hasIgnoredSync = false
    /// Whether nobody can tell how many answers are still to come: a copy failed with a Sync on its way that the server may
    /// have ignored or not. Such a server must not go to another client, whose answers it could mix up.
    var isUncertain = false
    /// Whether extended messages were sent that no Sync has followed yet.
    var isPipelineOpen = false
    /// Whether the present batch has asked the server for anything.
    var isBatchBegun = false
    var names = Unsettled()
    var unnamed = Unsettled()
    /// What a failed batch did not do, after `replyReceived` of its error: the request that failed first. The owner of the
    /// books takes it back and empties the list.
    var undone: [StatementEffect] = []

    init() {}

    /// Whether every request has been answered and none can still be added to without a new one.
    @inline(__always)
    var isSettled: Bool { entries.isEmpty && !isPipelineOpen && !isSkippingToSync }

    /// Whether nothing is owed at this moment; a pipeline may still be open.
    @inline(__always)
    var isEmpty: Bool { entries.isEmpty }

    /// Whether the next answer is to a query of our own, which no client has anything to do with.
    var isOurQueryNext: Bool { entries.first.map { $0.recipient == .pooler && $0.request == .query } ?? false }

    var count: Int { entries.count }

    /// Whether the server drops what it reads, up to the next Sync.
    var isSkipping: Bool { isSkippingToSync }

    /// Whether names are still uncertain from batches before the present one.
    @inline(__always)
    var hasUncertainNames: Bool { names.earlier > 0 }

    /// Whether the unnamed statement is still uncertain from batches before the present one, which has not set it anew.
    @inline(__always)
    var hasUncertainUnnamed: Bool { unnamed.earlier > 0 && unnamed.current == 0 }

    /// Whether nothing is uncertain from batches before the present one.
    var isCertainOfEarlierBatches: Bool { names.earlier == 0 && unnamed.earlier == 0 }

    /// Whether the unnamed statement may yet turn out to be another.
    @inline(__always)
    var hasUnsettledUnnamed: Bool { unnamed.earlier + unnamed.current > 0 }

    /// Whether the transaction's status is going to be told anew: what we ask on our own does not change it.
    var isStatusPending: Bool {
        entries.contains {
            $0.recipient == .client && ($0.request == .sync || $0.request == .query || $0.request == .functionCall)
        }
    }

    /// Whether the server owes nothing and has been asked for nothing in the present batch; answers of our own may be due.
    @inline(__always)
    var isUntouched: Bool {
        !isSkippingToSync && !isBatchBegun && (entries.isEmpty || entries.allSatisfy { $0.recipient == .madeUp })
    }

    /// What the next answer is to.
    var next: (request: Request, effect: StatementEffect)? {
        entries.first.map { ($0.request, $0.hasEffect ? effects[0] : .none) }
    }

    /// Whether the client's next answer is one that we make up. Asked for each message, and nearly always a count of 0.
    @inline(__always)
    var isMadeUpNext: Bool { madeUpCount > 0 && isFrontMadeUp }

    @inline(never)
    private var isFrontMadeUp: Bool { entries.first?.recipient == .madeUp }

    /// Takes the next answer of our own making.
    mutating func takeMadeUp() -> Request? {
        guard isMadeUpNext else { return nil }
        let request = entries[0].request
        _ = removeFirst()
        return request
    }

    /// A request goes to the server.
    @inline(__always)
    mutating func requestSent(
        _ request: Request, for recipient: Recipient = .client, effect: StatementEffect = .none
    ) {
        switch request {
        case .query, .functionCall:
            // After a failed extended query, the server drops these too. Otherwise they end the pipeline as Sync does.
            if isSkippingToSync { return }
            isPipelineOpen = false
        case .sync:
            if isCopyingIn && !hasCopyEnd {
                hasIgnoredSync = true
                return
            }
            isPipelineOpen = false
            isSkippingToSync = false
            isBatchBegun = false
            names.batchEnded()
            unnamed.batchEnded()
        case .copyEnd:
            if entries.isEmpty { return }
        case .parse, .bind, .describeStatement, .describePortal, .close, .execute:
            isPipelineOpen = true
            if isSkippingToSync { return }
            if recipient != .madeUp { isBatchBegun = true }
        }
        if recipient == .madeUp { madeUpCount += 1 }
        if case .none = effect {
            entries.append(Entry(request: request, recipient: recipient, domain: .nothing, hasEffect: false))
        } else {
            appendWithEffect(request, recipient, effect)
        }
    }

    mutating func appendWithEffect(_ request: Request, _ recipient: Recipient, _ effect: StatementEffect) {
        let domain = effect.domain
        switch domain {
        case .nothing: break
        case .names: names.added()
        case .unnamed: unnamed.added()
        }
        entries.append(Entry(request: request, recipient: recipient, domain: domain, hasEffect: true))
        effects.append(effect)
    }

    /// Whether a batch has failed of which nothing more is owed than its end, and nothing was sent behind it.
    var awaitsOnlySync: Bool {
        entries.count == 1 && entries.first.map { $0.request == .sync && $0.recipient == .client } ?? false
    }

    /// The failed batch is sent again: its end is not shown to the client.
    mutating func failedBatchIsRepeated() {
        guard awaitsOnlySync else { return }
        entries[0].recipient = .pooler
    }

    /// A statement could not be prepared that the Query behind it executes: the Query will fail for want of it, and its client is
    /// told this error then. False where no such Query follows.
    mutating func preparationFailed(of name: [UInt8], _ error: [UInt8]) -> Bool {
        guard entries.count > 1, entries[0].request == .sync, entries[0].recipient == .pooler,
            entries[1].request == .query, case .rewritten(let was, var query) = effects.first
        else { return false }
        query.failure = RewrittenQuery.Failure(name: name, error: error)
        effects[0] = .rewritten(was: was, query)
        return true
    }

    /// What could not be done has been taken back.
    mutating func undoneWasTakenBack() { undone.removeAll(keepingCapacity: true) }

    /// The unnamed statement is now another than it was when later requests that change it were sent: should they fail too,
    /// it is this one that holds. False when there is no such request.
    mutating func unnamedWasRestored(to state: UnnamedState) -> Bool {
        for index in effects.indices {
            switch effects[index] {
            case .unnamed(_, let isOurs): effects[index] = .unnamed(was: state, isOurs: isOurs)
            case .rewritten(_, let query): effects[index] = .rewritten(was: state, query)
            case .none, .defined, .prepared, .definedAndPrepared, .closed, .evicted, .guarded, .uses, .misnames,
                .refuses:
                continue
            }
            return true
        }
        return false
    }

    /// Forgets everything, for a server that starts anew.
    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        effects.removeAll(keepingCapacity: true)
        madeUpCount = 0
        isSkippingToSync = false
        isCopyingIn = false
        hasIgnoredSync = false
        isUncertain = false
        isPipelineOpen = false
        isBatchBegun = false
        names = Unsettled()
        unnamed = Unsettled()
        undone = []
    }

    /// Whether the end of a copy is on its way.
    var hasCopyEnd: Bool { entries.contains { $0.request == .copyEnd } }

    /// The front request is done with.
    @inline(__always)
    mutating func removeFirst() -> StatementEffect {
        let entry = entries.removeFirst()
        if entry.recipient == .madeUp { madeUpCount -= 1 }
        guard entry.hasEffect else { return .none }
        switch entry.domain {
        case .nothing: break
        case .names: names.settled()
        case .unnamed: unnamed.settled()
        }
        return effects.removeFirst()
    }
}
