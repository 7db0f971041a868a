import DequeModule

/// The answers of a server: whose each of them is, and what is owed after it.
extension ReplyQueue {
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

    /// The front request has its last answer. A CopyDone or CopyFail behind it ended nothing: the server drops it.
    @inline(__always)
    private mutating func answered() {
        _ = removeFirst()
        dropCopyEnds()
    }

    private mutating func dropCopyEnds() {
        while let front = entries.first, front.request == .copyEnd { _ = removeFirst() }
    }

    /// Between requests a server may only speak of things nobody asked for.
    private mutating func unaskedReply(_ type: BackendMessageType) -> Delivery {
        switch type {
        case .readyForQuery where isUncertain:
            // The server had not ignored the Sync.
            isSkippingToSync = false
            isPipelineOpen = false
            return .forward
        case .errorResponse:
            // Nobody knows what it is about, or what the server skips because of it.
            isUncertain = true
            return .forward
        case .noticeResponse, .parameterStatus, .notificationResponse, .copyData, .copyDone:
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
            while let next = entries.first, next.request != .sync {
                let effect = removeFirst()
                // What comes behind a failure of nothing is not the failure.
                if case .none = effect, !undone.isEmpty { continue }
                undone.append(effect)
            }
            isSkippingToSync = entries.isEmpty
            // A statement that we prepare for a client fails for the client.
            return .forward
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
