import PoolerConfig

/// The families of the metrics. Names, units and meanings are a promise to dashboards: docs/metrics.md lists them.
extension MetricsReport {
    /// The whole scrape.
    func text(process: ProcessUsage) -> [UInt8] {
        var out = Exposition()
        writeProcess(process, to: &out)
        writeState(to: &out)
        writePools(to: &out)
        writeCounters(to: &out)
        writeDurations(to: &out)
        writeTallies(to: &out)
        writeDatabases(to: &out)
        writeWorkers(to: &out)
        writeSettings(to: &out)
        return out.bytes
    }

    private func writeProcess(_ process: ProcessUsage, to out: inout Exposition) {
        out.family("pgvalet_build_info", .gauge, "Version of the running program; always 1.") {
            $0.add(
                [("version", ProgramName.version), ("compatible_version", ProgramName.compatibleVersion)], 1)
        }
        out.single(
            "process_start_time_seconds", .gauge, "Start time of the process since the Unix epoch, in seconds.",
            "\(lifecycle.startedAt)")
        out.single(
            "process_cpu_seconds_total", .counter, "User and system CPU time of all threads, in seconds.",
            Exposition.seconds(process.cpuTime))
        out.single(
            "process_resident_memory_bytes", .gauge, "Resident memory, in bytes.", "\(process.residentBytes)")
        out.single("process_virtual_memory_bytes", .gauge, "Virtual memory, in bytes.", "\(process.virtualBytes)")
        out.single("process_open_fds", .gauge, "Open file descriptors.", "\(process.openDescriptors)")
        out.single("process_max_fds", .gauge, "Most file descriptors that may be open.", "\(process.descriptorLimit)")
    }

    private func writeState(to out: inout Exposition) {
        let mode = pooler.globals.mode
        out.single("pgvalet_paused", .gauge, "1 while everything is paused (PAUSE).", mode == .paused ? "1" : "0")
        out.single(
            "pgvalet_suspended", .gauge, "1 while everything is suspended (SUSPEND).", mode == .suspended ? "1" : "0")
        out.single(
            "pgvalet_shutting_down", .gauge, "1 while the process waits for its end.",
            lifecycle.isShuttingDown ? "1" : "0")
        if let reload = lifecycle.lastReload {
            out.single(
                "pgvalet_config_last_reload_successful", .gauge,
                "1 when the last RELOAD read the configuration, 0 when it failed.", reload.isSuccess ? "1" : "0")
            if let time = reload.lastSuccessAt {
                out.single(
                    "pgvalet_config_last_reload_success_timestamp_seconds", .gauge,
                    "When a RELOAD last read the configuration, since the Unix epoch, in seconds.", "\(time)")
            }
        }
        out.family("pgvalet_list_items", .gauge, "How many there are of everything: SHOW LISTS.") { samples in
            for list in lists { samples.add([("list", list.name)], list.count) }
        }
        out.family("pgvalet_memory_bytes", .gauge, "Memory by kind of object: SHOW MEM.") { samples in
            for memory in pooler.memory { samples.add([("slab", memory.slab.rawValue)], memory.total) }
        }
    }

    private func writeWorkers(to out: inout Exposition) {
        func family(
            _ name: String, _ help: String, _ value: (WorkerMetrics) -> String
        ) {
            out.family(name, name.hasSuffix("_total") ? .counter : .gauge, help) { samples in
                for worker in workers { samples.add([("worker", "\(worker.report.worker)")], value(worker)) }
            }
        }
        family("pgvalet_worker_clients", "Client connections of each worker thread.") { "\($0.clients)" }
        family("pgvalet_worker_waiting_clients", "Clients of each worker thread that wait for a server.") {
            "\($0.waitingClients)"
        }
        family("pgvalet_worker_login_clients", "Clients of each worker thread that are logging in.") {
            "\($0.loginClients)"
        }
        family("pgvalet_worker_servers", "Server connections of each worker thread.") { "\($0.servers)" }
        family("pgvalet_worker_pools", "Pools that each worker thread has a part of.") { "\($0.report.pools.count)" }
        family("pgvalet_worker_cpu_seconds_total", "CPU time of each worker thread, in seconds.") {
            Exposition.seconds($0.cpuTime)
        }
    }

    /// Numbers and words of fixed lists only: whatever may be a secret, a name or a path is text.
    private func writeSettings(to out: inout Exposition) {
        let settings = pooler.globals.settings.compactMap { setting in
            SettingDefinition.named(setting.key).map { ($0, setting.value ?? "") }
        }
        out.family("pgvalet_config_setting", .gauge, "Settings that are numbers, times in seconds.") { samples in
            for (definition, value) in settings where definition.isNumber && Double(value) != nil {
                samples.add([("name", definition.name)], value)
            }
        }
        out.family("pgvalet_config_info", .gauge, "Settings that are words of a list; always 1.") { samples in
            for (definition, value) in settings where definition.isWord && !value.isEmpty {
                samples.add([("name", definition.name), ("value", value)], 1)
            }
        }
    }
}

extension SettingDefinition {
    fileprivate var isNumber: Bool {
        switch kind {
        case .integer, .boolean, .time: !isSecret
        case .choice, .words, .text, .path, .hostAndPort: false
        }
    }

    fileprivate var isWord: Bool {
        switch kind {
        case .choice: !isSecret
        case .integer, .boolean, .time, .words, .text, .path, .hostAndPort: false
        }
    }
}
