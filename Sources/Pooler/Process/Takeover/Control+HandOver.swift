import Dispatch
import Glibc

/// The process that is taken over.
extension Control {
    /// A console client wants everything.
    func takeOverRequested(_ version: UInt32, _ address: ConsoleAddress) {
        guard version == TakeoverOffer.version else {
            return answer(address, .effect(.failed(.takeoverVersion(version, TakeoverOffer.version))))
        }
        guard handOver == nil else { return answer(address, .effect(.failed(.takeoverUnderWay))) }
        shared.mailboxes[address.worker].send(
            .run { worker in
                let socket = worker.detachConsole(address.client)
                DispatchQueue.main.async {
                    MainActor.assumeIsolated {
                        if let socket {
                            self.beginHandOver(TakeoverChannel(FileDescriptor(socket)))
                        } else {
                            self.answer(address, .effect(.failed(.takeoverNotAllowed)))
                        }
                    }
                }
            })
    }

    private func beginHandOver(_ channel: TakeoverChannel) {
        guard handOver == nil else { return }
        log.info("another process wants to take over")
        handOver = HandOver(channel)
        let deadline = Instant.now() + HandOver.settling
        gather({ $0.beginHandOver() }) { _ in self.settle(until: deadline) }
    }

    /// Waits until nothing is under way any more that cannot be handed over and is over in a moment; not for long.
    private func settle(until deadline: Instant) {
        // Asked twice: what was on its way to another worker has arrived by then.
        gather({ $0.isSettled }) { answers in
            if answers.allSatisfy({ $0 }) || .now() >= deadline {
                self.freeze()
            } else {
                DispatchQueue.main.asyncAfter(deadline: .now() + .milliseconds(5)) {
                    MainActor.assumeIsolated { self.settle(until: deadline) }
                }
            }
        }
    }

    /// From here on no worker moves until it is decided.
    private func freeze() {
        guard let handOver else { return }
        let gate = handOver.gate
        let exports = GatheredAnswers<WorkerExport>(count: shared.workerCount) { self.offer($0) }
        shared.broadcast(
            .run { worker in
                let export = worker.handOver()
                let index = worker.index
                DispatchQueue.main.async { MainActor.assumeIsolated { exports.arrived(export, from: index) } }
                switch gate.wait() {
                case .letGo: worker.letGo(export)
                case .abandon: worker.abandonHandOver()
                }
            })
    }

    private func offer(_ exports: [WorkerExport]) {
        guard let handOver else { return }
        handOver.exports = exports
        handOver.offered = listeners + (metrics?.listeners ?? []) + predecessors.map(\.channel)
        var (offer, descriptors) = (TakeoverOffer(), [Int32]())
        offer.nextID = shared.makeID()
        offer.nextStatement = shared.statementNumbers.nextName
        offer.latestChange = shared.statementNumbers.latestChange
        offer.tracked = shared.tracked.names
        offer.condition = TakeoverCondition(condition)
        offer.statHistory = stats.snapshots.map { SnapshotRecord($0) }
        for (listener, isForMetrics) in listeners.map({ ($0, false) }) + (metrics?.listeners ?? []).map({ ($0, true) })
        {
            offer.listeners.append(
                ListenerRecord(
                    descriptor: descriptors.count, path: listener.path, isForMetrics: isForMetrics))
            descriptors.append(listener.descriptor.number)
        }
        for link in predecessors {
            offer.predecessors.append(descriptors.count)
            descriptors.append(link.channel.descriptor.number)
        }
        for export in exports {
            var record = export.record
            record.moveDescriptors(by: descriptors.count)
            offer.workers.append(record)
            descriptors += export.descriptors
        }
        converse(handOver.channel, offer, descriptors)
    }

    private func converse(_ channel: TakeoverChannel, _ offer: TakeoverOffer, _ descriptors: [Int32]) {
        let limit = configuration.settings.suspendTimeout
        let deadline = Instant.now() + (limit > .zero ? limit : HandOver.longest)
        let pidFile = pidFile
        do throws(Errno) {
            try ThreadStart.run {
                let outcome: Result<Int32, TakeoverError>
                do throws(TakeoverError) {
                    outcome = .success(
                        try HandOver.converse(channel, offer, descriptors, pidFile, until: deadline))
                } catch {
                    outcome = .failure(error)
                    try? channel.send(.abort, Array("\(error)".utf8), until: .now() + .seconds(1))
                }
                DispatchQueue.main.async { MainActor.assumeIsolated { self.handOverEnded(outcome) } }
            }
        } catch {
            handOverEnded(.failure(.socket(error)))
        }
    }

    private func handOverEnded(_ outcome: Result<Int32, TakeoverError>) {
        guard let handOver else { return }
        self.handOver = nil
        switch outcome {
        case .success(let process):
            handedOver(handOver, to: process)
            for signal in handOver.delayedSignals { passOn(signal, to: process) }
        case .failure(let error):
            // The other process may have given our listeners what its own settings say.
            for listener in listeners { listener.handOn(SocketOptions(configuration.settings)) }
            handOver.gate.decide(.abandon, workers: shared.workerCount)
            log.warning("the takeover failed, this process goes on: \(error)")
            for signal in handOver.delayedSignals { received(signal) }
        }
    }

    /// A signal came to us when it was not decided yet who it was for.
    private func passOn(_ signal: ProcessSignal, to process: Int32) {
        switch signal {
        // It is this process that is to end.
        case .terminate, .interrupt, .quit: received(signal)
        case .hangup, .user1, .user2:
            log.info("got \(signal.name), which is for process \(process) now")
            if kill(process, signal.number) != 0 { log.warning("cannot pass \(signal.name) on: \(Errno.last)") }
        }
    }

    /// It is all another process's now.
    private func handedOver(_ handOver: HandOver, to process: Int32) {
        condition.shutdown = .handedOver
        shared.shutdownMode = .handedOver
        listeners = []
        for link in predecessors { link.letGo() }
        predecessors = []
        metrics?.stop()
        metrics = nil
        // Before anything can end: whoever watches over us has to know where to look.
        serviceManager.notify(.mainProcess(process), log: log)
        handOver.gate.decide(.letGo, workers: shared.workerCount)
        let clients = handOver.exports.reduce(0) { $0 + $1.record.clients.count }
        let servers = handOver.exports.reduce(0) { sum, export in
            sum + export.record.idleServers.count + export.record.clients.count { $0.server != nil }
        }
        let milliseconds = (Instant.now() - handOver.startedAt) / .milliseconds(1)
        successor = TakeoverLink(handOver.channel) { order in
            self.obey(order)
        } ended: {
            self.successor = nil
        }
        gather({ $0.clientCount }) { counts in
            let left = counts.reduce(0, +)
            self.log.info(
                """
                process \(process) has taken over \(clients) clients and \(servers) servers within \
                \(Int(milliseconds)) ms\(left == 0 ? "" : "; clients that stay here until they leave: \(left)")
                """)
            self.startPolling()
        }
    }

    /// What comes in at the other process and may be for clients that are still here.
    private func obey(_ order: TakeoverLink.Order) {
        switch order {
        case .cancel(let key):
            shared.broadcast(.cancel(CancelRequest(key) { _ in }))
        case .condition(let ordered):
            ordered.apply(to: &condition)
            applyCondition()
        }
    }
}
