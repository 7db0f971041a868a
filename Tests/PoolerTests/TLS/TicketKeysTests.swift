import Synchronization
import Testing

@testable import Pooler

@Suite struct TicketKeysTests {
    private final class Clock: Sendable {
        private let time = Mutex(Instant.now())

        var now: Instant { time.withLock { $0 } }

        func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    @Test func `A key seals for its time, opens for as long again, and is forgotten`() {
        let clock = Clock()
        let keys = TicketKeys { clock.now }
        let first = keys.names
        #expect(first.count == 1)
        clock.advance(TicketKeys.lifetime - .seconds(1))
        #expect(keys.names == first)
        clock.advance(.seconds(1))
        let second = keys.names
        #expect(second.count == 2)
        #expect(second.last == first.first)
        #expect(second.first != first.first)
        clock.advance(TicketKeys.lifetime)
        let third = keys.names
        #expect(third.last == second.first)
        #expect(!third.contains { $0 == first.first })
    }

    @Test func `After a long silence no old key opens anything`() {
        let clock = Clock()
        let keys = TicketKeys { clock.now }
        let first = keys.names
        clock.advance(TicketKeys.lifetime + TicketKeys.lifetime)
        let second = keys.names
        #expect(second.count == 1)
        #expect(second != first)
    }
}
