/// The messages of one batch as they went to the server, from the first Bind or Describe of a named statement to the Sync, so
/// that they can be sent once more when the server's plan proved out of date. Only a short batch that runs one statement
/// outside a transaction is kept: of that one it is certain that nothing of it has been done.
struct ReplayBuffer {
    /// Longest batch that is kept.
    static let limit = BlockPool.Size.large.rawValue

    /// Where the recording stands. Successors: none → recording; recording → complete | none; complete → none.
    private enum State {
        case none
        case recording
        case complete
    }

    private var state = State.none
    private(set) var bytes: [UInt8] = []
    /// Whether the client asks what the rows look like, and so will not read new ones by an old description.
    private(set) var isDescribed = false
    /// How many answers the batch has.
    private(set) var requestCount = 0
    private var hasBind = false
    /// Whether the client has asked for the answers so far, and may wait for them before it ends the batch.
    private(set) var isFlushed = false

    init() {}

    @inline(__always)
    var isRecording: Bool { state == .recording }
    var isComplete: Bool { state == .complete }

    /// A batch may begin with this message: Bind or Describe of a named statement.
    mutating func batchBegan() {
        bytes.removeAll(keepingCapacity: true)
        state = .recording
        isDescribed = false
        hasBind = false
        requestCount = 0
        isFlushed = false
    }

    /// A Flush, which need not be sent again.
    mutating func flushed() { isFlushed = true }

    /// The next message; its bytes follow by `append`.
    mutating func messageSent(_ request: ReplyQueue.Request, isWhole: Bool, length: Int) {
        guard isWhole, bytes.count + length <= Self.limit else { return abandon() }
        requestCount += 1
        switch request {
        case .describePortal, .describeStatement: isDescribed = true
        case .sync: state = .complete
        case .bind where hasBind: abandon()
        case .bind: hasBind = true
        case .execute: break
        case .query, .functionCall, .parse, .close, .copyEnd: abandon()
        }
    }

    mutating func append(_ span: RawSpan) {
        guard state != .none else { return }
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func abandon() { state = .none }

    /// Whether a Bind of the batch passes values in binary form, which would mean something else should a parameter's type
    /// have changed.
    var hasBinaryValues: Bool {
        unsafe bytes.withUnsafeBytes { raw in
            let span = unsafe RawSpan(_unsafeBytes: raw)
            var result = false
            ReplayBuffer.forEachFrame(in: span) { type, body in
                guard type == FrontendMessageType.bind, let portal = body.endOfCString(from: 0),
                    let name = body.endOfCString(from: portal + 1), name + 3 <= body.byteCount
                else { return }
                let count = Int(body.uint16(at: name + 1))
                for index in 0..<count where name + 5 + index * 2 <= body.byteCount {
                    if body.uint16(at: name + 3 + index * 2) != 0 { result = true }
                }
            }
            return result
        }
    }

    /// The requests of the batch, in order.
    var requests: [ReplyQueue.Request] {
        unsafe bytes.withUnsafeBytes { raw in
            var requests: [ReplyQueue.Request] = []
            ReplayBuffer.forEachFrame(in: unsafe RawSpan(_unsafeBytes: raw)) { type, body in
                switch type {
                case .bind: requests.append(.bind)
                case .execute: requests.append(.execute)
                case .sync: requests.append(.sync)
                case .describe:
                    let isStatement = body.byteCount > 0 && body.uint8(at: 0) == UInt8(ascii: "S")
                    requests.append(isStatement ? .describeStatement : .describePortal)
                default: break
                }
            }
            return requests
        }
    }

    private static func forEachFrame(in bytes: RawSpan, _ visit: (FrontendMessageType, RawSpan) -> Void) {
        var cursor = 0
        while case .frame(let header) = FrameScanner.header(in: bytes, at: cursor, limit: limit + 1),
            cursor + header.frameLength <= bytes.byteCount
        {
            let body = bytes.slice(cursor + FrameHeader.size..<cursor + header.frameLength)
            visit(FrontendMessageType(rawValue: header.type), body)
            cursor += header.frameLength
        }
    }
}
