import Testing

@testable import Pooler

@Suite struct LoginPaceTests {
    private static let start = Instant.at(.seconds(100))
    private static let settled = start + LoginPace.settlingTime + .nanoseconds(1)

    @Test func `Alone, logins never rest`() {
        var pace = LoginPace(now: Self.start)
        pace.turnEnded(after: Self.start, now: Self.start + .milliseconds(5))
        #expect(!pace.isResting(at: Self.start + .milliseconds(5)))
    }

    @Test
    func `While somebody is at work who has been in for a while, they rest for half as long again as their turn took`()
    {
        var pace = LoginPace(now: Self.start)
        pace.requestCame(first: Self.start, now: Self.settled)
        let end = Self.settled + .milliseconds(3)
        pace.turnEnded(after: Self.settled, now: end)
        #expect(pace.restsUntil == end + .microseconds(4500))
        #expect(pace.isResting(at: end) && pace.isResting(at: end + .microseconds(4499)))
        #expect(!pace.isResting(at: end + .microseconds(4500)))
    }

    @Test func `Requests of clients that have just come are a part of the storm`() {
        var pace = LoginPace(now: Self.start)
        pace.requestCame(first: Self.start, now: Self.start)
        pace.requestCame(first: Self.start, now: Self.start + LoginPace.settlingTime)
        let end = Self.start + LoginPace.settlingTime
        pace.turnEnded(after: Self.start, now: end)
        #expect(!pace.isResting(at: end))
    }

    @Test(arguments: [20, 60_000]) func `A turn in which the worker was stopped brings no long rest`(milliseconds: Int)
    {
        var pace = LoginPace(now: Self.start)
        let end = Self.settled + .milliseconds(milliseconds)
        pace.requestCame(first: Self.start, now: end)
        pace.turnEnded(after: Self.settled, now: end)
        #expect(pace.restsUntil == end + LoginPace.longestRest)
    }

    @Test func `When those have fallen silent, logins have all the time again`() {
        var pace = LoginPace(now: Self.start)
        pace.requestCame(first: Self.start, now: Self.settled)
        let later = Self.settled + .milliseconds(100)
        pace.turnEnded(after: later + .milliseconds(-1), now: later)
        #expect(!pace.isResting(at: later))
    }
}
