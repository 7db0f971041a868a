import PoolerConfig
import Testing

@testable import Pooler

@Suite struct FailureRecordTests {
    private static let start = Instant(nanoseconds: 1_000_000_000_000)
    private static let here = IPAddress.v4(0x0a00_0001)

    private static func failing(_ count: Int, limit: Int = 3, _ address: IPAddress = here) -> FailureRecord {
        var record = FailureRecord()
        for _ in 0..<count { _ = record.failed(address, limit: limit, now: start) }
        return record
    }

    @Test func `Nobody waits before the limit, nor elsewhere`() {
        var record = Self.failing(2)
        #expect(result(record.delay(Self.here, limit: 3, now: Self.start)) == .zero)
        #expect(result(record.failed(Self.here, limit: 3, now: Self.start)))
        #expect(result(record.delay(Self.here, limit: 3, now: Self.start)) > .zero)
        #expect(result(record.delay(.v4(1), limit: 3, now: Self.start)) == .zero)
        #expect(!result(record.failed(Self.here, limit: 3, now: Self.start)), "said once")
    }

    @Test func `Beyond it, each has a turn of its own, however many come at once`() {
        var record = Self.failing(20, limit: 20)
        let delays = (0..<6).map { _ in record.delay(Self.here, limit: 20, now: Self.start) }
        #expect(delays == [3, 6, 9, 12, 15, 18].map { Duration.seconds($0) })
    }

    @Test func `A minute later all is forgotten`() {
        var record = Self.failing(5)
        #expect(result(record.delay(Self.here, limit: 3, now: Self.start + .seconds(59))) > .zero)
        #expect(result(record.delay(Self.here, limit: 3, now: Self.start + .seconds(60))) == .zero)
        #expect(record.count == 0)
        record = Self.failing(5)
        #expect(!result(record.failed(Self.here, limit: 3, now: Self.start + .seconds(60))))
        #expect(result(record.delay(Self.here, limit: 3, now: Self.start + .seconds(60))) == .zero)
    }

    @Test func `Zero is off`() {
        var record = Self.failing(50, limit: 0)
        #expect(result(record.delay(Self.here, limit: 0, now: Self.start)) == .zero)
        #expect(record.count == 0)
    }

    @Test func `A host's IPv6 addresses count as one`() {
        let network: UInt128 = 0x2001_0db8_0000_0001 << 64
        var record = FailureRecord()
        for number in 0..<3 { _ = record.failed(.v6(network + UInt128(number)), limit: 3, now: Self.start) }
        #expect(record.count == 1)
        #expect(result(record.delay(.v6(network + 99), limit: 3, now: Self.start)) > .zero)
        #expect(result(record.delay(.v6(network + (1 << 64)), limit: 3, now: Self.start)) == .zero)
    }

    @Test func `The book is bounded, and those who fail most stay in it`() {
        var record = Self.failing(3)
        for number in 0..<UInt32(FailureRecord.capacity * 3) {
            _ = record.failed(.v4(0x0b00_0000 + number), limit: 3, now: Self.start)
            #expect(record.count <= FailureRecord.capacity)
        }
        #expect(result(record.delay(Self.here, limit: 3, now: Self.start)) > .zero)
    }

    @Test func `A book full of the worst forgets the oldest of them, and never all`() {
        var record = FailureRecord()
        let last = UInt32(FailureRecord.capacity * 2)
        for number in 0...last {
            // One failed login each millisecond, so that none is a minute old.
            let now = Self.start + .milliseconds(Int(number))
            for _ in 0..<3 { _ = record.failed(.v4(number), limit: 3, now: now) }
        }
        let now = Self.start + .milliseconds(Int(last))
        #expect(record.count > FailureRecord.capacity / 2)
        for number in [last, last - 100, last - UInt32(FailureRecord.capacity / 2)] {
            #expect(result(record.delay(.v4(number), limit: 3, now: now)) > .zero)
        }
        #expect(result(record.delay(.v4(0), limit: 3, now: now)) == .zero)
    }
}
