@testable import Pooler

/// What Postgres does with a client's messages, as far as its answers go (PostgresMain, SocketBackend, CopyGetData): the
/// reference that `ReplyQueue` is held against.
struct PostgresModel {
    /// A message of the client.
    enum Message: Equatable {
        /// A request, and how it will go if it is carried out.
        case request(ReplyQueue.Request, Outcome)
        case copyData(isBad: Bool)
        case flush
    }

    enum Outcome: Equatable {
        case success
        case error
        /// It is a COPY FROM STDIN; a simple query may have several.
        case copyIn(count: Int)
        case copyOut
        case empty
        case suspended
    }

    private enum Mode {
        case normal
        /// Until Sync.
        case skipping
        case copyIn(isExtended: Bool, left: Int)
    }

    private var mode = Mode.normal
    /// Whether extended messages came that nothing has ended yet.
    private var isPipelineOpen = false

    /// Whether the server owes nothing and its next message begins something new.
    var isSettled: Bool {
        if case .normal = mode { !isPipelineOpen } else { false }
    }

    /// Whether a message of this kind gets an answer now.
    func answers(_ message: Message) -> Bool {
        guard case .request(let request, _) = message else { return false }
        return request != .copyEnd
    }

    /// The server reads a message: what it sends.
    mutating func read(_ message: Message) -> [BackendMessageType] {
        switch mode {
        case .normal: return readNormally(message)
        case .skipping:
            guard case .request(.sync, let outcome) = message else { return [] }
            mode = .normal
            return sync(outcome)
        case .copyIn(let isExtended, let left):
            return readInCopy(message, isExtended: isExtended, left: left)
        }
    }

    private mutating func readNormally(_ message: Message) -> [BackendMessageType] {
        guard case .request(let request, let outcome) = message else { return [] }
        switch request {
        case .query:
            isPipelineOpen = false
            return query(outcome)
        case .functionCall:
            isPipelineOpen = false
            return [outcome == .error ? .errorResponse : .functionCallResponse, .readyForQuery]
        case .sync:
            return sync(outcome)
        case .copyEnd:
            return []
        case .parse, .bind, .close, .describeStatement, .describePortal, .execute:
            isPipelineOpen = true
            if outcome == .error {
                mode = .skipping
                return [.errorResponse]
            }
            return extended(request, outcome)
        }
    }

    private mutating func sync(_ outcome: Outcome) -> [BackendMessageType] {
        isPipelineOpen = false
        return outcome == .error ? [.errorResponse, .readyForQuery] : [.readyForQuery]
    }

    private mutating func query(_ outcome: Outcome) -> [BackendMessageType] {
        switch outcome {
        case .success, .suspended:
            return [.rowDescription, .dataRow, .dataRow, .commandComplete, .commandComplete, .readyForQuery]
        case .empty: return [.emptyQueryResponse, .readyForQuery]
        case .error: return [.rowDescription, .dataRow, .errorResponse, .readyForQuery]
        case .copyOut: return [.copyOutResponse, .copyData, .copyDone, .commandComplete, .readyForQuery]
        case .copyIn(let count):
            mode = .copyIn(isExtended: false, left: count)
            return [.copyInResponse]
        }
    }

    private mutating func extended(_ request: ReplyQueue.Request, _ outcome: Outcome) -> [BackendMessageType] {
        switch (request, outcome) {
        case (.parse, _): return [.parseComplete]
        case (.bind, _): return [.bindComplete]
        case (.close, _): return [.closeComplete]
        case (.describeStatement, .empty): return [.parameterDescription, .noData]
        case (.describeStatement, _): return [.parameterDescription, .rowDescription]
        case (.describePortal, .empty): return [.noData]
        case (.describePortal, _): return [.rowDescription]
        case (_, .empty): return [.emptyQueryResponse]
        case (_, .suspended): return [.dataRow, .portalSuspended]
        case (_, .copyOut): return [.copyOutResponse, .copyData, .copyDone, .commandComplete]
        case (_, .copyIn):
            mode = .copyIn(isExtended: true, left: 1)
            return [.copyInResponse]
        default: return [.dataRow, .commandComplete]
        }
    }

    private mutating func readInCopy(_ message: Message, isExtended: Bool, left: Int) -> [BackendMessageType] {
        switch message {
        case .flush, .copyData(isBad: false), .request(.sync, _):
            return []
        case .copyData(isBad: true), .request(.copyEnd, .error):
            mode = isExtended ? .skipping : .normal
            return isExtended ? [.errorResponse] : [.errorResponse, .readyForQuery]
        case .request(.copyEnd, _):
            if isExtended {
                mode = .normal
                return [.commandComplete]
            }
            guard left > 1 else {
                mode = .normal
                return [.commandComplete, .readyForQuery]
            }
            mode = .copyIn(isExtended: false, left: left - 1)
            return [.commandComplete, .copyInResponse]
        case .request:
            preconditionFailure("no client may send this during a copy")
        }
    }
}
