import Glibc
import Testing

@testable import Pooler

@Suite struct AlarmTests {
    private static let token = Token(slot: 7, generation: 3)

    /// An alarm that is watched as a worker watches its own.
    private static func watched(by poller: Poller) throws -> Alarm {
        let alarm = try Alarm()
        poller.add(alarm.descriptor, token)
        return alarm
    }

    @Test func `It rings at its time, not before, and again when it is set again`() throws {
        let poller = try Poller()
        var alarm = try Self.watched(by: poller)
        for _ in 0..<3 {
            let now = Instant.now()
            let due = now + .milliseconds(20)
            alarm.ring(by: due)
            #expect(poller.wait(blocking: true) == 1)
            #expect(poller[0].token == Self.token)
            #expect(Instant.now() >= due)
            // It has rung once.
            #expect(poller.wait(blocking: false) == 0)
            alarm.wasHeard()
        }
    }

    @Test func `What is due sooner has it ring sooner, and what is due later leaves it alone`() throws {
        let poller = try Poller()
        var alarm = try Self.watched(by: poller)
        let now = Instant.now()
        alarm.ring(by: now + .seconds(3600))
        let due = now + .milliseconds(20)
        alarm.ring(by: due)
        alarm.ring(by: now + .seconds(3600))
        #expect(poller.wait(blocking: true) == 1)
        #expect(Instant.now() >= due)
    }

    @Test func `What is overdue has it ring at once`() throws {
        let poller = try Poller()
        var alarm = try Self.watched(by: poller)
        let now = Instant.now()
        for due in [now + .seconds(-1), Instant(nanoseconds: 0), Instant(nanoseconds: -5)] {
            alarm.ring(by: due)
            #expect(poller.wait(blocking: true) == 1)
            alarm.wasHeard()
        }
    }

    @Test func `One that has rung and that nobody has heard is heard even if it is asked for again`() throws {
        let poller = try Poller()
        var alarm = try Self.watched(by: poller)
        let due = Instant.now() + .milliseconds(5)
        alarm.ring(by: due)
        while Instant.now() < due + .milliseconds(5) { usleep(1000) }
        alarm.ring(by: Instant.now() + .seconds(3600))
        #expect(poller.wait(blocking: true) == 1)
    }
}
