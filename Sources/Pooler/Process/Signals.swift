import Dispatch
import Glibc

/// The signals that an operator sends us.
enum ProcessSignal: Sendable, CaseIterable {
    case hangup, terminate, interrupt, quit, user1, user2

    var number: Int32 {
        switch self {
        case .hangup: SIGHUP
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .quit: SIGQUIT
        case .user1: SIGUSR1
        case .user2: SIGUSR2
        }
    }

    /// As PgBouncer's log names it.
    var name: String {
        switch self {
        case .hangup: "SIGHUP"
        case .terminate: "SIGTERM"
        case .interrupt: "SIGINT"
        case .quit: "SIGQUIT"
        case .user1: "SIGUSR1"
        case .user2: "SIGUSR2"
        }
    }
}

/// Delivers signals to one handler on the main queue, for as long as the value lives.
final class Signals {
    private let sources: [any DispatchSourceSignal]

    /// Starts to listen, and returns when nothing is missed any more. From here on Dispatch has threads, so `daemonize` comes before.
    ///
    /// - Parameters:
    ///   - arrived: called on another queue, at once.
    ///   - handler: called on the main queue; several equal signals in a row may arrive as one.
    init(
        arrived: @escaping @Sendable (ProcessSignal) -> Void = { _ in },
        handler: @escaping @Sendable (ProcessSignal) -> Void
    ) {
        Self.ignore()
        // Not the main queue, on which we could not wait: and until Dispatch has done its part a signal does what it does by default.
        let queue = DispatchQueue(label: "pgvalet.signals")
        let registered = DispatchSemaphore(value: 0)
        sources = ProcessSignal.allCases.map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal.number, queue: queue)
            source.setRegistrationHandler { registered.signal() }
            source.setEventHandler {
                arrived(signal)
                DispatchQueue.main.async { handler(signal) }
            }
            source.activate()
            return source
        }
        for _ in sources { registered.wait() }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Keeps a request to stop from ending the process, on this thread and on those that it starts from here on: it waits until
    /// `Signals` listens.
    static func hold() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGQUIT] { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// What must not end the process while it starts: a closed connection (SIGPIPE, for good), a request to reload or
    /// pause that comes too early. A request to stop still ends it, as nothing is lost yet (until `hold`).
    static func ignore() {
        for number in [SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
        // Whoever started us may have had it ignored, and then the end of a child could not be waited for.
        signal(SIGCHLD, SIG_DFL)
    }
}
