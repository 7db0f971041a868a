/// What a client is told after its login, as the pool's first server told it: the parameters, tracked ones apart, since each
/// client has its own values of those.
struct Welcome: Sendable, Equatable {
    /// ParameterStatus messages of the parameters that are not tracked, in the server's order.
    private(set) var untracked: [UInt8] = []
    /// The server's values of the tracked ones.
    private(set) var tracked: [[UInt8]?]

    /// The most that parameters may take, with all that was reported and replaced since: every client is told them.
    private static let byteLimit = 64 * 1024
    private var reportedBytes = 0

    /// Whether it has grown beyond what any client should be told.
    var isTooLong: Bool { reportedBytes > Self.byteLimit }

    init(tracked: TrackedParameters) {
        self.tracked = [[UInt8]?](repeating: nil, count: tracked.count)
    }

    /// As another process has learnt it.
    init(untracked: [UInt8], tracked: [[UInt8]?]) {
        self.untracked = untracked
        self.tracked = tracked
    }

    /// The server reported a parameter during its login.
    mutating func reported(_ name: String, _ value: [UInt8], among names: TrackedParameters) {
        reportedBytes += name.utf8.count + value.count
        if let index = names.index(of: name) {
            tracked[index] = value
        } else {
            var writer = MessageWriter()
            writer.parameterStatus(name, value)
            untracked += writer.bytes
        }
    }

    /// By what clients are told.
    static func == (left: Self, right: Self) -> Bool {
        left.untracked == right.untracked && left.tracked == right.tracked
    }

    /// The client's values, with the server's where the client gave none.
    func completing(_ values: [[UInt8]?]) -> [[UInt8]?] {
        zip(values, tracked).map { $0 ?? $1 }
    }
}

extension MessageWriter {
    /// A ParameterStatus message.
    mutating func parameterStatus(_ name: String, _ value: some Sequence<UInt8>) {
        message(BackendMessageType.parameterStatus) { body in
            body.cString(name)
            body.cString(value)
        }
    }

    /// A ReadyForQuery message.
    mutating func readyForQuery(_ status: TransactionStatus = .idle) {
        message(BackendMessageType.readyForQuery) { $0.uint8(status.rawValue) }
    }

    /// AuthenticationOk.
    mutating func authenticationOk() {
        message(BackendMessageType.authentication) { $0.int32(0) }
    }

    /// A BackendKeyData message.
    mutating func backendKeyData(_ key: CancelKey) {
        message(BackendMessageType.backendKeyData) { body in
            body.uint32(key.process)
            body.uint32(key.secret)
        }
    }
}
