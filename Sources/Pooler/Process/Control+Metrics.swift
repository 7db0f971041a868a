import Dispatch
import Glibc
import PoolerConfig

/// The metrics endpoint, from the control thread's side.
extension Control {
    /// What `metrics_listen` names; nil for nothing.
    nonisolated static func metricsAddresses(_ settings: Settings) throws -> [SocketAddress]? {
        guard let place = settings.metricsListen else { return nil }
        let outcome =
            place.host == "*"
            ? HostResolver.lookUp(nil, port: place.port, flags: AI_PASSIVE)
            : HostResolver.lookUp(place.host, port: place.port)
        switch outcome {
        case .failure(let reason): throw MetricsError.address(place, reason)
        case .addresses(let found): return found
        }
    }

    /// Opens these addresses, as far as another process has not opened them already.
    static func openMetrics(
        _ addresses: [SocketAddress]?, _ settings: Settings, taken: [Listener] = []
    ) throws(MetricsError) -> [Listener]? {
        guard let addresses else { return nil }
        return try addresses.map { address throws(MetricsError) in
            if let listener = taken.first(where: { $0.name == Listener.name(of: address) }) { return listener }
            do throws(Listener.OpenError) {
                return try Listener.tcp(
                    address, backlog: 16, reusePort: settings.soReuseport, options: SocketOptions(settings))
            } catch {
                throw .listen(error)
            }
        }
    }

    /// Serves on these listeners from now on; nil ends the endpoint.
    func serveMetrics(on listeners: [Listener]?) {
        metrics?.stop()
        metrics = nil
        guard let listeners, let place = configuration.settings.metricsListen else { return }
        do throws(Errno) {
            let server = try MetricsServer(address: place.description, listeners: listeners) { [weak self] in
                DispatchQueue.main.async { MainActor.assumeIsolated { self?.gatherMetrics() } }
            }
            try server.start()
            metrics = server
            for listener in listeners { log.info("metrics on http://\(listener.name)/metrics") }
        } catch {
            log.error("cannot start the metrics endpoint: \(error)")
        }
    }

    private func gatherMetrics() {
        gather({ $0.metrics() }) { workers in
            let reports = workers.map(\.report)
            var lifecycle = self.lifecycle
            lifecycle.isShuttingDown = self.condition.shutdown != .running
            self.metrics?.publish(
                MetricsReport(
                    pooler: PoolerReport(workers: reports, globals: self.globals(reports)), workers: workers,
                    lifecycle: lifecycle))
        }
    }
}

/// Why there is no metrics endpoint.
enum MetricsError: Error, CustomStringConvertible {
    case address(HostAndPort, String)
    case listen(Listener.OpenError)

    var description: String {
        switch self {
        case .address(let place, let reason): "cannot resolve metrics_listen \(place): \(reason)"
        case .listen(let error): "metrics_listen: \(error)"
        }
    }
}
