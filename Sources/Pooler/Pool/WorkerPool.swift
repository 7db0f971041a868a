import PoolerConfig

/// One worker's part of a pool: the machine, its servers, and what they are opened with.
final class WorkerPool {
    let key: PoolKey
    /// Shared with the other workers.
    let budget: PoolBudget
    var database: Database
    var settings: PoolSettings {
        didSet { lifetimeNanoseconds = settings.serverLifetime.wholeNanoseconds }
    }
    /// server_lifetime, ready for the comparison that each release makes.
    private(set) var lifetimeNanoseconds: Int64
    var pool = Pool()
    var counters = StatCounters()
    /// Shared by the pools of a database on this worker.
    let durations: DatabaseDurations

    /// What servers are logged in with: the forced user's or the last login's.
    var credential: Credential
    /// For the pool of one replication client: what its server is opened with.
    let replication: [(name: String, value: String)]?
    /// What its server told, which is its client's alone.
    private var ownWelcome: Welcome?
    /// What the last client was told of whom nothing else is tracked; nil after a RELOAD.
    var lastGreeting: Greeting?
    /// Clients that are authenticated and wait for the pool's first welcome.
    var welcomeWaiters: [Token] = []
    /// Clients of the pool on this worker.
    var clientCount = 0
    /// When the last attempt to open a connection failed, and why; nil after a success.
    var failure: (reason: ServerFailure, at: Instant)?
    /// Connects that failed: where a host list is used one after the other, this many entries have been passed over.
    var failedHosts = 0
    /// Other workers whose clients wait for a server of this pool, longest first.
    var hungryWorkers: [Int] = []
    /// How many workers have yet to answer our question for idle servers.
    var openQuestions = 0
    /// Whether they know that clients wait here.
    var hasAsked = false
    /// When the pool lost its last client and server.
    var unusedSince: Instant?
    /// When a server was last closed for its age: closings are spaced.
    var lastLifetimeClose: Instant?
    /// Cancel requests that are on their way to its servers.
    var activeCancels = 0
    /// Those for which there was no connection left.
    var waitingCancels = WaitingCancels()
    /// Its database has another forced user now: its clients move to that user's pool with their next query.
    var isAbandoned = false

    /// server_check_delay, where there is a query to check with; copied here for the data path.
    var checkAfter: Duration?
    var isRoundRobin = false
    /// max_prepared_statements where statements are tracked: in transaction and statement mode. Zero: they are not.
    var statementLimit = 0

    /// Whether what clients do to their sessions is heeded, in the pool's mode and under its session_state.
    var heedsSession = false
    var pinCounters = PinCounters()
    /// Clients here that wait for a place of a pinned one.
    var pinWaiters: [Token] = []

    /// What a new client is told; nil until a server has logged in.
    var welcome: Welcome? {
        get { replication == nil ? budget.welcome : ownWelcome }
        set { if replication == nil { budget.welcome = newValue } else { ownWelcome = newValue } }
    }

    init(
        key: PoolKey, budget: PoolBudget, database: Database, settings: PoolSettings, credential: Credential,
        durations: DatabaseDurations, replication: [(name: String, value: String)]? = nil
    ) {
        self.replication = replication
        self.durations = durations
        self.key = key
        self.budget = budget
        self.database = database
        self.settings = settings
        lifetimeNanoseconds = settings.serverLifetime.wholeNanoseconds
        self.credential = credential
    }

    /// Whether servers of this pool report a parameter's value by themselves (GUC_REPORT).
    func reportsParameter(_ index: Int) -> Bool {
        welcome?.tracked[index] != nil
    }

    /// Whether a new attempt to connect would come too early after a failure (server_login_retry).
    func isBackingOff(now: Instant, retry: Duration) -> Bool {
        guard let failure else { return false }
        return now < failure.at + retry
    }
}
