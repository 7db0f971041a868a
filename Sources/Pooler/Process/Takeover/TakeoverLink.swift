import Dispatch
import Glibc

/// The connection between two processes after one has taken over from the other, as long as the old one has clients: the new one,
/// which has the listeners, passes on what may be for those clients.
@MainActor
final class TakeoverLink {
    /// What the new process says.
    enum Order {
        case cancel(CancelKey)
        case condition(TakeoverCondition)
    }

    let channel: TakeoverChannel
    private let source: any DispatchSourceRead
    /// The beginning of a frame that is not whole.
    private var received: [UInt8] = []
    private let ordered: (Order) -> Void
    private var ended: () -> Void
    private static let frameLimit = 1 << 20

    /// - Parameters:
    ///   - ordered: hears what the other process orders.
    ///   - ended: hears once that the other process is gone.
    init(_ channel: TakeoverChannel, ordered: @escaping (Order) -> Void = { _ in }, ended: @escaping () -> Void) {
        self.channel = channel
        self.ordered = ordered
        self.ended = ended
        source = DispatchSource.makeReadSource(fileDescriptor: channel.descriptor.number, queue: .main)
        // Its descriptor must not be closed before.
        source.setCancelHandler { _ = channel }
        source.setEventHandler { [weak self] in MainActor.assumeIsolated { self?.readable() } }
        source.activate()
    }

    /// A cancel request that may be for a client of the other process. One that does not go out at once is lost, as on any way.
    func cancel(_ key: CancelKey) { send(.cancel, key) }

    /// PAUSE, RESUME, DISABLE and ENABLE hold there too.
    func condition(_ condition: WorkerCondition) {
        send(.condition, TakeoverCondition(condition))
    }

    private func send(_ type: TakeoverChannel.FrameType, _ value: some TakeoverValue) {
        guard let body = try? value.encoded() else { return }
        try? channel.send(type, body, until: .now())
    }

    private func readable() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let number = channel.descriptor.number
            let result = unsafe buffer.withUnsafeMutableBytes { unsafe Syscalls.receive(number, into: $0) }
            switch result {
            case .wouldBlock: return
            case .endOfFile, .failed: return end()
            case .bytes(let count):
                received += buffer.prefix(count)
                guard takeFrames() else { return end() }
            }
        }
    }

    /// False when what comes is none.
    private func takeFrames() -> Bool {
        while received.count >= FrameHeader.size {
            let length = received[1..<5].reduce(0) { $0 << 8 | Int($1) } + 1
            guard length >= FrameHeader.size, length <= Self.frameLimit else { return false }
            guard received.count >= length else { return true }
            let (type, body) = (received[0], Array(received[FrameHeader.size..<length]))
            received.removeFirst(length)
            guard let order = try? order(type, body) else { return false }
            ordered(order)
        }
        return true
    }

    private func order(_ type: UInt8, _ body: [UInt8]) throws(TakeoverError) -> Order {
        switch TakeoverChannel.FrameType(rawValue: type) {
        case .cancel: .cancel(try CancelKey(decoding: body))
        case .condition: .condition(try TakeoverCondition(decoding: body))
        case .offer, .ready, .go, .taken, .abort, nil: throw .malformed("a frame of type \(type)")
        }
    }

    /// It is another process's link from now on.
    func letGo() {
        source.cancel()
        ended = {}
    }

    private func end() {
        source.cancel()
        ended()
    }
}

/// What is paused and disabled.
struct TakeoverCondition: TakeoverValue, Equatable {
    var isPaused = false
    var pausedDatabases: [String] = []
    var disabledDatabases: [String] = []

    init() {}

    init(_ condition: WorkerCondition) {
        isPaused = condition.isPaused
        pausedDatabases = condition.pausedDatabases.sorted()
        disabledDatabases = condition.disabledDatabases.sorted()
    }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&isPaused)
        try coder.code(&pausedDatabases)
        try coder.code(&disabledDatabases)
    }

    func apply(to condition: inout WorkerCondition) {
        condition.isPaused = isPaused
        condition.pausedDatabases = Set(pausedDatabases)
        condition.disabledDatabases = Set(disabledDatabases)
    }
}
