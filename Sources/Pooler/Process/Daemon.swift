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
            for line in error.pgbouncerLines { log.error("\(line)") }
            log.error("\(error)")
            log.critical("cannot load config file")
            return 1
        } catch let error as TLSSetupError {
            log.error("\(error.reason)")
            log.critical("TLS setup failed")
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
        if options.reboot, !manager.sockets.isEmpty { throw StartError.rebootUnderServiceManager }
        let demand = DescriptorDemand(configuration)
        let limit = DescriptorLimit.raise(for: demand)
        if let user = options.user ?? settings.user { try Privileges.assume(user: user) }
        try Privileges.refuseRoot(program: program)
        // Only now, so that the log file belongs to the account that goes on writing it.
        try configureLog(configuration, options)
        if options.daemon, settings.pidfile.isEmpty { throw StartError.daemonNeedsPidFile }
        // Before `daemonize`, after which nobody would see what is wrong.
        var prepared = try Preparation(configuration, options, manager, demand, limit, log)
        let takeover = options.reboot ? try Takeover.begin(at: prepared.listening.unixPath, log) : nil
        do {
            if takeover == nil { try prepared.checkThatAlone(log) }
            if options.daemon { try goToBackground(&prepared) }
            try listen(prepared, takeover, program, log)
        } catch {
            takeover?.abandon("\(error)")
            throw error
        }
    }

    /// `-d`. A service manager's journal goes on being written: it knows no terminal that could be closed, and where `-R -d` is how the
    /// service is restarted nobody would read anything of it any more.
    private static func goToBackground(_ prepared: inout Preparation) throws {
        let logsToJournal = LogOutput.process.isJournal && !prepared.options.quiet
        try daemonize(keepsStandardError: logsToJournal)
        if !logsToJournal { prepared.options.quiet = true }
        try configureLog(prepared.snapshot.configuration, prepared.options)
    }

    /// The second half of the start, in the process that stays.
    ///
    /// - Parameter takeover: what another process hands over; with -R.
    private static func listen(
        _ prepared: Preparation, _ takeover: Takeover?, _ program: ProgramName, _ log: Logger
    ) throws {
        Signals.ignore()
        log.info("\(prepared.limit.summary(for: prepared.demand))")
        if let warning = prepared.limit.warning(for: prepared.demand) { log.warning("\(warning)") }
        let taken = try takeover?.listeners() ?? (main: [], metrics: [])
        let listeners = try prepared.listening.open(log: log, taken: taken.main)
        let control: Control
        let metricsListeners: [Listener]?
        do {
            metricsListeners = try Control.openMetrics(
                prepared.metricsAddresses, prepared.snapshot.settings, taken: taken.metrics)
            control = try Control(prepared, listeners: listeners, log: log, takeover: takeover)
            try control.startThreads(takeover?.stop)
            try takeover?.complete(log)
        } catch {
            for listener in listeners where !taken.main.contains(where: { $0 === listener }) { listener.removeFile() }
            throw error
        }
        control.start()
        control.serveMetrics(on: metricsListeners)
        if let takeover { control.tookOver(takeover) }
        // After the signals have their handlers: whoever reads the number may send one at once.
        do throws(StartError) {
            try prepared.writePidFile(isTaken: takeover != nil, log)
        } catch {
            // Nobody else serves the clients any more.
            if takeover == nil { throw error }
            log.error("\(error)")
        }
        log.info("\(program.processUp)")
        let isOther = prepared.options.daemon || takeover != nil
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
