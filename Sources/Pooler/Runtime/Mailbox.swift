import CLinux
import Glibc
import Synchronization

/// The only door between threads: a queue, and an eventfd that wakes the reader. Any thread sends, one receives.
final class Mailbox<Message: Sendable>: Sendable {
    /// Readable while messages wait.
    let descriptor: Int32
    private let queue = Mutex<[Message]>([])

    init() throws(Errno) {
        descriptor = clinux_eventfd()
        guard descriptor >= 0 else { throw Errno.last }
    }

    deinit {
        close(descriptor)
    }

    /// Leaves a message; never blocks for long.
    func send(_ message: Message) {
        let wasEmpty = queue.withLock { queue in
            queue.append(message)
            return queue.count == 1
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Takes everything that waits, oldest first.
    func receiveAll() -> [Message] {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
        return queue.withLock { queue in
            defer { queue = [] }
            return queue
        }
    }
}
