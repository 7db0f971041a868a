import Dispatch
import Glibc
import Synchronization

/// A hand-over under way, in the process that is taken over.
///
/// Everything is offered; once the other process says that it has rebuilt it, it is told to go, and only when it has answered that
/// does this one let go. Whatever goes wrong before leaves this process as it was.
@MainActor
final class HandOver {
    /// How long questions of our own and logins get to come to their end.
    static let settling: Duration = .milliseconds(500)
    /// The limit of the whole where suspend_timeout is off.
    static let longest: Duration = .seconds(10)

    let channel: TakeoverChannel
    let startedAt = Instant.now()
    let gate = HandOverGate()
    /// Signals wait until it is decided which process they are for.
    var delayedSignals: [ProcessSignal] = []
    var exports: [WorkerExport] = []
    /// What is offered besides, kept open until it is decided, whatever happens to its owners: a number that is closed could be
    /// another's by the time that it is sent.
    var offered: [AnyObject] = []

    init(_ channel: TakeoverChannel) {
        self.channel = channel
    }

    /// What is said to the other process, on a thread that may wait; its process number.
    nonisolated static func converse(
        _ channel: TakeoverChannel, _ offer: TakeoverOffer, _ descriptors: [Int32], _ pidFile: PidFile?,
        until deadline: Instant
    ) throws(TakeoverError) -> Int32 {
        let bytes = try offer.encoded()
        var head = TakeoverHead(byteCount: UInt64(bytes.count), descriptorCount: UInt32(clamping: descriptors.count))
        head.version = TakeoverOffer.version
        try channel.send(.offer, try head.encoded(), until: deadline)
        try channel.send(bytes, descriptors, until: deadline)
        let process = try UInt32(decoding: try channel.expect(.ready, until: deadline))
        // The other process writes its own as soon as everything is its own.
        pidFile?.removeIfOurs()
        do throws(TakeoverError) {
            try channel.send(.go, until: deadline)
            try channel.expectLastWord(.taken, until: deadline)
        } catch {
            try? pidFile?.write()
            throw error
        }
        return Int32(clamping: process)
    }
}

/// What stands in front of an offer, and stays the same in all versions.
struct TakeoverHead: TakeoverValue, Equatable {
    var version: UInt32 = 0
    var byteCount: UInt64 = 0
    var descriptorCount: UInt32 = 0
    /// The number of the process that is taken over.
    var process = UInt32(getpid())

    init() {}

    init(byteCount: UInt64, descriptorCount: UInt32) {
        self.byteCount = byteCount
        self.descriptorCount = descriptorCount
    }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.code(&version)
        try coder.code(&byteCount)
        try coder.code(&descriptorCount)
        try coder.code(&process)
    }
}

/// Where the workers stand still until it is decided what becomes of what they have handed over.
final class HandOverGate: Sendable {
    enum Decision: Sendable {
        case letGo
        case abandon
    }

    private let semaphore = DispatchSemaphore(value: 0)
    private let decision = Mutex<Decision?>(nil)

    /// Blocks the worker's thread.
    func wait() -> Decision {
        semaphore.wait()
        return decision.withLock { $0 } ?? .abandon
    }

    func decide(_ decision: Decision, workers: Int) {
        self.decision.withLock { $0 = decision }
        for _ in 0..<workers { semaphore.signal() }
    }
}
