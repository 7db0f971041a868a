/// Decides how much of a worker's time logins get.
///
/// Alone they get all of it. While clients are at work that have been in for a while, logins rest after each of their turns for as
/// long as that took: where cores are scarce, a storm of them would otherwise keep every core busy, and a query would wait for one
/// at each of its steps.
struct LoginPace {
    /// A client whose first request is this long ago is no part of a storm.
    static let settlingTime: Duration = .seconds(1)
    private static let settlingNanoseconds = settlingTime.wholeNanoseconds
    /// For so long after such a client's last request, logins take care.
    private static let careNanoseconds: Int64 = 100_000_000

    private var careUntil: Instant
    /// When the next turn of logins may begin.
    private(set) var restsUntil: Instant

    init(now: Instant) {
        careUntil = now
        restsUntil = now
    }

    func isResting(at now: Instant) -> Bool { now < restsUntil }

    /// A client asks whose first request came at `first`.
    @inline(__always)
    mutating func requestCame(first: Instant, now: Instant) {
        guard now.nanoseconds(since: first) > Self.settlingNanoseconds else { return }
        careUntil = now.advanced(nanoseconds: Self.careNanoseconds)
    }

    /// A turn of logins is over.
    mutating func turnEnded(after began: Instant, now: Instant) {
        guard now < careUntil else { return }
        restsUntil = now.advanced(nanoseconds: max(0, now.nanoseconds(since: began)))
    }
}
