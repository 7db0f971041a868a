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
            var beforeConfiguration = LogTarget()
            beforeConfiguration.standardError = !options.quiet
            beforeConfiguration.verbosity = options.verbosity
            try LogOutput.process.configure(beforeConfiguration)
            let manager = try ServiceManager.inherited()
            let configuration = try ConfigurationFile(path: options.configurationFile).load()
            beforeConfiguration.format = configuration.settings.logFormat
            try LogOutput.process.configure(beforeConfiguration)
            for warning in configuration.warnings { log.warning("\(warning)") }
            try start(configuration, options, program, manager, log)
        } catch let error as TakeoverError {
            log.critical("cannot take over: \(error)")
            return 1
        } catch let error as ConfigurationError {
            log.error("\(error)")
            log.critical("cannot load config file")
            return 1
        } catch {
            log.critical("\(error)")
            return 1
        }
        // Out here, so that nothing of the start is kept for good: a listener is closed when it is let go of.
        dispatchMain()
    }

    private static func start(
        _ configuration: Configuration, _ options: DaemonOptions, _ program: ProgramName, _ manager: ServiceManager,
        _ log: Logger
    ) throws {
        let settings = configuration.settings
        var options = options
        if options.reboot, !manager.sockets.isEmpty { throw StartError.rebootUnderServiceManager }
        let demand = DescriptorDemand(configuration)
        let limit = DescriptorLimit.raise(for: demand)
        if let user = options.user ?? settings.user { try Privileges.assume(user: user) }
        try Privileges.refuseRoot(program: program)
        // Only now, so that the log file belongs to the account that goes on writing it.
        try configureLog(configuration, options)
        if options.daemon, settings.pidfile.isEmpty { throw StartError.daemonNeedsPidFile }
        let ticketKeys = TicketKeys()
        let tls = try TLSContexts(configuration, ticketKeys, keeping: .none)
        // Here too, because after `daemonize` nobody would see what is wrong.
        _ = try TokenVerifier(configuration)
        let listening = Listening(settings, passed: manager.sockets)
        let takeover = options.reboot ? try Takeover.begin(at: listening.unixPath, log) : nil
        do {
            if takeover == nil { try listening.checkUnixSocket() }
            let pidFile = settings.pidfile.isEmpty ? nil : PidFile(path: settings.pidfile)
            if takeover == nil, let pidFile, try pidFile.removeStale() { log.info("stale pidfile, removing") }
            if options.daemon {
                try daemonize()
                options.quiet = true
                try configureLog(configuration, options)
            }
            try listen(
                Preparation(
                    configuration: configuration, options: options, manager: manager, listening: listening,
                    pidFile: pidFile, demand: demand, limit: limit, tls: tls, ticketKeys: ticketKeys,
                    takeover: takeover), program, log)
        } catch {
            takeover?.abandon("\(error)")
            throw error
        }
    }

    /// What the first half of the start has made for the second.
    private struct Preparation {
        let configuration: Configuration
        let options: DaemonOptions
        let manager: ServiceManager
        let listening: Listening
        let pidFile: PidFile?
        let demand: DescriptorDemand
        let limit: DescriptorLimit
        let tls: TLSContexts
        let ticketKeys: TicketKeys
        /// What another process hands over; with -R.
        let takeover: Takeover?
    }

    /// The second half of the start, in the process that stays.
    private static func listen(
        _ prepared: Preparation, _ program: ProgramName, _ log: Logger
    ) throws {
        Signals.ignore()
        log.info("\(prepared.limit.summary(for: prepared.demand))")
        if let warning = prepared.limit.warning(for: prepared.demand) { log.warning("\(warning)") }
        let taken = try prepared.takeover?.listeners() ?? (main: [], metrics: [])
        let listeners = try prepared.listening.open(log: log, taken: taken.main)
        let metricsListeners = try Control.openMetrics(prepared.configuration.settings, taken: taken.metrics)
        let control = try Control(
            configuration: prepared.configuration, tls: prepared.tls, ticketKeys: prepared.ticketKeys,
            options: prepared.options, listeners: listeners, pidFile: prepared.pidFile, log: log,
            takeover: prepared.takeover)
        control.serviceManager = prepared.manager
        try prepared.takeover?.complete(log)
        control.start()
        control.serveMetrics(on: metricsListeners)
        if let takeover = prepared.takeover { control.tookOver(takeover) }
        // After the signals have their handlers: whoever reads the number may send one at once.
        do throws(StartError) {
            try prepared.pidFile?.write()
        } catch {
            // Nobody else serves the clients any more.
            if prepared.takeover == nil { throw error }
            log.error("\(error)")
        }
        log.info("\(program.processUp)")
        let isOther = prepared.options.daemon || prepared.takeover != nil
        prepared.manager.notify(.ready(mainProcess: isOther ? getpid() : nil), log: log)
    }

    private static func configureLog(_ configuration: Configuration, _ options: DaemonOptions) throws(LogFileError) {
        try LogOutput.process.configure(LogTarget(configuration.settings, options))
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
            others: UInt64(32 + 8 * WorkerCount(settings).value + (settings.metricsListen == nil ? 0 : 24)))
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
