@testable import Pooler

extension [UInt8] {
    /// Lends the bytes as the daemon's readers take them.
    func withSpan<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let array = self
        return try unsafe body(array.span.bytes)
    }
}

extension Token {
    /// A token for tests that need different ones.
    init(number: Int) { self.init(slot: UInt32(number), generation: 0) }
}

extension Instant {
    /// A moment so long after the clock's start.
    static func at(_ time: Duration) -> Instant { Instant(nanoseconds: 0) + time }
}

/// `count` bytes that differ from place to place; `start` makes two patterns different.
func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    var place = start % onePeriod.count
    while bytes.count < count {
        let end = min(onePeriod.count, place + count - bytes.count)
        bytes.append(contentsOf: onePeriod[place..<end])
        place = 0
    }
    return bytes
}

/// Not a power of two long, so that a block's end never falls together with its own.
private let onePeriod: [UInt8] = (0..<251).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }

/// The value itself: `#expect` cannot call what changes a variable, but it can look at what came of it.
func result<Value>(_ value: Value) -> Value { value }
