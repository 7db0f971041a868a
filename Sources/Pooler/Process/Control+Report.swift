import PoolerConfig

/// What SHOW needs beyond the workers' reports, and the statistics line.
extension Control {
    func globals(_ reports: [WorkerReport]) -> PoolerReport.Globals {
        let settings = configuration.settings
        // An automatic database is only there for somebody.
        let pools = reports.flatMap(\.pools).filter { $0.clients + $0.servers > 0 }.map(\.id)
        var globals = PoolerReport.Globals(versionText: ProgramName.pgbouncer.versionText)
        globals.mode = mode
        globals.settings = SettingDefinition.all.map { definition in
            SettingReport(
                key: definition.name, value: definition.text(in: settings), defaultValue: definition.defaultText,
                isChangeable: definition.isChangeable)
        }
        globals.databases = databaseReports(pools)
        globals.users = userReports()
        globals.peers = configuration.peers.values.sorted { $0.id < $1.id }.map { peer in
            PeerReport(
                id: peer.id, host: peer.hosts.joined(separator: ","), port: peer.port,
                poolSize: peer.poolSize ?? settings.defaultPoolSize)
        }
        globals.dnsHosts = shared.resolver.remembered(now: .now()).map { name in
            DNSHostReport(hostname: name.host, timeToLive: name.timeToLive, addresses: name.addresses)
        }
        globals.dnsHosts.sort { $0.hostname.precedes($1.hostname) }
        globals.dnsZones = shared.resolver.zones().sorted { $0.zone.precedes($1.zone) }.map { zone in
            DNSZoneReport(zone: zone.zone, serial: zone.serial, hosts: zone.hosts)
        }
        globals.memory = [
            .used(.users, count: globals.users.count, size: MemoryLayout<User>.stride),
            .used(.credentials, count: configuration.secrets.count, size: MemoryLayout<Secret>.stride),
            .used(.databases, count: globals.databases.count, size: MemoryLayout<Database>.stride),
            .used(.peers, count: globals.peers.count, size: MemoryLayout<Peer>.stride),
        ]
        globals.listeners = listeners.map { listener in
            let address = SocketAddress.local(of: listener.descriptor.number)
            return DescriptorReport(
                number: listener.descriptor.number, task: "pooler", address: address.host,
                port: address.isUnix ? settings.listenPort : address.port)
        }
        globals.dnsQueries = shared.resolver.lookUpsInFlight
        globals.statBaseline = stats.baseline(at: Self.uptime())
        return globals
    }

    private func databaseReports(_ pools: [PoolReport.ID]) -> [DatabaseReport] {
        let names = Set(pools.map(\.database)).union(condition.pausedDatabases).union(condition.disabledDatabases)
        let automatic = names.filter { configuration.databases[$0] == nil }
            .compactMap { configuration.database(named: $0) }
        let databases = Array(configuration.databases.values) + automatic
        return databases.map(databaseReport) + [
            .console(
                listenPort: configuration.settings.listenPort, serverLifetime: configuration.settings.serverLifetime)
        ]
    }

    private func databaseReport(_ database: Database) -> DatabaseReport {
        let pool = configuration.poolSettings(database: database, user: "")
        let client = configuration.clientSettings(database: database, user: "")
        var report = DatabaseReport(
            name: database.name, host: database.hosts.isEmpty ? nil : database.hosts.joined(separator: ","),
            port: database.port, database: database.dbname, forcedUser: database.user,
            poolSize: database.poolSize ?? configuration.settings.defaultPoolSize, minPoolSize: pool.minPoolSize,
            reservePoolSize: pool.reservePoolSize, serverLifetime: pool.serverLifetime,
            poolMode: database.poolMode?.rawValue, loadBalanceHosts: database.loadBalanceText,
            maxConnections: pool.maxDbConnections, maxClientConnections: client.maxDbClientConnections)
        report.isPaused = condition.pausedDatabases.contains(database.name)
        report.isDisabled = condition.disabledDatabases.contains(database.name)
        return report
    }

    private func userReports() -> [UserReport] {
        let settings = configuration.settings
        let names = Set(configuration.secrets.keys).union(configuration.users.keys).union([ConsoleGreeting.database])
        return names.map { name in
            let user = configuration.users[name]
            return UserReport(
                name: name, poolSize: user?.poolSize, reservePoolSize: user?.reservePoolSize,
                poolMode: user?.poolMode?.rawValue,
                maxConnections: max(0, user?.maxUserConnections ?? settings.maxUserConnections),
                maxClientConnections: max(0, user?.maxUserClientConnections ?? settings.maxUserClientConnections))
        }
    }

    /// One stats_period is over: a new snapshot for the averages, and the line in the log.
    func statsPeriodElapsed() {
        gather({ $0.report() }) { reports in
            let report = PoolerReport(workers: reports, globals: self.globals(reports))
            let counters = Dictionary(report.pools.map { ($0.id, $0.counters) }) { first, _ in first }
            self.stats.periodElapsed(StatHistory.Snapshot(time: Self.uptime(), counters: counters))
            let averages = report.stats.averages
            let line = """
                stats: \(averages.transactions) xacts/s, \(averages.queries) queries/s, \
                \(averages.clientParses) client parses/s, \(averages.serverParses) server parses/s, \
                \(averages.binds) binds/s, in \(averages.received) B/s, out \(averages.sent) B/s, \
                xact \(averages.transactionTime) us, query \(averages.queryTime) us, wait \(averages.waitTime) us
                """
            if self.configuration.settings.logStats { self.log.info("\(line)") }
            self.serviceManager.notify(.status(line), log: self.log)
        }
    }
}

extension Database {
    /// load_balance_hosts, which means something only for a list of hosts.
    var loadBalanceText: String? { hosts.count > 1 ? loadBalanceHosts.rawValue : nil }
}
