import PoolerConfig
import Synchronization

/// What all threads of the daemon share. Everything in it is immutable or guards itself, and none of it is touched for a query.
final class Shared: Sendable {
    /// The global mode, as in SHOW STATE; and what a shutdown waits for.
    enum ShutdownMode: Int, Sendable {
        case running
        case waitForServers
        case waitForClients
        /// Another process has taken over: what could not go there goes on as ever, and the process ends with its clients.
        case handedOver

        /// Whether those who log in are turned away.
        var refusesClients: Bool {
            switch self {
            case .running, .handedOver: false
            case .waitForServers, .waitForClients: true
            }
        }
    }

    let tracked: TrackedParameters
    let directory: PoolDirectory
    let resolver: HostResolver
    /// Who may log in now.
    let logins = LoginGate()
    /// Who has failed to lately.
    let failures = FailureBook()
    /// What auth_query told.
    let secrets = SecretBook()
    let passwords = PasswordCommands()
    /// Where passwords are judged by those who may take their time.
    let passwordChecks = BlockingQueue(label: "pgvalet.password-checks", width: 8, capacity: 256)
    /// Where the names of Unix accounts are looked up, so that `peer` does not wait for anybody's password.
    let accountNames = BlockingQueue(label: "pgvalet.account-names", width: 2, capacity: 256)
    let mailboxes: [Mailbox<WorkerMessage>]
    /// Clients on each worker, for dealing new ones out.
    private let clientCounts: [ClientCount]
    /// All client sockets, against max_client_conn.
    let clients = ConnectionBudget()
    private let nextID = Atomic<UInt64>(1)
    let statementNumbers = StatementNumbers()
    private let shutdown = Atomic<Int>(ShutdownMode.running.rawValue)
    /// What the control thread is asked for.
    let control: @Sendable (ControlRequest) -> Void

    init(
        workerCount: Int, tracked: TrackedParameters, resolver: HostResolver = HostResolver(),
        control: @escaping @Sendable (ControlRequest) -> Void
    ) throws(Errno) {
        self.tracked = tracked
        self.resolver = resolver
        self.control = control
        directory = PoolDirectory(workerCount: workerCount)
        var mailboxes: [Mailbox<WorkerMessage>] = []
        for _ in 0..<workerCount { mailboxes.append(try Mailbox()) }
        self.mailboxes = mailboxes
        clientCounts = (0..<workerCount).map { _ in ClientCount() }
        resolver.whenAddressesVanish { [mailboxes] host, addresses in
            for mailbox in mailboxes { mailbox.send(.run { $0.addressesVanished(host, addresses) }) }
        }
    }

    var workerCount: Int { mailboxes.count }

    /// The next of the numbers that name clients and servers.
    func makeID() -> UInt64 { nextID.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// Goes on from another process's numbers; before anybody uses them.
    func goOn(fromID id: UInt64) { nextID.store(id, ordering: .relaxed) }

    var shutdownMode: ShutdownMode {
        get { ShutdownMode(rawValue: shutdown.load(ordering: .acquiring)) ?? .running }
        set { shutdown.store(newValue.rawValue, ordering: .releasing) }
    }

    /// The worker with the fewest clients; `preferred` where that is as good as any.
    func leastLoadedWorker(preferring preferred: Int) -> Int {
        guard workerCount > 1 else { return 0 }
        var best = preferred
        for worker in 0..<workerCount where clientCounts[worker].value < clientCounts[best].value { best = worker }
        return best
    }

    func clientAdded(toWorker worker: Int) { clientCounts[worker].add(1) }

    func clientRemoved(fromWorker worker: Int) { clientCounts[worker].add(-1) }

    /// Tells every worker, or every one but `except`.
    func broadcast(_ message: WorkerMessage, except: Int? = nil) {
        for (worker, mailbox) in mailboxes.enumerated() where worker != except { mailbox.send(message) }
    }

    /// One worker's clients.
    private final class ClientCount: Sendable {
        private let count = Atomic<Int>(0)

        var value: Int { count.load(ordering: .relaxed) }

        func add(_ difference: Int) { count.wrappingAdd(difference, ordering: .relaxed) }
    }
}

/// What a worker asks of the control thread.
enum ControlRequest: Sendable {
    /// A console session wants the whole daemon's report.
    case gatherReport(ConsoleAddress)
    /// A console session runs a command.
    case run(ConsoleEffect, ConsoleAddress)
    /// A console session was asked to stop waiting.
    case cancelRun(ConsoleAddress)
    /// A console session is gone; what it waits for is nobody's business any more.
    case consoleClosed(ConsoleAddress)
    /// A cancel request may be for a client of the process that we took over from.
    case cancelAtPredecessor(CancelKey)
}

/// Where a console session lives.
struct ConsoleAddress: Hashable, Sendable {
    let worker: Int
    let client: Token
}
