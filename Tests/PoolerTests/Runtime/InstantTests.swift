import Testing

@testable import Pooler

@Suite struct InstantTests {
    @Test func `Time adds up and saturates`() {
        let start = Instant(nanoseconds: 1_000)
        #expect((start + .microseconds(2)).nanoseconds == 3_000)
        #expect((start + .microseconds(2)) - start == .microseconds(2))
        #expect(start + .seconds(Int64.max) == .never)
        #expect(Instant.never + .nanoseconds(1) == .never)
        #expect(Instant.never + .zero == .never)
        #expect(start < .never && !(Instant.never < .never))
        #expect(Instant(nanoseconds: -10) + .seconds(Int64.min) < start)
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(-1), -1_000_000), (.seconds(3), 3_000_000_000),
            (Duration(secondsComponent: 0, attosecondsComponent: 999_999_999), 0),
            (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
            (Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 900_000_000_000_000_000), .max),
            (Duration(secondsComponent: -9_223_372_036, attosecondsComponent: -900_000_000_000_000_000), .min),
        ] as [(Duration, Int64)])
    func `A duration in nanoseconds saturates both ways`(_ duration: Duration, _ nanoseconds: Int64) {
        #expect(duration.wholeNanoseconds == nanoseconds)
        #expect(duration.wholeMicroseconds == nanoseconds / 1000)
    }

    @Test func `A moment is told by the clock on the wall`() {
        let (before, now) = (WallClock.now(), Instant.now())
        let shown = WallClock.seconds(at: now)
        // time(2) may lag behind by a tick.
        #expect((before...WallClock.now() + 1).contains(shown))
        #expect((shown - 11...shown - 9).contains(WallClock.seconds(at: now + .seconds(-10))))
    }

    @Test func `The clock goes forward`() {
        let first = Instant.now()
        #expect(Instant.now() >= first && first.nanoseconds > 0)
    }
}
