import Glibc
import Logging
import PoolerConfig

/// All of a start that may take its time or fail by itself: files, names, keys. It is made before a socket is opened, and before
/// anything is asked of a process that is taken over: from then on its clients wait.
struct Preparation {
    var options: DaemonOptions
    let manager: ServiceManager
    let demand: DescriptorDemand
    let limit: DescriptorLimit
    let ticketKeys = TicketKeys()
    /// The configuration, with what TLS and tokens need.
    let snapshot: ConfigurationSnapshot
    let resolver: HostResolver
    let listening: Listening
    /// What `metrics_listen` names; nil for nothing.
    let metricsAddresses: [SocketAddress]?
    let pidFile: PidFile?

    init(
        _ configuration: Configuration, _ options: DaemonOptions, _ manager: ServiceManager, _ demand: DescriptorDemand,
        _ limit: DescriptorLimit, _ log: Logger
    ) throws {
        let settings = configuration.settings
        self.options = options
        self.manager = manager
        self.demand = demand
        self.limit = limit
        let tls = try TLSContexts(configuration, ticketKeys, keeping: .none)
        let tokens = try TokenVerifier(configuration)
        for warning in tokens?.keys.warnings ?? [] { log.warning("auth_jwt_keys: \(warning)") }
        snapshot = ConfigurationSnapshot(configuration, tls: tls, tokens: tokens)
        resolver = try Self.makeResolver(settings)
        listening = try Listening(settings, passed: manager.sockets)
        metricsAddresses = try Control.metricsAddresses(settings)
        pidFile = settings.pidfile.isEmpty ? nil : PidFile(path: settings.pidfile)
    }

    /// Refuses to start beside a process that has the same Unix socket or PID file.
    func checkThatAlone(_ log: Logger) throws {
        try listening.checkUnixSocket()
        try removeStalePidFile(log)
    }

    /// Writes the PID file, if there is to be one.
    ///
    /// - Parameter isTaken: whether another process has been taken over, which has removed its own; so a file that is there is nobody's,
    ///   or a stranger's.
    func writePidFile(isTaken: Bool, _ log: Logger) throws(StartError) {
        if isTaken { try removeStalePidFile(log) }
        try pidFile?.write()
    }

    private func removeStalePidFile(_ log: Logger) throws(StartError) {
        if let pidFile, try pidFile.removeStale() { log.info("stale pidfile, removing") }
    }

    /// The resolver, with what `resolv_conf` names.
    private static func makeResolver(_ settings: Settings) throws -> HostResolver {
        guard !settings.resolvConf.isEmpty else { return HostResolver() }
        do {
            let text = String(decoding: try ConfigurationFile.read(settings.resolvConf), as: UTF8.self)
            return HostResolver(ResolvConf(text)) {
                HostsFile(text: String(decoding: (try? ConfigurationFile.read("/etc/hosts")) ?? [], as: UTF8.self))
            }
        } catch {
            throw StartError.cannotReadResolvConf(error)
        }
    }
}
