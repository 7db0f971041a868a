import Dispatch
import Glibc
import Logging
import PoolerConfig

/// The composition root: from a parsed command line to running threads, in PgBouncer's start order.
@MainActor
public enum Daemon {
    /// Runs until the process ends. Returns only when it cannot start, with the exit code.
    public static func run(_ options: DaemonOptions) -> Int32 {
        let program = ProgramName.current
        let log = Logger.process
        do {
            let configuration = try ConfigurationFile(path: options.configurationFile).load()
            try configureLog(configuration, options)
            for warning in configuration.warnings { log.warning("\(warning)") }
            return try start(configuration, options, program, log)
        } catch {
            log.critical("\(error)")
            return 1
        }
    }

    private static func start(
        _ configuration: Configuration, _ options: DaemonOptions, _ program: ProgramName, _ log: Logger
    ) throws -> Int32 {
        let settings = configuration.settings
        if options.reboot { throw StartError.takeoverUnsupported }
        let demand = DescriptorDemand(configuration)
        let limit = DescriptorLimit.raise(for: demand)
        if let user = options.user ?? settings.user { try Privileges.assume(user: user) }
        try Privileges.refuseRoot(program: program)
        if options.daemon, settings.pidfile.isEmpty { throw StartError.daemonNeedsPidFile }
        let ticketKeys = TicketKeys()
        let tls = try TLSContexts(configuration, ticketKeys, keeping: .none)
        let listening = Listening(settings)
        try listening.checkUnixSocket()
        let pidFile = settings.pidfile.isEmpty ? nil : PidFile(path: settings.pidfile)
        if let pidFile, try pidFile.removeStale() { log.info("removed stale pidfile") }
        if options.daemon { try daemonize() }
        Signals.ignore()
        let listeners = try listening.open(log: log)
        try pidFile?.write()
        log.info("\(limit.summary(for: demand))")
        if let warning = limit.warning(for: demand) { log.warning("\(warning)") }
        let control = try Control(
            configuration: configuration, tls: tls, ticketKeys: ticketKeys, options: options, listeners: listeners, pidFile: pidFile, log: log)
        control.start()
        log.info("\(program.processUp)")
        dispatchMain()
    }

    private static func configureLog(_ configuration: Configuration, _ options: DaemonOptions) throws(LogFileError) {
        let target = LogTarget(
            configuration.settings, standardError: !options.quiet && !options.daemon,
            verbosity: max(options.verbosity, configuration.settings.verbose))
        try LogOutput.process.configure(target)
    }
}

extension DescriptorDemand {
    /// What a configuration can use at once: every client, every server of every pool that it names, and the rest.
    init(_ configuration: Configuration) {
        let settings = configuration.settings
        let perUser = configuration.databases.values.map { database in
            let pool = configuration.poolSettings(database: database, user: database.user ?? "")
            let size = pool.poolSize + pool.reservePoolSize
            let users = database.user == nil ? max(1, configuration.secrets.count) : 1
            let (all, overflow) = size.multipliedReportingOverflow(by: users)
            let limit = pool.maxDbConnections > 0 ? pool.maxDbConnections : Int.max
            return min(overflow ? Int.max : all, limit)
        }
        let servers = perUser.reduce(0) { sum, size in
            let (result, overflow) = sum.addingReportingOverflow(size)
            return overflow ? Int.max : result
        }
        self.init(
            clients: UInt64(max(0, settings.maxClientConn)), servers: UInt64(max(0, servers)),
            others: UInt64(32 + 8 * WorkerCount(settings).value))
    }
}

/// How many workers a configuration asks for: worker_threads, or one for each core that the process may use.
struct WorkerCount {
    /// 1 to 256.
    let value: Int

    init(_ settings: Settings) {
        let wanted = settings.workerThreads > 0 ? settings.workerThreads : sysconf(Int32(_SC_NPROCESSORS_ONLN))
        value = min(max(1, wanted), 256)
    }
}
