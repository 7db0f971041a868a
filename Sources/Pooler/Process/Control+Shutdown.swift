import Dispatch
import Glibc

/// Signals, and the ways out.
extension Control {
    func received(_ signal: ProcessSignal) {
        // What is half handed over must come to one process or the other first.
        if signal != .quit, handOver != nil {
            log.info("got \(signal.name), which waits until the takeover is decided")
            handOver?.delayedSignals.append(signal)
            return
        }
        switch signal {
        case .hangup:
            log.info("got SIGHUP, re-reading config")
            serviceManager.notify(.reloading(.now()), log: log)
            reload()
            // Also after a failed one: the service goes on as it was.
            serviceManager.notify(.ready(mainProcess: nil), log: log)
        case .terminate:
            stopRequested("got SIGTERM, shutting down, waiting for all clients disconnect", .waitForClients)
        case .interrupt:
            stopRequested(
                "got SIGINT, shutting down, waiting for all servers connections to be released", .waitForServers)
        case .quit:
            log.info("got SIGQUIT, fast exit")
            exitProcess(0)
        case .user1:
            guard mode == .active, condition.shutdown == .running else {
                log.info("got SIGUSR1, but already paused/suspended")
                return
            }
            log.info("got SIGUSR1, pausing all activity")
            pause(nil)
        case .user2:
            guard condition.shutdown == .running else {
                log.info("got SIGUSR2 while shutting down, ignoring")
                return
            }
            guard mode != .active else {
                log.info("got SIGUSR2, but not paused/suspended")
                return
            }
            log.info("got SIGUSR2, continuing from \(mode == .suspended ? "SUSPEND" : "PAUSE")")
            resume(nil)
        }
    }

    private func stopRequested(_ text: String, _ mode: ConsoleEffect.ShutdownMode) {
        if condition.shutdown.refusesClients {
            log.info("fast exit")
            exitProcess(0)
        }
        if condition.isSuspended {
            log.critical("suspend was in progress, going down immediately")
            exitProcess(1)
        }
        log.info("\(text)")
        // Not for SHUTDOWN on the console, which may take its time: from here on the service manager counts it.
        serviceManager.notify(.stopping, log: log)
        shutDown(mode)
    }

    /// - Parameter begun: called when no client can connect any more that would be turned away.
    func shutDown(_ mode: ConsoleEffect.ShutdownMode, begun: @escaping @MainActor () -> Void = {}) {
        switch mode {
        case .immediate:
            exitProcess(0)
        case .waitForServers:
            condition.shutdown = .waitForServers
            condition.isPaused = true
            self.mode = .paused
        case .waitForClients:
            condition.shutdown = .waitForClients
        }
        shared.shutdownMode = condition.shutdown
        // The workers let go of theirs too, and with the last one the socket is closed: another process on the same port gets
        // all new clients.
        listeners.removeAll { !$0.isUnix }
        let condition = condition
        gather({ $0.conditionChanged(condition) }) { _ in
            begun()
            self.startPolling()
        }
        applyToPredecessors()
    }

    /// Whether the shutdown has nothing left to wait for.
    func pollShutdown() {
        let mode = condition.shutdown
        gather({ worker in
            switch mode {
            case .running: false
            case .waitForServers: worker.hasNoServers
            case .waitForClients, .handedOver: worker.hasNoClients
            }
        }) { answers in
            guard answers.allSatisfy({ $0 }) else { return }
            switch mode {
            case .running: break
            case .waitForServers: self.log.info("server connections dropped, exiting")
            case .waitForClients: self.log.info("client connections dropped, exiting")
            case .handedOver: self.log.info("everything has been handed over, exiting")
            }
            self.exitProcess(0)
        }
    }
}
