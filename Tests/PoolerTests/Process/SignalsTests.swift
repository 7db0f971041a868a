import Glibc
import Synchronization
import Testing

@testable import Pooler

@Suite struct SignalsTests {
    @Test("Each signal reaches the handler")
    func delivery() async throws {
        let seen = Mutex<[ProcessSignal]>([])
        let signals = Signals { signal in seen.withLock { $0.append(signal) } }
        // Those that would end the tests if nobody listened come last.
        for signal in [ProcessSignal.hangup, .user1, .user2, .quit, .interrupt, .terminate] {
            // Listening starts a moment after the request; a signal that comes before is ignored.
            for _ in 0..<500 where seen.withLock({ $0.last != signal }) {
                kill(getpid(), signal.number)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(seen.withLock { $0.last } == signal)
        }
        withExtendedLifetime(signals) {}
    }
}
