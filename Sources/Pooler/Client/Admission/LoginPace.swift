/// Decides how much of a worker's time logins get.
///
/// Alone they get all of it. While clients are at work that have been in for a while, they rest after each of their turns for half as
/// long again as it took, so that they get two fifths: where cores are scarce, a storm of logins would otherwise keep every core
/// busy, and a query would wait for one at each of its steps.
struct LoginPace {
    /// A client that still asks so long after its first request is no part of a storm.
    static let settlingTime: Duration = .milliseconds(100)
    private static let settlingNanoseconds = settlingTime.wholeNanoseconds
    /// For so long after such a client's last request, logins take care.
    private static let careNanoseconds: Int64 = 100_000_000
    /// A turn may seem long because somebody else had the core.
    static let longestRest: Duration = .milliseconds(20)
    private static let longestRestNanoseconds = longestRest.wholeNanoseconds

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
        let turn = min(now.nanoseconds(since: began), Self.longestRestNanoseconds)
        restsUntil = now.advanced(nanoseconds: min(turn + turn / 2, Self.longestRestNanoseconds))
    }
}
