import Glibc

/// The metrics endpoint: a thread of its own, which sleeps until somebody scrapes. It asks for a report at most once a second,
/// whoever asks how often, and makes the text of it itself; all that the other threads do for it is one message each.
final class MetricsServer: Sendable {
    fileprivate enum Message: Sendable {
        case report(MetricsReport)
        case stop
    }

    /// What the settings say; the listeners are opened for it.
    let address: String
    let listeners: [Listener]
    fileprivate let mailbox: Mailbox<Message>
    /// Has a report made, on another thread, and then published.
    fileprivate let gather: @Sendable () -> Void

    /// Takes listeners that are open already, so that a wrong address is an error before anything has begun.
    init(address: String, listeners: [Listener], gather: @escaping @Sendable () -> Void) throws(Errno) {
        self.address = address
        self.listeners = listeners
        self.gather = gather
        mailbox = try Mailbox()
    }

    /// Starts the thread.
    func start() throws(Errno) {
        try ThreadStart.run { MetricsLoop(self).run() }
    }

    /// A report that was asked for has been made.
    func publish(_ report: MetricsReport) { mailbox.send(.report(report)) }

    /// Ends the thread and closes everything.
    func stop() { mailbox.send(.stop) }
}

/// What runs on the endpoint's thread.
private final class MetricsLoop {
    /// At once. One more takes the place of the one that has been silent for longest.
    private static let connectionLimit = 16
    /// How long a text is good for.
    private static let freshness: Duration = .seconds(1)
    /// Accepting rests for so long after the process ran out of descriptors.
    private static let acceptPause: Duration = .seconds(1)

    private let server: MetricsServer
    private var connections: [ScrapeConnection] = []
    private var latest: (text: [UInt8], at: Instant)?
    private var isGathering = false
    private var acceptsAgainAt: Instant?
    private var isRunning = true

    init(_ server: MetricsServer) {
        self.server = server
    }

    func run() {
        while isRunning {
            let now = Instant.now()
            if let time = acceptsAgainAt, now >= time { acceptsAgainAt = nil }
            var polled = [pollfd(fd: server.mailbox.descriptor, events: Int16(POLLIN), revents: 0)]
            polled += connections.map { pollfd(fd: $0.descriptor.number, events: $0.events, revents: 0) }
            if acceptsAgainAt == nil {
                polled += server.listeners.map { pollfd(fd: $0.descriptor.number, events: Int16(POLLIN), revents: 0) }
            }
            _ = unsafe poll(&polled, nfds_t(polled.count), timeout(now))
            turn(polled)
        }
    }

    private func turn(_ polled: [pollfd]) {
        let now = Instant.now()
        if polled[0].revents != 0 { receiveMail(now) }
        for (connection, entry) in zip(connections, polled.dropFirst()) where entry.revents != 0 {
            connection.ready(now: now)
        }
        for connection in connections where connection.isOpen && now >= connection.deadline {
            connection.expired(now: now)
        }
        connections.removeAll { !$0.isOpen }
        if polled.dropFirst(1 + connections.count).contains(where: { $0.revents != 0 }) || acceptsAgainAt == nil {
            for listener in server.listeners { accept(from: listener, now) }
        }
        serveWaiting(now)
    }

    /// Milliseconds until something is due by itself; -1 is never.
    private func timeout(_ now: Instant) -> Int32 {
        let moments = connections.map(\.deadline) + [acceptsAgainAt].compactMap { $0 }
        guard let next = moments.min() else { return -1 }
        return Int32(clamping: max(0, next.nanoseconds(since: now) / 1_000_000 + 1))
    }

    private func accept(from listener: Listener, _ now: Instant) {
        do throws(Errno) {
            // A burst does not keep those waiting who are connected.
            for _ in 0..<Self.connectionLimit {
                guard let (socket, _) = try Syscalls.accept(listener.descriptor.number) else { return }
                if connections.count >= Self.connectionLimit { makeRoom() }
                connections.append(ScrapeConnection(FileDescriptor(socket), now: now))
            }
        } catch {
            acceptsAgainAt = now + Self.acceptPause
        }
    }

    /// Those go first that have not even asked.
    private func makeRoom() {
        let silent = connections.firstIndex {
            switch $0.phase {
            case .reading, .draining: true
            case .waiting, .writing: false
            }
        }
        connections.remove(at: silent ?? 0)
    }

    private func receiveMail(_ now: Instant) {
        for message in server.mailbox.receiveAll() {
            switch message {
            case .report(let report):
                latest = (report.text(process: .now()), now)
                isGathering = false
                for connection in connections { connection.gathered(latest?.text ?? [], now: now) }
            case .stop:
                isRunning = false
            }
        }
    }

    private func serveWaiting(_ now: Instant) {
        let waiting = connections.filter { if case .waiting = $0.phase { true } else { false } }
        if let latest, now - latest.at < Self.freshness {
            for connection in waiting { connection.gathered(latest.text, now: now) }
        } else if !waiting.isEmpty {
            latest = nil
            guard !isGathering else { return }
            isGathering = true
            server.gather()
        }
    }
}
