import Glibc
import Synchronization
import Testing

@testable import Pooler

@Suite struct SignalsTests {
    @Test("Each signal reaches the handler")
    func delivery() async throws {
        let seen = Mutex<[ProcessSignal]>([])
        let signals = Signals { signal in seen.withLock { $0.append(signal) } }
        for signal in [ProcessSignal.hangup, .user1, .user2, .quit, .interrupt, .terminate] {
            // Once: whoever listens misses nothing.
            kill(getpid(), signal.number)
            for _ in 0..<2000 where seen.withLock({ $0.last != signal }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(seen.withLock { $0.last } == signal)
        }
        withExtendedLifetime(signals) {}
    }
}
