import PoolerConfig
import Testing

@testable import Pooler

@Suite struct HandshakeLineTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private static func token(_ number: Int) -> Token { Token(slot: UInt32(number), generation: 1) }

    private static func address(_ number: UInt32) -> IPAddress { .v4(number) }

    private static func full(_ more: Int) -> HandshakeLine {
        var line = HandshakeLine()
        for number in 0..<HandshakeLine.limit + more {
            let begins = line.arrived(token(number), from: address(1), now: start)
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
        #expect(!result(line.arrived(Self.token(1000), from: Self.address(1), now: Self.start)))
    }

    @Test func `Addresses take turns, however many one sends`() {
        var line = Self.full(500)
        for number in 0..<3 {
            #expect(!result(line.arrived(Self.token(2000 + number), from: Self.address(2), now: Self.start)))
        }
        #expect(!result(line.arrived(Self.token(3000), from: nil, now: Self.start)))
        // Five places come free.
        line.sweep {
            !(0..<5).map(Self.token).contains($0)
        } isWaiting: { _ in
            true
        }
        let admitted = line.admitted(now: Self.start)
        #expect(Set(admitted.prefix(4)) == Set([2000, 2001, 2002, 3000].map(Self.token)))
        #expect(admitted.dropFirst(4) == [Self.token(HandshakeLine.limit)])
        #expect(line.isFull)
    }

    @Test func `Of those who let us wait, the address with the most goes first`() {
        var line = HandshakeLine()
        // Three of another address came before the crowd.
        for number in 0..<3 {
            #expect(result(line.arrived(Self.token(2000 + number), from: Self.address(2), now: Self.start)))
        }
        for number in 0..<HandshakeLine.limit - 3 {
            #expect(result(line.arrived(Self.token(number), from: Self.address(1), now: Self.start)))
        }
        for number in 0..<400 {
            #expect(!result(line.arrived(Self.token(4000 + number), from: Self.address(3), now: Self.start)))
        }
        let overdue = line.overdue(now: Self.start + .seconds(60))
        #expect(overdue.prefix(HandshakeLine.limit - 6) == (0..<HandshakeLine.limit - 6).map(Self.token)[...])
        #expect(overdue.count == HandshakeLine.limit)
    }
}
