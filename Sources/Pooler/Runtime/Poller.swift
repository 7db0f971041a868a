import CLinux
import Glibc

/// What happened on a descriptor.
struct PollEvents: OptionSet, Sendable {
    let rawValue: UInt32

    static let readable = Self(rawValue: clinux_epollin)
    static let writable = Self(rawValue: clinux_epollout)
    /// The peer has shut down its writing side: end of file follows what is still unread.
    static let peerClosed = Self(rawValue: clinux_epollrdhup)
    static let hangUp = Self(rawValue: clinux_epollhup | clinux_epollerr)
}

/// epoll(7), edge-triggered.
@safe
final class Poller {
    private static let batchSize = 256

    private let epoll: FileDescriptor
    private let events: UnsafeMutablePointer<epoll_event>
    /// How often there was a `wait`.
    private(set) var waitCount: UInt64 = 0

    init() throws(Errno) {
        let number = clinux_epoll_create()
        guard number >= 0 else { throw Errno.last }
        epoll = FileDescriptor(number)
        unsafe events = .allocate(capacity: Self.batchSize)
    }

    deinit {
        unsafe events.deallocate()
    }

    /// Watches a socket for input. It is called once for a connection: output is watched only while some is pending.
    func add(_ descriptor: Int32, _ token: Token) {
        let result = clinux_epoll_add(epoll.number, descriptor, Self.reading, token.bits)
        precondition(result == 0, "epoll_ctl(ADD) failed: \(Errno.last)")
    }

    /// Watches a listener or an eventfd, level-triggered; of several workers that watch it, one is woken.
    func addShared(_ descriptor: Int32, _ token: Token) {
        let result = clinux_epoll_add(
            epoll.number, descriptor, clinux_epollin | clinux_epollexclusive, token.bits)
        precondition(result == 0, "epoll_ctl(ADD) failed: \(Errno.last)")
    }

    /// Starts or stops watching for room to write.
    func watchOutput(_ descriptor: Int32, _ token: Token, _ isWatched: Bool) {
        let interest = isWatched ? Self.reading | clinux_epollout : Self.reading
        let result = clinux_epoll_modify(epoll.number, descriptor, interest, token.bits)
        precondition(result == 0, "epoll_ctl(MOD) failed: \(Errno.last)")
    }

    /// Stops watching, for a descriptor that lives on elsewhere. A closed one leaves by itself.
    func remove(_ descriptor: Int32) {
        _ = clinux_epoll_delete(epoll.number, descriptor)
    }

    /// Looks what has happened, or waits until something does, and returns how many events there are.
    /// Profilers find a worker's idle time by this name.
    @inline(never)
    func wait(blocking isBlocking: Bool) -> Int {
        waitCount &+= 1
        let count = unsafe epoll_wait(epoll.number, events, Int32(Self.batchSize), isBlocking ? -1 : 0)
        if count < 0 {
            precondition(errno == EINTR, "epoll_wait failed: \(Errno.last)")
            return 0
        }
        return Int(count)
    }

    /// The event at `index` of the last `wait`.
    @inline(__always)
    subscript(index: Int) -> (token: Token, events: PollEvents) {
        precondition(index >= 0 && index < Self.batchSize)
        return unsafe (Token(clinux_epoll_data(events + index)), PollEvents(rawValue: events[index].events))
    }

    private static let reading = clinux_epollin | clinux_epollrdhup | clinux_epollet
}
