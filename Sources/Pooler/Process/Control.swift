import Dispatch
import Glibc
import Logging
import PoolerConfig

/// The control thread: owns the configuration, listens to signals, and runs what the console orders over all workers.
///
/// It lives on the main queue. It speaks to the workers by mailbox and hears from them by blocks on the main queue.
@MainActor
final class Control {
    /// How often things that are waited for are looked at: drained pools, clients that leave.
    private static let pollPeriod = DispatchTimeInterval.milliseconds(50)

    let options: DaemonOptions
    let log: Logger
    let shared: Shared
    /// None any more once another process has taken over.
    var listeners: [Listener]
    let pidFile: PidFile?
    var configuration: Configuration
    /// Made of it, with the keys that outlive it.
    var tls: TLSContexts
    let ticketKeys: TicketKeys
    /// The settings that `tls` was made of. SET may store others that do not work, or not yet.
    var tlsSettings: Settings
    var condition = WorkerCondition()
    var mode = PoolerCondition.Mode.active
    /// When a SUSPEND has waited long enough; nil for ever, and without one.
    var suspendDeadline: Instant?
    var stats: StatHistory
    /// Commands that are not over yet, oldest first.
    var waiting: [WaitingCommand] = []
    var signals: Signals?
    let serviceManager: ServiceManager
    /// The endpoint of `metrics_listen`.
    var metrics: MetricsServer?
    /// Another process is taking over.
    var handOver: HandOver?
    /// The processes before us that have clients left, and the one that took over from us.
    var predecessors: [TakeoverLink] = []
    var successor: TakeoverLink?
    var lifecycle = MetricsReport.Lifecycle(startedAt: WallClock.now())
    /// Looks whether the file of `auth_jwt_keys` has changed.
    var tokenKeysTimer: (any DispatchSourceTimer)?
    /// How that file was when it was read last.
    var tokenKeysStamp: FileStamp?
    /// Until their threads have them.
    private var workers: [Worker]
    private let startGate = StartGate()
    private var statsTimer: (any DispatchSourceTimer)?
    private var pollTimer: (any DispatchSourceTimer)?
    private var zoneTimer: (any DispatchSourceTimer)?

    /// A console command that waits for something to happen.
    struct WaitingCommand {
        let effect: ConsoleEffect
        /// Nil: a signal ordered it.
        let address: ConsoleAddress?
    }

    init(_ prepared: Preparation, listeners: [Listener], log: Logger, takeover: Takeover? = nil) throws {
        let snapshot = prepared.snapshot
        configuration = snapshot.configuration
        tls = snapshot.tls
        ticketKeys = prepared.ticketKeys
        tlsSettings = snapshot.settings
        options = prepared.options
        self.listeners = listeners
        for listener in listeners { listener.handOn(snapshot.socketOptions) }
        pidFile = prepared.pidFile
        serviceManager = prepared.manager
        self.log = log
        stats = StatHistory(startedAt: Self.uptime())
        let tracked = TrackedParameters(extra: configuration.settings.trackExtraParameters)
        let mailbox = ControlMailbox()
        shared = try Shared(
            workerCount: WorkerCount(configuration.settings).value, tracked: tracked, resolver: prepared.resolver
        ) { request in
            DispatchQueue.main.async { MainActor.assumeIsolated { mailbox.control?.receive(request) } }
        }
        let key = try AuthenticationKey()
        let derivations = KeyDerivations()
        workers = []
        for index in 0..<shared.workerCount {
            let worker = try Worker(
                index: index, shared: shared, configuration: snapshot,
                authentication: AuthenticationContext(
                    key: key, scramIterations: configuration.settings.scramIterations, derivations: derivations),
                log: log, holding: takeover?.offer.longestHeld ?? 0)
            for listener in listeners { worker.listen(on: listener) }
            workers.append(worker)
        }
        mailbox.control = self
        if let takeover { try takeOver(takeover) }
    }

    /// What a process that is taken over had, before the workers start.
    private func takeOver(_ takeover: Takeover) throws(TakeoverError) {
        let offer = takeover.offer
        shared.goOn(fromID: offer.nextID)
        shared.statementNumbers.goOn(fromName: offer.nextStatement, change: offer.latestChange)
        offer.condition.apply(to: &condition)
        if condition.isPaused { mode = .paused }
        if offer.statHistory.count == 2 {
            stats = StatHistory(older: offer.statHistory[0].snapshot, newer: offer.statHistory[1].snapshot)
        }
        let names = TrackedNames(offer.tracked, shared.tracked)
        for worker in workers {
            worker.condition = condition
            worker.hasPredecessor = true
        }
        for (index, record) in WorkerRecord.dealt(offer.workers, among: workers.count) {
            try workers[index].takeOver(record, takeover.sockets, names)
        }
        tellWorkers { $0.beginAfterTakeover() }
    }

    /// Starts the workers' threads, which wait, and listens to signals, which do too: all that a process has to have before it may
    /// take what is another's.
    ///
    /// - Parameter stop: hears of signals before anybody else does.
    func startThreads(_ stop: StopRequest? = nil) throws(StartError) {
        Signals.hold()
        for worker in workers { try WorkerThread.start(worker, behind: startGate) }
        // They belong to their threads now.
        workers = []
        signals = Signals { [log] signal in
            if stop?.arrived(signal) == true { log.info("got \(signal.name), nothing is taken over") }
        } handler: { signal in
            MainActor.assumeIsolated { self.received(signal) }
        }
    }

    /// Sets everything in motion.
    func start() {
        startGate.open(workers: shared.workerCount)
        startStats()
        startZoneChecks()
        watchTokenKeys()
        prepareForcedPools()
    }

    func receive(_ request: ControlRequest) {
        switch request {
        case .gatherReport(let address): answerReport(address)
        case .run(let effect, let address): run(effect, for: address)
        case .cancelRun(let address): cancelRun(address)
        case .consoleClosed(let address): consoleClosed(address)
        case .cancelAtPredecessor(let key): for link in predecessors { link.cancel(key) }
        }
    }

    /// Asks every worker, and goes on with all the answers, in the order of the workers.
    func gather<Answer: Sendable>(
        _ question: @escaping @Sendable (Worker) -> Answer, then finish: @escaping @MainActor ([Answer]) -> Void
    ) {
        let answers = GatheredAnswers<Answer>(count: shared.workerCount, finish)
        shared.broadcast(
            .run { worker in
                let answer = question(worker)
                let index = worker.index
                DispatchQueue.main.async { MainActor.assumeIsolated { answers.arrived(answer, from: index) } }
            })
    }

    /// Runs something on every worker.
    func tellWorkers(_ work: @escaping @Sendable (Worker) -> Void) {
        shared.broadcast(.run(work))
    }

    /// Answers a console session.
    func answer(_ address: ConsoleAddress, _ answer: ConsoleAnswer) {
        shared.mailboxes[address.worker].send(.run { $0.consoleAnswered(address.client, answer) })
    }

    /// Looks at what is waited for until nothing is.
    func startPolling() {
        guard pollTimer == nil else { return }
        let timer = DispatchSource.makeTimerSource(queue: .main)
        timer.schedule(deadline: .now(), repeating: Self.pollPeriod)
        timer.setEventHandler { MainActor.assumeIsolated { self.poll() } }
        timer.activate()
        pollTimer = timer
    }

    func stopPolling() {
        pollTimer?.cancel()
        pollTimer = nil
    }

    /// What is ordered of both processes while one has clients left.
    func applyToPredecessors() { for link in predecessors { link.condition(condition) } }

    /// The one way out.
    func exitProcess(_ code: Int32) -> Never {
        RunningPrograms.shared.killAll()
        // Where another process is about to take over the file may be its own by now.
        if handOver == nil { for listener in listeners { listener.removeFile() } }
        pidFile?.removeIfOurs()
        // Not exit(3): OpenSSL's handler would take from under the other threads what they work with.
        _exit(code)
    }

    /// Databases with a forced user and a minimum get their pools without a client.
    func prepareForcedPools() {
        shared.mailboxes[0].send(.run { $0.makeForcedPools() })
    }

    /// dns_zone_check_period: starts it, or starts it anew.
    func startZoneChecks() {
        zoneTimer?.cancel()
        zoneTimer = nil
        let period = configuration.settings.dnsZoneCheckPeriod
        guard period > .zero else { return }
        let nanoseconds = DispatchTimeInterval.nanoseconds(Int(max(period, .milliseconds(100)).wholeNanoseconds))
        let timer = DispatchSource.makeTimerSource(queue: .main)
        timer.schedule(deadline: .now() + nanoseconds, repeating: nanoseconds)
        timer.setEventHandler {
            MainActor.assumeIsolated { self.shared.resolver.checkZones(.init(self.configuration.settings)) }
        }
        timer.activate()
        zoneTimer = timer
    }

    static func uptime() -> Duration { .nanoseconds(Instant.now().nanoseconds) }

    /// Starts the interval of the averages, or starts it anew.
    func startStats() {
        let period = max(1, configuration.settings.statsPeriod)
        let timer = DispatchSource.makeTimerSource(queue: .main)
        timer.schedule(deadline: .now() + .seconds(period), repeating: .seconds(period))
        timer.setEventHandler { MainActor.assumeIsolated { self.statsPeriodElapsed() } }
        timer.activate()
        statsTimer?.cancel()
        statsTimer = timer
    }
}

/// Lets the workers' requests find the control thread, which is made after what they send them with.
@MainActor
private final class ControlMailbox {
    var control: Control?

    nonisolated init() {}
}

/// Collects one answer of each worker.
@MainActor
final class GatheredAnswers<Answer: Sendable> {
    private var answers: [Answer?]
    private var missing: Int
    private let finish: @MainActor ([Answer]) -> Void

    init(count: Int, _ finish: @escaping @MainActor ([Answer]) -> Void) {
        answers = [Answer?](repeating: nil, count: count)
        missing = count
        self.finish = finish
    }

    func arrived(_ answer: Answer, from worker: Int) {
        answers[worker] = answer
        missing -= 1
        if missing == 0 { finish(answers.compactMap { $0 }) }
    }
}
