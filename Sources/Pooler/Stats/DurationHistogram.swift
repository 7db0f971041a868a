/// How long something took, by magnitude: 21 buckets whose upper bounds double from 64 microseconds to 67 seconds, and one for
/// what took longer. To count is to find the highest bit and to add one; nothing is allocated.
struct DurationHistogram: Sendable {
    /// With the one that has no bound.
    static let bucketCount = 22
    /// The first bound is 2 to the power of this, in microseconds.
    private static let firstPower = 6

    private var counts = InlineArray<22, UInt64>(repeating: 0)
    /// Of all durations, in microseconds.
    private(set) var sum: UInt64 = 0

    /// Enters a duration in microseconds.
    @inline(__always)
    mutating func record(_ microseconds: UInt64) {
        counts[Self.bucket(of: microseconds)] &+= 1
        sum &+= microseconds
    }

    /// Bounds are part of their bucket, as Prometheus has it (`le`).
    @inline(__always)
    static func bucket(of microseconds: UInt64) -> Int {
        let power = 64 - (max(1, microseconds) &- 1).leadingZeroBitCount
        return min(max(0, power - firstPower), bucketCount - 1)
    }

    /// The upper bound of a bucket in microseconds; nil for the last one.
    static func bound(of bucket: Int) -> UInt64? {
        bucket < bucketCount - 1 ? 1 << UInt64(bucket + firstPower) : nil
    }

    /// How many durations there are in a bucket.
    subscript(bucket: Int) -> UInt64 { counts[bucket] }

    /// How many durations there are.
    var count: UInt64 {
        var total: UInt64 = 0
        for bucket in 0..<Self.bucketCount { total &+= counts[bucket] }
        return total
    }

    /// All counts and the sum, as numbers.
    var numbers: [UInt64] { (0..<Self.bucketCount).map { counts[$0] } + [sum] }

    init() {}

    /// From such numbers; missing ones are 0.
    init(numbers: [UInt64]) {
        for (bucket, count) in zip(0..<Self.bucketCount, numbers) { counts[bucket] = count }
        if numbers.count > Self.bucketCount { sum = numbers[Self.bucketCount] }
    }

    /// Adds what another worker has counted.
    static func += (total: inout Self, part: Self) {
        for bucket in 0..<bucketCount { total.counts[bucket] &+= part.counts[bucket] }
        total.sum &+= part.sum
    }
}

/// The durations of one database on one worker. They outlive the pools, so that they only grow.
final class DatabaseDurations {
    var values = Values()

    /// The histograms, as a value.
    struct Values: Sendable {
        /// From a client's request for a server to the server; 0 for those that found one free.
        var wait = DurationHistogram()
        /// Transactions, as in SHOW STATS.
        var transaction = DurationHistogram()
        /// From an accepted connection to the client's first ReadyForQuery.
        var login = DurationHistogram()

        /// Adds another worker's part.
        static func += (total: inout Self, part: Self) {
            total.wait += part.wait
            total.transaction += part.transaction
            total.login += part.login
        }
    }
}
