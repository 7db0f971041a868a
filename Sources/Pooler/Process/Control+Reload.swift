import PoolerConfig

/// RELOAD: all or nothing.
extension Control {
    /// Reads the files again. False when they cannot be used: then everything stays as it was.
    @discardableResult
    func reload() -> Bool {
        do {
            let path = configuration.settings.conffile ?? options.configurationFile
            let read = try ConfigurationFile(path: path).load()
            if let first = read.unreadableFiles.first { throw first }
            for warning in read.warnings { log.warning("\(warning)") }
            try apply(read)
            lifecycle.lastReload = .init(isSuccess: true, lastSuccessAt: WallClock.now())
            return true
        } catch {
            if let error = error as? ConfigurationError {
                for line in error.pgbouncerLines { log.error("\(line)") }
            }
            log.error("\(error)")
            lifecycle.lastReload = .init(isSuccess: false, lastSuccessAt: lifecycle.lastReload?.lastSuccessAt)
            log.warning("config file loading failed: RELOAD failed, the configuration stays as it was")
            return false
        }
    }

    /// Makes a configuration the present one, here and on every worker. Nothing has changed when its TLS settings or the
    /// files that they name cannot be used, or the keys of tokens. With `keepsTLS` TLS stays as it is, whatever the new settings say.
    func apply(_ new: Configuration, keepsTLS: Bool = false) throws {
        let change = ConfigurationChange(from: configuration, to: new)
        let tokens = try TokenVerifier(change.configuration)
        let metricsMove = change.changedSettings.contains("metrics_listen")
        let settings = change.configuration.settings
        let metricsListeners = metricsMove ? try Self.openMetrics(Self.metricsAddresses(settings), settings) : nil
        if !keepsTLS {
            tls = try TLSContexts(change.configuration, ticketKeys, keeping: tls)
            tlsSettings = change.configuration.settings
        }
        for warning in tokens?.keys.warnings ?? [] { log.warning("auth_jwt_keys: \(warning)") }
        for warning in change.warnings { log.warning("\(warning)") }
        configuration = change.configuration
        do {
            try LogOutput.process.configure(LogTarget(configuration.settings, options))
        } catch {
            log.critical("\(error)")
            exitProcess(1)
        }
        if metricsMove { serveMetrics(on: metricsListeners) }
        if change.changedSettings.contains("stats_period") { startStats() }
        if change.changedSettings.contains("dns_zone_check_period") { startZoneChecks() }
        watchTokenKeys()
        for name in change.removedDatabases {
            log.warning("dropping database '\(name)' as it does not exist anymore or inactive auto-database")
        }
        for name in change.reconnectedDatabases { shared.directory.forgetWelcomes(ofDatabase: name) }
        shared.directory.sweep()
        shared.secrets.forget()
        let snapshot = ConfigurationSnapshot(configuration.withTLSSettings(of: tlsSettings), tls: tls, tokens: tokens)
        for listener in listeners { listener.handOn(snapshot.socketOptions) }
        tellWorkers { $0.configurationChanged(snapshot, change) }
        prepareForcedPools()
    }
}
