import PoolerConfig

/// What the console orders.
extension Control {
    func answerReport(_ address: ConsoleAddress) {
        gather({ $0.report() }) { reports in
            self.answer(address, .report(PoolerReport(workers: reports, globals: self.globals(reports))))
        }
    }

    /// Runs a command and answers it, now or when what it waits for has happened.
    func run(_ effect: ConsoleEffect, for address: ConsoleAddress) {
        gather({ Array($0.pools.keys) }) { keys in
            let automatic = Set(keys.joined().map(\.database))
            // What is ordered here would not hold there, and who ordered it could not know.
            guard self.condition.shutdown != .handedOver else {
                return self.answer(address, .effect(.failed(.handedOver)))
            }
            let refusal = self.poolerCondition(automatic).refusal(of: effect)
            if refusal != .alreadyPaused, let words = effect.words { self.log.info("\(words) command issued") }
            if let refusal {
                self.answer(address, .effect(.failed(refusal)))
            } else {
                self.perform(effect, for: address)
            }
        }
    }

    private func perform(_ effect: ConsoleEffect, for address: ConsoleAddress) {
        switch effect {
        case .pause(let database):
            pause(database)
            wait(for: effect, address)
        case .suspend:
            mode = .suspended
            condition.isSuspended = true
            let limit = configuration.settings.suspendTimeout
            suspendDeadline = limit > .zero ? .now() + limit : nil
            applyCondition()
            wait(for: effect, address)
        case .resume(let database):
            resume(database)
            done(address)
        case .disable(let database):
            condition.disabledDatabases.insert(database)
            applyCondition()
            done(address)
        case .enable(let database):
            condition.disabledDatabases.remove(database)
            applyCondition()
            done(address)
        case .kill(let database):
            kill(database, address)
        case .killClient(let id):
            gather({ $0.killClient(id: id) }) { found in
                self.answer(address, .effect(found.contains(true) ? .done() : .failed(.clientNotFound)))
            }
        case .reconnect(let database):
            shared.directory.forgetWelcomes(ofDatabase: database)
            shared.secrets.forget()
            gather({ $0.reconnect(database) }) { _ in self.done(address) }
        case .waitClose:
            wait(for: effect, address)
        case .reload:
            answer(address, .effect(reload() ? .done() : .failed(.reloadFailed)))
        case .set(let key, let value):
            answer(address, .effect(set(key, to: value)))
        case .shutdown(let mode):
            shutDown(mode) { self.done(address) }
        case .takeOver(let version):
            takeOverRequested(version, address)
        }
    }

    /// PAUSE: no new work for servers, and those that are free are closed.
    func pause(_ database: String?) {
        if let database {
            condition.pausedDatabases.insert(database)
        } else {
            mode = .paused
            condition.isPaused = true
        }
        applyCondition()
    }

    func resume(_ database: String?) {
        if let database {
            condition.pausedDatabases.remove(database)
        } else {
            mode = .active
            condition.isPaused = false
            condition.isSuspended = false
            suspendDeadline = nil
        }
        applyCondition()
        endWaiting { effect in
            switch effect {
            case .pause(let paused): paused == database
            case .suspend: database == nil
            default: false
            }
        } with: {
            .failed(.ended(by: "RESUME"))
        }
    }

    /// KILL: everybody out, and the database stays paused.
    private func kill(_ database: String?, _ address: ConsoleAddress) {
        if let database {
            condition.pausedDatabases.insert(database)
        } else {
            condition.pausedDatabases.formUnion(configuration.databases.keys)
        }
        let condition = condition
        // Who comes next waits for a server of the time after it.
        shared.directory.forgetWelcomes(ofDatabase: database)
        gather({ worker -> [String] in
            // Before the pause closes what is free with a reason of its own.
            let killed = worker.kill(database)
            worker.conditionChanged(condition)
            return killed
        }) { killed in
            if database == nil { self.condition.pausedDatabases.formUnion(killed.flatMap { $0 }) }
            self.applyCondition()
            self.done(address)
        }
    }

    /// SET: one setting, until the next RELOAD.
    private func set(_ key: String, to value: String) -> ConsoleEffectResult {
        let definition = SettingDefinition.named(key)
        do {
            var changed = configuration
            try changed.set(key, to: value)
            if Self.loginRuleSettings.contains(key) { try readLoginRules(of: &changed) }
            if definition?.isAboutTLS == true { return try setTLS(changed, key) }
            let isTLSPending = configuration.withTLSSettings(of: tlsSettings) != configuration
            try apply(changed, keepsTLS: isTLSPending && key != "auth_type")
            return .done()
        } catch {
            if definition == nil { log.error("unknown parameter: pgbouncer/\(key)") }
            log.error("SET \(key): \(error)")
            if case .notChangeable? = error as? SettingError { return .failed(.settingNeedsRestart(key)) }
            return .failed(.setFailed)
        }
    }

    /// A TLS setting is stored also where it does not work by itself: a certificate and its key can only be changed one after the
    /// other. What was in force stays so until everything fits together.
    private func setTLS(_ changed: Configuration, _ key: String) throws -> ConsoleEffectResult {
        do {
            try apply(changed)
            return .done()
        } catch let error as TLSSetupError {
            log.error("SET \(key): \(error)")
            try apply(changed, keepsTLS: true)
            return .done(notices: ["TLS settings could not be applied, still using old configuration"])
        }
    }

    /// What decides which HBA rules and keys there are.
    private static let loginRuleSettings: Set<String> = [
        "auth_type", "auth_hba_file", "auth_ident_file", "auth_jwt_keys",
    ]

    private func readLoginRules(of configuration: inout Configuration) throws {
        configuration.warnings = []
        configuration.unreadableFiles = []
        configuration.readLoginRules { path throws(FileError) in try ConfigurationFile.read(path) }
        if let first = (configuration.unreadableFiles + configuration.brokenRules).first { throw first }
        for warning in configuration.warnings { log.warning("\(warning)") }
    }

    /// A command was cancelled by its client: it is undone as far as that goes, and answered.
    func cancelRun(_ address: ConsoleAddress) {
        guard let command = waiting.first(where: { $0.address == address }) else { return }
        waiting.removeAll { $0.address == address }
        switch command.effect {
        case .pause(let database): resume(database)
        case .suspend: resume(nil)
        default: break
        }
        answer(address, .effect(.failed(.canceled)))
    }

    /// A console is gone. What it waited for goes on; SUSPEND ends with whoever waits for it, or with the last console, for then
    /// nobody could end it.
    func consoleClosed(_ address: ConsoleAddress) {
        let wasSuspending = waiting.contains { $0.address == address && $0.effect == .suspend }
        waiting.removeAll { $0.address == address }
        guard mode == .suspended else { return }
        if wasSuspending { return resume(nil) }
        gather({ $0.consoleCount }) { counts in
            if self.mode == .suspended, counts.allSatisfy({ $0 == 0 }) { self.resume(nil) }
        }
    }

    private func wait(for effect: ConsoleEffect, _ address: ConsoleAddress?) {
        waiting.append(WaitingCommand(effect: effect, address: address))
        startPolling()
    }

    /// Looks whether what is waited for has happened.
    func poll() {
        let effects = waiting.map(\.effect)
        let isShuttingDown = condition.shutdown != .running
        if effects.isEmpty && !isShuttingDown { return stopPolling() }
        if let deadline = suspendDeadline, .now() >= deadline {
            suspendDeadline = nil
            tellWorkers { $0.dropUndrained() }
        }
        gather({ worker in effects.map { worker.isOver($0) } }) { answers in
            for (index, effect) in effects.enumerated() where answers.allSatisfy({ $0[index] }) {
                self.endWaiting {
                    $0 == effect
                } with: {
                    .done()
                }
            }
        }
        if isShuttingDown { pollShutdown() }
    }

    private func endWaiting(
        where matches: (ConsoleEffect) -> Bool, with result: () -> ConsoleEffectResult
    ) {
        let ended = waiting.filter { matches($0.effect) }
        waiting.removeAll { matches($0.effect) }
        for command in ended {
            if let address = command.address { answer(address, .effect(result())) }
        }
    }

    private func done(_ address: ConsoleAddress) { answer(address, .effect(.done())) }

    /// Hands what was ordered to every worker.
    func applyCondition() {
        let condition = condition
        tellWorkers { $0.conditionChanged(condition) }
        applyToPredecessors()
    }

    private func poolerCondition(_ automatic: Set<String>) -> PoolerCondition {
        var result = PoolerCondition()
        result.mode = mode
        result.isShuttingDown = condition.shutdown != .running
        result.makesDatabases = configuration.fallbackDatabase != nil
        let names = automatic.union(configuration.databases.keys).union(condition.pausedDatabases)
        for name in names {
            result.databases[name] = .init(isPaused: condition.pausedDatabases.contains(name))
        }
        return result
    }
}
