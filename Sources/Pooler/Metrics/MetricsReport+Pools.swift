/// The families that belong to pools and databases.
extension MetricsReport {
    func writePools(to out: inout Exposition) {
        func states(_ name: String, _ help: String, _ counts: (PoolReport) -> [(state: String, count: Int)]) {
            out.family(name, .gauge, help) { samples in
                for pool in pooler.pools {
                    for (state, count) in counts(pool) { samples.add(labels(pool) + [("state", state)], count) }
                }
            }
        }
        states("pgvalet_pool_clients", "Clients of each pool by what they do: cl_ in SHOW POOLS.") { pool in
            [
                ("active", pool.activeClients), ("waiting", pool.waitingClients),
                ("active_cancel_req", pool.activeCancels), ("waiting_cancel_req", pool.waitingCancels),
            ]
        }
        states("pgvalet_pool_servers", "Servers of each pool by what they do: sv_ in SHOW POOLS.") { pool in
            [
                ("active", pool.activeServers), ("active_cancel", pool.cancelServers),
                ("being_canceled", pool.beingCanceledServers), ("idle", pool.idleServers), ("used", pool.usedServers),
                ("tested", pool.testedServers), ("login", pool.loginServers),
            ]
        }
        out.family("pgvalet_pool_maxwait_seconds", .gauge, "How long the first client in the queue has waited.") {
            samples in
            for pool in pooler.pools { samples.add(labels(pool), Exposition.seconds(pool.longestWait ?? .zero)) }
        }
        out.family("pgvalet_pool_info", .gauge, "The pool_mode and load_balance_hosts of each pool; always 1.") {
            samples in
            for pool in pooler.pools {
                let facts: [Exposition.Label] = [
                    ("pool_mode", pool.poolMode), ("load_balance_hosts", pool.loadBalanceHosts ?? ""),
                ]
                samples.add(labels(pool) + facts, 1)
            }
        }
        out.family("pgvalet_pool_pinned_clients", .gauge, "Clients that are kept on their server: SHOW PINS.") {
            samples in
            for pool in pooler.pools { samples.add(labels(pool), pool.pins.current) }
        }
    }

    /// SHOW STATS, where the averages are left to PromQL, and SHOW PIN_STATS.
    func writeCounters(to out: inout Exposition) {
        func family(_ name: String, _ help: String, _ count: (PoolReport) -> UInt64) {
            out.family(name, .counter, help) { samples in
                for pool in pooler.pools { samples.add(labels(pool), count(pool)) }
            }
        }
        func times(_ name: String, _ help: String, _ microseconds: (StatCounters) -> UInt64) {
            out.family(name, .counter, help) { samples in
                for pool in pooler.pools {
                    samples.add(labels(pool), Exposition.seconds(microseconds: microseconds(pool.counters)))
                }
            }
        }
        family("pgvalet_server_assignments_total", "Times that a client was given a server.") {
            $0.counters.serverAssignments
        }
        family("pgvalet_transactions_total", "Transactions.") { $0.counters.transactions }
        family("pgvalet_queries_total", "Queries, or pipelined batches.") { $0.counters.queries }
        family("pgvalet_received_bytes_total", "Bytes from clients.") { $0.counters.received }
        family("pgvalet_sent_bytes_total", "Bytes to clients.") { $0.counters.sent }
        times("pgvalet_transaction_seconds_total", "Time that servers spent in transactions.") { $0.transactionTime }
        times("pgvalet_query_seconds_total", "Time that servers spent on queries.") { $0.queryTime }
        times("pgvalet_wait_seconds_total", "Time that clients waited for a server.") { $0.waitTime }
        family("pgvalet_client_parses_total", "Prepared statements that clients named.") { $0.counters.clientParses }
        family("pgvalet_server_parses_total", "Prepared statements that servers were given.") {
            $0.counters.serverParses
        }
        family("pgvalet_binds_total", "Binds of prepared statements.") { $0.counters.binds }
        family("pgvalet_client_logins_total", "Client logins that went well.") { $0.counters.clientLogins }
        family("pgvalet_pins_total", "Clients that were pinned to their server.") { $0.pins.counters.made }
        family("pgvalet_pins_refused_total", "Clients and statements that were refused for max_pinned.") {
            $0.pins.counters.refused
        }
    }

    func writeDurations(to out: inout Exposition) {
        func family(_ name: String, _ help: String, _ part: (DatabaseDurations.Values) -> DurationHistogram) {
            out.family(name, .histogram, help) { samples in
                for (database, values) in durations { samples.add([("database", database)], part(values)) }
            }
        }
        family(
            "pgvalet_wait_duration_seconds", "How long clients waited for a server, 0 for those that found one free."
        ) { $0.wait }
        family("pgvalet_transaction_duration_seconds", "How long transactions took.") { $0.transaction }
        family("pgvalet_login_duration_seconds", "How long logins took that went well, from the connection on.") {
            $0.login
        }
    }

    func writeTallies(to out: inout Exposition) {
        let tallies = tallies
        func family(_ name: String, _ help: String, _ label: StaticString, _ tally: Tally) {
            out.family(name, .counter, help) { samples in
                for (word, count) in tally.sorted { samples.add([(label, word)], count) }
            }
        }
        family("pgvalet_errors_total", "Errors of pgvalet itself that clients were sent.", "sqlstate", tallies.errors)
        family(
            "pgvalet_server_errors_total", "Errors of Postgres that were passed to clients.", "sqlstate",
            tallies.serverErrors)
        family("pgvalet_client_closes_total", "Client connections that ended.", "reason", tallies.clientCloses)
        family("pgvalet_server_closes_total", "Server connections that ended.", "reason", tallies.serverCloses)
        family(
            "pgvalet_server_login_failures_total", "Server connections that could not be opened.", "reason",
            tallies.serverLoginFailures)
    }

    func writeDatabases(to out: inout Exposition) {
        func family(_ name: String, _ help: String, _ value: (DatabaseReport) -> Int) {
            out.family(name, .gauge, help) { samples in
                for database in pooler.databases { samples.add([("database", database.name)], value(database)) }
            }
        }
        family("pgvalet_database_pool_size", "The pool_size of each database.") { $0.poolSize }
        family("pgvalet_database_reserve_pool_size", "The reserve_pool_size of each database.") { $0.reservePoolSize }
        family("pgvalet_database_max_connections", "Most server connections of each database; 0 is no limit.") {
            $0.maxConnections
        }
        family("pgvalet_database_current_connections", "Server connections of each database.") {
            $0.currentConnections
        }
        family("pgvalet_database_max_client_connections", "Most clients of each database; 0 is no limit.") {
            $0.maxClientConnections
        }
        family("pgvalet_database_current_client_connections", "Clients of each database.") {
            $0.currentClientConnections
        }
        family("pgvalet_database_paused", "1 while the database is paused.") { $0.isPaused ? 1 : 0 }
        family("pgvalet_database_disabled", "1 while the database is disabled.") { $0.isDisabled ? 1 : 0 }
    }

    private func labels(_ pool: PoolReport) -> [Exposition.Label] {
        [("database", pool.id.database), ("user", pool.id.user)]
    }
}
