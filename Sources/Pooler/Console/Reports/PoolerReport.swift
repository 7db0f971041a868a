/// Everything that the console can show, at one moment: the workers' reports merged, so that nobody sees the threads,
/// and what belongs to the whole process.
struct PoolerReport: Sendable {
    /// What no worker owns.
    struct Globals: Sendable {
        /// The row of SHOW VERSION.
        var versionText: String
        var mode: PoolerCondition.Mode = .active
        /// In the order of SHOW CONFIG.
        var settings: [SettingReport] = []
        /// With the console's own entry; in any order.
        var databases: [DatabaseReport] = []
        /// In any order.
        var users: [UserReport] = []
        var peers: [PeerReport] = []
        var dnsHosts: [DNSHostReport] = []
        var dnsZones: [DNSZoneReport] = []
        var listeners: [DescriptorReport] = []
        /// What the configuration takes.
        var memory: [MemoryReport] = []
        /// Look-ups in flight.
        var dnsQueries = 0
        var statBaseline = StatHistory.Baseline()
    }

    /// How busy one worker is: a row of SHOW WORKERS.
    struct Worker: Sendable {
        var id: Int
        var clients: Int
        var waitingClients: Int
        var loginClients: Int
        var servers: Int
        var pools: Int
    }

    let globals: Globals
    /// In the order of SHOW SOCKETS.
    let sockets: [SocketReport]
    /// Clients before servers, by number.
    let descriptors: [DescriptorReport]
    /// By database and user, with the console's pool.
    let pools: [PoolReport]
    /// By name.
    let databases: [DatabaseReport]
    /// By name.
    let users: [UserReport]
    /// By id.
    let peerPools: [PeerPoolReport]
    /// Every slab, in the order of SHOW MEM.
    let memory: [MemoryReport]
    let workers: [Worker]
    /// The longest first.
    let pins: [PinReport]
    let freeClients: Int
    let freeServers: Int

    init(workers reports: [WorkerReport], globals: Globals) {
        self.globals = globals
        sockets = reports.flatMap(\.sockets).sorted(by: SocketReport.precedes)
        descriptors = reports.flatMap(\.descriptors).sorted { ($0.task, $0.number) < ($1.task, $1.number) }
        pools = Self.merged(reports.flatMap(\.pools))
        databases = Self.counted(globals.databases, over: pools)
        users = Self.counted(globals.users, pools: pools, sockets: sockets)
        peerPools = Self.merged(reports.flatMap(\.peerPools))
        memory = Self.merged(globals.memory + reports.flatMap(\.memory))
        workers = reports.sorted { $0.worker < $1.worker }.map(Worker.init)
        pins = reports.flatMap(\.pins).sorted { ($0.age, $1.clientID) > ($1.age, $0.clientID) }
        freeClients = reports.reduce(0) { $0 + $1.freeClients }
        freeServers = reports.reduce(0) { $0 + $1.freeServers }
    }

    private static func merged(_ parts: [PoolReport]) -> [PoolReport] {
        let console = PoolReport.ID(database: ConsoleGreeting.database, user: ConsoleGreeting.database)
        var pools = [console: PoolReport(id: console, poolMode: "statement")]
        for part in parts {
            if pools[part.id] == nil {
                pools[part.id] = part
            } else {
                pools[part.id]? += part
            }
        }
        return pools.values.sorted { $0.id < $1.id }
    }

    private static func merged(_ parts: [PeerPoolReport]) -> [PeerPoolReport] {
        var pools: [Int: PeerPoolReport] = [:]
        for part in parts {
            var pool = pools[part.peerID] ?? PeerPoolReport(peerID: part.peerID)
            pool.activeCancels += part.activeCancels
            pool.waitingCancels += part.waitingCancels
            pool.cancelServers += part.cancelServers
            pool.loginServers += part.loginServers
            pools[part.peerID] = pool
        }
        return pools.values.sorted { $0.peerID < $1.peerID }
    }

    private static func merged(_ parts: [MemoryReport]) -> [MemoryReport] {
        MemoryReport.Slab.allCases.map { slab in
            parts.lazy.filter { $0.slab == slab }.reduce(into: MemoryReport(slab: slab)) { sum, part in
                sum.objectSize = max(sum.objectSize, part.objectSize)
                sum.used += part.used
                sum.free += part.free
                sum.total += part.total
            }
        }
    }

    private static func counted(_ databases: [DatabaseReport], over pools: [PoolReport]) -> [DatabaseReport] {
        let poolsByDatabase = Dictionary(grouping: pools, by: \.id.database)
        return databases.sorted { $0.name.precedes($1.name) }.map { entry in
            var database = entry
            let pools = poolsByDatabase[entry.name] ?? []
            database.currentConnections = pools.reduce(0) { $0 + $1.servers }
            database.currentClientConnections = pools.reduce(0) { $0 + $1.clients }
            return database
        }
    }

    /// Servers count for the pool's user, clients for the user that they logged in as.
    private static func counted(
        _ users: [UserReport], pools: [PoolReport], sockets: [SocketReport]
    ) -> [UserReport] {
        let poolsByUser = Dictionary(grouping: pools, by: \.id.user)
        let clientsByUser = Dictionary(grouping: sockets.lazy.filter(\.isLoggedInClient), by: \.user)
        return users.sorted { $0.name.precedes($1.name) }.map { entry in
            var user = entry
            user.currentConnections = (poolsByUser[entry.name] ?? []).reduce(0) { $0 + $1.servers }
            user.currentClientConnections = clientsByUser[entry.name]?.count ?? 0
            return user
        }
    }
}

extension PoolerReport.Worker {
    init(_ report: WorkerReport) {
        id = report.worker
        clients = report.sockets.count { $0.state.isClient }
        waitingClients = report.sockets.count { $0.state == .clientWaiting }
        loginClients = report.sockets.count { $0.state == .clientLogin }
        servers = report.sockets.count { !$0.state.isClient }
        pools = report.pools.count
    }
}

extension SocketReport {
    /// A client that has a session: neither in login nor there to carry a cancel.
    fileprivate var isLoggedInClient: Bool {
        switch state {
        case .clientActive, .clientIdle, .clientWaiting: true
        case .clientLogin, .clientActiveCancel, .clientWaitingCancel, .serverActive, .serverIdle, .serverUsed,
            .serverTested, .serverLogin, .serverActiveCancel, .serverBeingCanceled:
            false
        }
    }
}
