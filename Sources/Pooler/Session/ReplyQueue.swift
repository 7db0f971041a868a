import DequeModule

/// What a server still owes, in the order in which it will come: one entry for each request that was sent to it.
///
/// It answers two questions for each message of the server: whose is it (the client's, or an answer to something that we
/// asked on our own), and is anything owed after it. Rules: PostgreSQL manual, "Message Flow", and for errors in an extended
/// query "the backend discards messages until Sync".
struct ReplyQueue {
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

    private struct Entry {
        let request: Request
        let recipient: Recipient
    }

    private var entries = Deque<Entry>()
    /// After an error in an extended query, until the next Sync: the server drops what it reads.
    private var isSkippingToSync = false
    /// Whether the request at the front has switched the server to copy-in mode.
    private var isCopyingIn = false
    /// Whether a Sync was sent in front of the end of the copy that runs: the server ignores it, unless the copy fails first.
    private var hasIgnoredSync = false
    /// Whether nobody can tell how many answers are still to come: a copy failed with a Sync on its way that the server may
    /// have ignored or not. Such a server must not go to another client, whose answers it could mix up.
    private(set) var isUncertain = false
    /// Whether extended messages were sent that no Sync has followed yet.
    private(set) var isPipelineOpen = false

    init() {}

    /// Whether every request has been answered and none can still be added to without a new one.
    @inline(__always)
    var isSettled: Bool { entries.isEmpty && !isPipelineOpen && !isSkippingToSync }

    /// Whether nothing is owed at this moment; a pipeline may still be open.
    @inline(__always)
    var isEmpty: Bool { entries.isEmpty }

    /// Whether the next answer is to something that we asked on our own.
    var isOursNext: Bool { entries.first?.recipient == .pooler }

    var count: Int { entries.count }

    /// A request goes to the server.
    @inline(__always)
    mutating func requestSent(_ request: Request, for recipient: Recipient = .client) {
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
        case .copyEnd:
            if entries.isEmpty { return }
        case .parse, .bind, .describeStatement, .describePortal, .close, .execute:
            isPipelineOpen = true
            if isSkippingToSync { return }
        }
        entries.append(Entry(request: request, recipient: recipient))
    }

    /// A message of the server, by its type.
    @inline(__always)
    mutating func replyReceived(_ type: BackendMessageType) -> Delivery {
        guard let front = entries.first else { return unaskedReply(type) }
        switch type {
        case .readyForQuery:
            return readyReceived(front)
        case .errorResponse:
            return errorReceived(front)
        case .copyInResponse:
            copyInBegan()
        case .parseComplete where front.request == .parse,
            .bindComplete where front.request == .bind,
            .closeComplete where front.request == .close:
            answered()
        case .rowDescription, .noData:
            if front.request == .describeStatement || front.request == .describePortal { answered() }
        case .commandComplete, .emptyQueryResponse, .portalSuspended:
            if isCopyingIn { copyInEnded() }
            if front.request == .execute { answered() }
        default:
            break
        }
        return front.recipient == .client ? .forward : .swallow
    }

    /// Forgets everything, for a server that starts anew.
    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        isSkippingToSync = false
        isCopyingIn = false
        hasIgnoredSync = false
        isUncertain = false
        isPipelineOpen = false
    }

    private var hasCopyEnd: Bool { entries.contains { $0.request == .copyEnd } }

    /// The front request has its last answer. A CopyDone or CopyFail behind it ended nothing: the server drops it.
    private mutating func answered() {
        entries.removeFirst()
        dropCopyEnds()
    }

    private mutating func dropCopyEnds() {
        while let front = entries.first, front.request == .copyEnd { entries.removeFirst() }
    }

    /// Between requests a server may only speak of things nobody asked for.
    private mutating func unaskedReply(_ type: BackendMessageType) -> Delivery {
        switch type {
        case .readyForQuery where isUncertain:
            // The server had not ignored the Sync.
            isSkippingToSync = false
            isPipelineOpen = false
            return .forward
        case .noticeResponse, .parameterStatus, .notificationResponse, .errorResponse, .copyData, .copyDone:
            return .forward
        default:
            return .violation
        }
    }

    private mutating func readyReceived(_ front: Entry) -> Delivery {
        switch front.request {
        case .query, .functionCall, .sync:
            isCopyingIn = false
            answered()
            return front.recipient == .client ? .forward : .swallow
        case .parse, .bind, .describeStatement, .describePortal, .close, .execute, .copyEnd:
            return .violation
        }
    }

    private mutating func errorReceived(_ front: Entry) -> Delivery {
        if isCopyingIn && hasIgnoredSync { isUncertain = true }
        if isCopyingIn { copyInEnded() }
        switch front.request {
        case .query, .functionCall, .sync:
            break
        case .parse, .bind, .describeStatement, .describePortal, .close, .execute, .copyEnd:
            while let next = entries.first, next.request != .sync { entries.removeFirst() }
            isSkippingToSync = entries.isEmpty
        }
        return front.recipient == .client ? .forward : .swallowFailure
    }

    /// The copy is over: done, or failed. What ended it, if that was sent already, is answered with it.
    private mutating func copyInEnded() {
        isCopyingIn = false
        hasIgnoredSync = false
        if let end = entries.firstIndex(where: { $0.request == .copyEnd }) { entries.remove(at: end) }
    }

    /// Copy-in mode: the server ignores Sync until CopyDone or CopyFail. What was sent ahead of those is never answered.
    private mutating func copyInBegan() {
        isCopyingIn = true
        var kept = Deque<Entry>()
        var sawEnd = false
        for (index, entry) in entries.enumerated() {
            if entry.request == .copyEnd { sawEnd = true }
            if index > 0 && entry.request == .sync && !sawEnd { continue }
            kept.append(entry)
        }
        guard kept.count < entries.count else { return }
        hasIgnoredSync = true
        if !kept.contains(where: { $0.request == .sync }) {
            isPipelineOpen = kept.first?.request == .execute
        }
        entries = kept
    }
}
