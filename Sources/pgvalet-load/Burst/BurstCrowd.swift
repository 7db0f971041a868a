import Histogram

/// The clients of one burst, and what became of them.
struct BurstCrowd {
    private let clients: Int
    private let query: String
    private let conninfo: String
    /// From the first connect to the answer, in microseconds.
    private(set) var latencies = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
    /// How many clients met which error.
    private(set) var errors: [String: Int] = [:]
    /// How long the whole burst took.
    private(set) var duration = Duration.zero

    init(clients: Int, query: String, conninfo: String) {
        (self.clients, self.query, self.conninfo) = (clients, query, conninfo)
    }

    /// Connects all at once and runs until the last has left.
    mutating func run(within limit: Duration) throws {
        let start = ContinuousClock.now
        var active = (0..<clients).map { _ in LoadClient(conninfo: conninfo, query: query) }
        while !active.isEmpty {
            if try !drive(active, until: start + limit) {
                errors["no answer in time", default: 0] += active.count
                break
            }
            // Leaving is dropping the client: it says Terminate and closes.
            active.removeAll { settle($0, since: start) }
        }
        duration = .now - start
    }

    /// Counts a client that has come to its end; true if it has.
    private mutating func settle(_ client: LoadClient, since start: ContinuousClock.Instant) -> Bool {
        switch client.state {
        case .connecting, .asking: return false
        case .idle: latencies.record(microseconds(.now - start))
        case .failed(let reason): errors[reason, default: 0] += 1
        }
        return true
    }

    private func microseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return UInt64(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
}
