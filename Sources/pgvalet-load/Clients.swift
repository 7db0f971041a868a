import Foundation
import Histogram
import Synchronization

/// What clients have met, each on a thread of its own, put together at the end.
final class Clients: Sendable {
    /// Figures of one client, or of all.
    struct Figures {
        /// In microseconds.
        var latencies = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
        /// How many TLS handshakes resumed an earlier session.
        var resumed = 0
        /// How many clients met which error.
        var errors: [String: Int] = [:]

        /// Measures what may fail.
        mutating func time(_ work: () throws -> Void) {
            let start = ContinuousClock.now
            do {
                try work()
                let (seconds, attoseconds) = (ContinuousClock.now - start).components
                latencies.record(UInt64(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
            } catch {
                errors["\(error)", default: 0] += 1
            }
        }
    }

    private let together = Mutex(Figures())

    /// Runs as many threads as there are clients, and waits for them all.
    static func run(_ count: Int, _ life: @escaping @Sendable (inout Figures) -> Void) throws -> Figures {
        let clients = Clients()
        let threads = try (0..<count).map { _ in
            try JoinedThread {
                var figures = Figures()
                life(&figures)
                clients.add(figures)
            }
        }
        for thread in threads { thread.join() }
        return clients.together.withLock { $0 }
    }

    private func add(_ figures: Figures) {
        together.withLock {
            for value in figures.latencies.recordedValues() { $0.latencies.record(value.value, count: value.count) }
            $0.resumed += figures.resumed
            $0.errors.merge(figures.errors, uniquingKeysWith: +)
        }
    }
}

extension Clients.Figures {
    /// A line for programs, and the errors for people on standard error. `seconds` is how long it all took.
    func print(seconds: Double) {
        let (p50, p99) = (latencies.valueAtPercentile(50), latencies.valueAtPercentile(99))
        Swift.print(
            "count \(latencies.totalCount) errors \(errors.values.reduce(0, +)) resumed \(resumed)",
            "seconds \(String(format: "%.3f", seconds)) p50 \(p50) p99 \(p99)")
        for (text, count) in errors.sorted(by: { $0.value > $1.value }) {
            FileHandle.standardError.write(Data("\(count) × \(text)\n".utf8))
        }
    }
}
