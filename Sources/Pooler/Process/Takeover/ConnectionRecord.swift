/// What a client and a server have alike (`Connection`), on its way to another process.
struct ConnectionRecord: TakeoverValue, Equatable {
    var id: UInt64 = 0
    /// Which of the descriptors that travel with the offer is its socket.
    var descriptor = 0
    /// The other end.
    var address: [UInt8] = []
    var connectedAt = Instant()
    var receivedAt = Instant()
    /// How much of the message under way is still to come, and what becomes of it.
    var remaining = 0
    var disposition: FrameScanner.Disposition = .forward
    /// Received and not processed.
    var held: [UInt8] = []
    /// Not sent.
    var output: [UInt8] = []

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&id)
        try coder.code(&descriptor)
        try coder.code(&address)
        try coder.code(&connectedAt)
        try coder.code(&receivedAt)
        try coder.code(&remaining)
        try coder.choice(&disposition)
        try coder.code(&held)
        try coder.code(&output)
        guard remaining >= 0, held.count <= Scratch.largestCapacity else { throw .malformed("impossible buffers") }
    }
}

/// Values of a session's parameters (`SessionSettings`).
struct SettingsRecord: TakeoverValue, Equatable {
    var settings: [Setting] = []
    var isVerified = false

    struct Setting: TakeoverValue, Equatable {
        var name = ""
        var value: [UInt8] = []

        mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
            try coder.code(&name)
            try coder.code(&value)
        }
    }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&settings)
        try coder.code(&isVerified)
    }
}

extension CancelKey: TakeoverValue {
    init() { self.init(process: 0, secret: 0) }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        var (process, secret) = (process, secret)
        try coder.code(&process)
        try coder.code(&secret)
        self = CancelKey(process: process, secret: secret)
    }
}
