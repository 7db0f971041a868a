import Testing

@testable import Pooler

@Suite struct HandshakeLineTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private static func token(_ number: Int) -> Token { Token(slot: UInt32(number), generation: 1) }

    private static func full(_ more: Int) -> HandshakeLine {
        var line = HandshakeLine()
        for number in 0..<HandshakeLine.limit + more {
            let begins = line.arrived(token(number), now: start)
            #expect(begins == (number < HandshakeLine.limit))
        }
        return line
    }

    @Test func `So many begin at once, the others wait, and nobody has to go while nobody waits`() {
        let later = Self.start + .seconds(60)
        #expect(Self.full(0).overdue(now: later).isEmpty)
        #expect(Self.full(3).overdue(now: Self.start + .seconds(1)).isEmpty)
        #expect(Self.full(3).overdue(now: later) == (0..<3).map(Self.token))
    }

    @Test func `Whoever is done makes room for the first in line`() {
        var line = Self.full(3)
        let gone: Set = [Self.token(7), Self.token(9), Self.token(HandshakeLine.limit)]
        line.sweep {
            !gone.contains($0)
        } isWaiting: {
            !gone.contains($0)
        }
        #expect(result(line.admitted(now: Self.start)) == (1...2).map { Self.token(HandshakeLine.limit + $0) })
        #expect(line.isFull)
        line.sweep { _ in
            false
        } isWaiting: { _ in
            false
        }
        #expect(line.isEmpty)
    }

    @Test func `Nobody jumps the line`() {
        var line = Self.full(1)
        line.sweep {
            $0 != Self.token(0)
        } isWaiting: { _ in
            true
        }
        #expect(!result(line.arrived(Self.token(1000), now: Self.start)))
    }
}
