import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct TimerWheelTests {
    private static let grain = TimerWheel.grain
    /// What the ring reaches at least: a deadline nearer than this never comes up early.
    private static let horizon = grain * 250

    private static func drain(_ wheel: inout TimerWheel, _ now: Instant) -> [UInt32] {
        var slots: [UInt32] = []
        while let slot = wheel.popExpired(now: now) { slots.append(slot) }
        return slots
    }

    @Test(arguments: [0, 1, 49, 50, 51, 99, 100, 1000, 12_000, 12_499])
    func `A deadline comes up when it is over, and at most a grain later`(_ milliseconds: Int) {
        for offset in [0, 1, 25, 49] {
            let start = Instant.at(.milliseconds(7_000_000 + offset))
            var wheel = TimerWheel(now: start)
            let deadline = start + .milliseconds(milliseconds)
            wheel.arm(slot: 3, at: deadline)
            var now = start
            var cameUp: Instant?
            while cameUp == nil, now < deadline + .seconds(1) {
                if !Self.drain(&wheel, now).isEmpty { cameUp = now }
                now = now + .milliseconds(3)
            }
            let late = (cameUp ?? .never) - deadline
            #expect(
                late >= .zero && late <= Self.grain + .milliseconds(3), "\(milliseconds) ms, offset \(offset): \(late)")
            #expect(wheel.armedCount == 0)
        }
    }

    @Test func `A deadline beyond the horizon comes up early, and again until its time has come`() {
        let start = Instant.at(.seconds(5))
        var wheel = TimerWheel(now: start)
        let deadline = start + .seconds(60)
        wheel.arm(slot: 0, at: deadline)
        var now = start
        var questions = 0
        var isOver = false
        while !isOver, now < deadline + .seconds(1) {
            now = now + .milliseconds(10)
            for slot in Self.drain(&wheel, now) {
                questions += 1
                isOver = now >= deadline
                if !isOver { wheel.arm(slot: slot, at: deadline) }
            }
        }
        #expect(isOver && now - deadline <= Self.grain)
        #expect((4...6).contains(questions))
    }

    @Test func `A later deadline leaves the slot where it is, an earlier one moves it`() {
        let start = Instant.at(.seconds(1))
        var wheel = TimerWheel(now: start)
        wheel.arm(slot: 0, at: start + .seconds(2))
        wheel.arm(slot: 0, at: start + .seconds(9))
        wheel.arm(slot: 1, at: start + .seconds(9))
        wheel.arm(slot: 1, at: start + .seconds(2))
        #expect(wheel.armedCount == 2)
        #expect(Self.drain(&wheel, start + .milliseconds(1999)) == [])
        #expect(Set(Self.drain(&wheel, start + .milliseconds(2100))) == [0, 1])
    }

    @Test func `What is disarmed does not come up`() {
        let start = Instant.at(.seconds(1))
        var wheel = TimerWheel(now: start)
        for slot in 0..<5 as Range<UInt32> { wheel.arm(slot: slot, at: start + .seconds(1)) }
        for slot in [0, 2, 4, 4, 99] as [UInt32] { wheel.disarm(slot: slot) }
        #expect(wheel.armedCount == 2)
        #expect(Set(Self.drain(&wheel, start + .seconds(2))) == [1, 3])
        wheel.arm(slot: 7, at: .never)
        #expect(wheel.armedCount == 0)
    }

    @Test func `A deadline that is over already comes up with the next grain`() {
        let start = Instant.at(.seconds(100))
        var wheel = TimerWheel(now: start)
        wheel.arm(slot: 0, at: start + .seconds(-50))
        #expect(Self.drain(&wheel, start + Self.grain) == [0])
    }

    @Test func `After a long sleep everything that was due comes up at once`() {
        let start = Instant.at(.seconds(100))
        var wheel = TimerWheel(now: start)
        for slot in 0..<250 as Range<UInt32> { wheel.arm(slot: slot, at: start + Self.grain * Int(slot)) }
        let later = start + .seconds(3600)
        #expect(Set(Self.drain(&wheel, later)) == Set(0..<250))
        // And time goes on from there.
        wheel.arm(slot: 1, at: later + .seconds(1))
        #expect(Self.drain(&wheel, later + .milliseconds(999)) == [])
        #expect(Self.drain(&wheel, later + .milliseconds(1100)) == [1])
    }

    @Test func `A clock that stands still brings nothing twice`() {
        let start = Instant.at(.seconds(100))
        var wheel = TimerWheel(now: start)
        wheel.arm(slot: 0, at: start)
        let now = start + .seconds(1)
        #expect(Self.drain(&wheel, now) == [0])
        wheel.arm(slot: 0, at: now)
        #expect(Self.drain(&wheel, now) == [])
        #expect(Self.drain(&wheel, now + Self.grain) == [0])
    }

    /// What the wheel should know of one slot.
    private struct Armed {
        var deadline: Instant
        /// Up to when the wheel had been asked when it got this deadline.
        var asked: Instant
        /// And when the slot was first armed: a place in the last bucket is kept when a nearer deadline comes.
        var firstAsked: Instant
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `Whatever happens, nothing is lost, late or too early`(_ seed: UInt64) {
        var random = Dice(seed: seed)
        var now = Instant.at(.milliseconds(Int.random(in: 0...10_000_000, using: &random)))
        var wheel = TimerWheel(now: now)
        var asked = now
        var model: [UInt32: Armed] = [:]
        for _ in 0..<2000 {
            // The daemon arms in the middle of a turn, when the wheel has not been asked yet.
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let slot = UInt32.random(in: 0..<40, using: &random)
                if Int.random(in: 0...4, using: &random) == 0 {
                    wheel.disarm(slot: slot)
                    model[slot] = nil
                } else {
                    let reach = [100, 2000, 12_000, 60_000].randomElement(using: &random) ?? 0
                    let deadline = now + .milliseconds(Int.random(in: -100...reach, using: &random))
                    wheel.arm(slot: slot, at: deadline)
                    let old = model[slot]
                    if let old, old.deadline <= deadline { continue }
                    model[slot] = Armed(deadline: deadline, asked: asked, firstAsked: old?.firstAsked ?? asked)
                }
            }
            let step = [0, 1, 10, 60, 333, 333, 2000, 40_000].randomElement(using: &random) ?? 0
            now = now + .milliseconds(Int.random(in: 0...step, using: &random))
            var pops = 0
            while let slot = wheel.popExpired(now: now) {
                pops += 1
                guard pops < 500, let armed = model.removeValue(forKey: slot) else {
                    Issue.record("slot \(slot) came up unasked")
                    return
                }
                guard now < armed.deadline else { continue }
                #expect(now - armed.firstAsked > Self.horizon, "early: \(armed.deadline - now)")
                // The owner is asked, and asks to be called again.
                wheel.arm(slot: slot, at: armed.deadline)
                model[slot] = Armed(deadline: armed.deadline, asked: now, firstAsked: now)
            }
            asked = now
            #expect(wheel.armedCount == model.count)
            for (slot, armed) in model where now - max(armed.deadline, armed.asked) > Self.grain {
                Issue.record("slot \(slot) is late, its deadline was \(now - armed.deadline) ago")
                return
            }
        }
    }
}
