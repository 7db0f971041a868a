import Glibc

/// A point on the monotonic clock (clock_gettime(2), CLOCK_MONOTONIC), to the nanosecond.
struct Instant: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary start, normally the machine's boot.
    var nanoseconds: Int64

    /// A moment that never comes.
    static let never = Instant(nanoseconds: .max)

    /// The clock, read now. A worker reads it once for each turn of its loop.
    static func now() -> Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Later by a duration; saturates at `never`, and for a negative one at the earliest moment.
    static func + (left: Instant, right: Duration) -> Instant {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.wholeNanoseconds)
        guard overflow else { return Instant(nanoseconds: sum) }
        return right < .zero ? Instant(nanoseconds: .min) : .never
    }

    /// Later by so many nanoseconds. `Duration` counts attoseconds in 128 bits, which is too dear for every query.
    @inline(__always)
    func advanced(nanoseconds: Int64) -> Instant { Instant(nanoseconds: self.nanoseconds &+ nanoseconds) }

    /// Nanoseconds from `earlier` to here.
    @inline(__always)
    func nanoseconds(since earlier: Instant) -> Int64 { nanoseconds &- earlier.nanoseconds }

    /// Microseconds from `earlier` to here, 0 if that is later: what the statistics add up.
    @inline(__always)
    func microseconds(since earlier: Instant) -> UInt64 {
        let difference = nanoseconds(since: earlier)
        return difference > 0 ? UInt64(difference) / 1000 : 0
    }

    static func - (left: Instant, right: Instant) -> Duration {
        .nanoseconds(left.nanoseconds &- right.nanoseconds)
    }
}

extension Duration {
    /// The duration in nanoseconds; saturates at what 64 bits hold (292 years).
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, tooMuch) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || tooMuch ? (seconds < 0 ? .min : .max) : sum
    }

    /// The duration in microseconds.
    var wholeMicroseconds: Int64 { wholeNanoseconds / 1000 }
}

/// Wall-clock time, for people (log lines, SHOW CLIENTS).
enum WallClock {
    /// Seconds since 1970.
    static func now() -> Int64 { Int64(time(nil)) }

    /// Seconds since 1970 at another moment, as the clock shows it now: later or earlier by as much as it has been set since then,
    /// and later by the time that the machine was asleep.
    static func seconds(at instant: Instant) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let ago = Instant.now().nanoseconds(since: instant)
        return (Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) &- ago) / 1_000_000_000
    }
}
