import Glibc
import Logging
import PoolerConfig

/// One thread of the daemon: an event loop with its own clients, servers and pools. What belongs to a worker is touched by its
/// thread alone, so there is no lock and no atomic on the path of a query; other threads speak to it through its mailbox.
///
/// The parts are in extensions beside what they are about: accepting and logging in (Client/), relaying (Session/), leasing
/// and upkeep (Pool/), connecting (Server/), the console (Console/).
final class Worker {
    /// How often upkeep runs (PgBouncer's janitor: three passes a second).
    static let upkeepPeriod: Duration = .milliseconds(333)
    private static let grain = TimerWheel.grain.wholeNanoseconds
    /// Logins that are given a turn between two rounds of established connections.
    private static let loginsPerTurn = 8
    /// Beyond this, the rest of them wait for the next turn: one TLS handshake or SCRAM may take most of it.
    private static let loginNanosecondsPerTurn: Int64 = 200_000

    let index: Int
    let shared: Shared
    let log: SubjectLog
    let mailbox: Mailbox<WorkerMessage>

    // The loop.
    let poller: Poller
    let scratch: Scratch
    /// What the step at hand gathers, for the server and for the client.
    let toServer = Assembly()
    let toClient = Assembly()
    let blocks = BlockPool()
    let statements: StatementRelay
    var table = ConnectionTable<Registration>()
    var timers: TimerWheel
    /// Read once for each turn of the loop.
    var now: Instant
    private var nextUpkeep: Instant
    /// Wakes the loop for what is due by itself.
    private var alarm: Alarm
    private var isRunning = true
    /// Why nobody is read any further than has to be.
    var standstill = Standstill.none {
        didSet { isSuspended = standstill != .none }
    }
    /// Whether there is such a reason: for those who ask with every read.
    private(set) var isSuspended = false
    /// Connections with more input than their share of a turn.
    var readyAgain: [Token] = []
    /// Clients in login with something to read: they get their turn after established ones.
    var loginsReady: [Token] = []
    /// How often that is.
    var loginPace: LoginPace
    /// Servers that leave for other workers at the end of the turn.
    var departures: [Departure] = []
    /// TLS sessions that servers offered.
    var serverSessions = ServerSessions()

    // What the worker holds.
    var pools: [PoolKey: WorkerPool] = [:]
    /// Of the clients that have logged in.
    var cancelKeys = CancelKeyTable()
    /// What cancel keys are made of.
    var randomStock = RandomStock()
    /// Where cancel requests go for clients of other processes; on one worker alone.
    var peerPools: [Int: PeerPool] = [:]
    var parameterSets: ParameterSets
    var sessionSettings = SessionSettingsTable()
    var identities = ClientIdentities()
    var clientLimits = ClientLimitsTable()
    var authentication: AuthenticationContext
    var configuration: ConfigurationSnapshot
    var condition = WorkerCondition()
    /// Accepting rests until then after the process ran out of descriptors.
    var acceptsAgainAt: Instant?
    var listeners: [WatchedListener] = []
    var acceptPace = AcceptPace()
    /// Whether the listeners are watched.
    var isAccepting = true
    /// Clients in the middle of their TLS handshake, and those who wait for theirs.
    var handshakes = HandshakeLine()
    /// Clients that have not finished their login.
    var loginCount = 0
    /// The process that we took over from has clients left, and hears of cancel requests.
    var hasPredecessor = false
    /// What is counted for the metrics besides the pools' counters.
    var tallies = WorkerTallies()
    /// By database.
    var durations: [String: DatabaseDurations] = [:]
    /// What the console did, as the counters of its own pool.
    var consoleCounters = StatCounters()

    /// - Parameter held: the most that another process hands over of what was received and not processed.
    init(
        index: Int, shared: Shared, configuration: ConfigurationSnapshot, authentication: AuthenticationContext,
        log: Logger, holding held: Int = 0
    ) throws(Errno) {
        let scratch = Scratch(receiving: configuration.settings.pktBuf, holding: held)
        self.scratch = scratch
        self.index = index
        self.shared = shared
        self.configuration = configuration
        self.authentication = authentication
        authentication.population = configuration.population
        self.log = SubjectLog(log)
        mailbox = shared.mailboxes[index]
        let statementTable = StatementTable(numbers: shared.statementNumbers) { definition, number in
            shared.broadcast(.statementChanged(definition, at: number), except: index)
        }
        statements = StatementRelay(table: statementTable, toServer: toServer, scratch: scratch)
        poller = try Poller()
        now = .now()
        timers = TimerWheel(now: now)
        nextUpkeep = now + Self.upkeepPeriod
        loginPace = LoginPace(now: now)
        alarm = try Alarm()
        parameterSets = ParameterSets(tracked: shared.tracked)
        let mail = table.reserve()
        table.fill(mail, .mailbox)
        poller.addShared(mailbox.descriptor, mail)
        let ring = table.reserve()
        table.fill(ring, .alarm)
        poller.add(alarm.descriptor, ring)
    }

    /// The thread's whole life.
    func run() {
        while isRunning {
            let count = poller.wait(blocking: !hasMoreToDo())
            now = .now()
            for index in 0..<count {
                let event = poller[index]
                dispatch(event.token, event.events)
            }
            runReadyAgain()
            runLogins()
            expireTimers()
            runDepartures()
            if now >= nextUpkeep {
                nextUpkeep = now + Self.upkeepPeriod
                if !isSuspended { upkeep() }
            }
        }
    }

    /// Ends the loop after this turn.
    func stop() { isRunning = false }

    /// Whether the next turn should begin at once; if not, the alarm is set to when it has to.
    private func hasMoreToDo() -> Bool {
        if !readyAgain.isEmpty { return true }
        var due = nextUpkeep
        if timers.armedCount > 0 { due = min(due, now.advanced(nanoseconds: Self.grain)) }
        if !loginsReady.isEmpty {
            guard loginPace.isResting(at: now) else { return true }
            due = min(due, loginPace.restsUntil)
        }
        alarm.ring(by: due)
        return false
    }

    private func dispatch(_ token: Token, _ events: PollEvents) {
        switch table[token] {
        case .client(let client): clientEvent(client, events)
        case .server(let server): serverEvent(server, events)
        case .mailbox: receiveMail()
        case .listener(let listener): accept(from: listener)
        case .cancel(let cancel): cancelEvent(cancel, events)
        case .alarm: alarm.wasHeard()
        case .pendingServer, .secretLookUp, nil: break
        }
    }

    /// Gives those another turn who had more to read than their share.
    private func runReadyAgain() {
        guard !readyAgain.isEmpty else { return }
        let tokens = readyAgain
        readyAgain.removeAll(keepingCapacity: true)
        for token in tokens {
            switch table[token] {
            case .client(let client): readClient(client)
            case .server(let server): readServer(server)
            case .mailbox, .alarm, .listener, .cancel, .pendingServer, .secretLookUp, nil: break
            }
        }
    }

    /// Established sessions go first: a storm of logins gets a bounded share of each turn, and not every turn.
    private func runLogins() {
        guard !loginsReady.isEmpty, !loginPace.isResting(at: now) else { return }
        let began = Instant.now()
        var turn = 0
        repeat {
            if case .client(let client) = table[loginsReady[turn]] {
                client.isLoginReady = false
                loginReady(client)
            }
            turn += 1
        } while turn < min(Self.loginsPerTurn, loginsReady.count)
            && Instant.now().nanoseconds(since: now) < Self.loginNanosecondsPerTurn
        if turn == loginsReady.count {
            loginsReady.removeAll(keepingCapacity: true)
        } else {
            loginsReady.removeFirst(turn)
        }
        loginPace.turnEnded(after: began, now: .now())
    }

    private func expireTimers() {
        while let slot = timers.popExpired(now: now) {
            switch table.registration(inSlot: slot) {
            case .client(let client):
                if isSuspended, client.phase.isSession {
                    timers.arm(slot: slot, at: now + .seconds(1))
                } else {
                    clientDeadlineReached(client)
                }
            case .cancel(let cancel): cancelDeadlineReached(cancel)
            case .server, .mailbox, .alarm, .listener, .pendingServer, .secretLookUp, nil: break
            }
        }
    }

    func receiveMail() {
        for message in mailbox.receiveAll() {
            switch message {
            case .adopt(let socket): adopt(socket)
            case .resolved(let token, let outcome): hostResolved(token, outcome)
            case .passwordArrived(let token, let outcome): passwordArrived(token, outcome)
            case .serversWanted(let key, let count, let worker): serversWanted(key, count: count, by: worker)
            case .serverGiven(let key, let handover): serverGiven(key, handover)
            case .serversAnswered(let key): serversAnswered(key)
            case .budgetFreed: serveAllQueues()
            case .pinSettled(let key): if let pool = pools[key] { retryPins(of: pool) }
            case .evictIdle(let database, let user): evictIdle(database: database, user: user)
            case .welcomeArrived(let key): welcomeArrived(key)
            case .loginRefused(let key, let failure): loginRefused(key, failure)
            case .verdictArrived(let token, let verdict): verdictArrived(token, verdict)
            case .secretArrived(let token, let key, let outcome): secretArrived(token, key, outcome)
            case .lookUpUnwanted(let key): lookUpUnwanted(key)
            case .loginAdmitted(let token): loginAdmitted(token)
            case .cancel(let request): cancelRequested(request)
            case .cancelSettled(let token, let outcome): cancelSettled(token, outcome)
            case .statementChanged(let definition, let number):
                statements.table.changed(definition, at: number)
            case .run(let work): work(self)
            }
        }
    }
}

/// What the console has ordered: PAUSE, DISABLE, a shutdown.
struct WorkerCondition: Sendable {
    /// PAUSE without a database.
    var isPaused = false
    /// SUSPEND.
    var isSuspended = false
    var pausedDatabases: Set<String> = []
    var disabledDatabases: Set<String> = []
    var shutdown = Shared.ShutdownMode.running

    /// Whether no client gets a server now.
    func isPaused(_ database: String) -> Bool {
        isPaused || isSuspended || (!pausedDatabases.isEmpty && pausedDatabases.contains(database))
    }

    /// Whether servers that nobody uses are closed: not in a SUSPEND.
    func closesServers(_ database: String) -> Bool { isPaused(database) && !isSuspended }
}
