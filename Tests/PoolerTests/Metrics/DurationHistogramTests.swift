import Testing

@testable import Pooler

@Suite("Histograms")
struct DurationHistogramTests {
    @Test(arguments: [
        (0 as UInt64, 0), (1, 0), (63, 0), (64, 0), (65, 1), (128, 1), (129, 2), (256, 2), (257, 3), (1 << 26, 20),
        (1 << 26 + 1, 21), (.max, 21),
    ])
    func `A bound is part of its bucket`(microseconds: UInt64, bucket: Int) {
        #expect(DurationHistogram.bucket(of: microseconds) == bucket)
    }

    @Test func `Every duration is at most its bound and above the one before`() {
        for power in 0..<40 {
            for duration in [(1 << UInt64(power)) - 1, 1 << UInt64(power), (1 << UInt64(power)) + 1] as [UInt64] {
                let bucket = DurationHistogram.bucket(of: duration)
                if let bound = DurationHistogram.bound(of: bucket) { #expect(duration <= bound) }
                if bucket > 0, let below = DurationHistogram.bound(of: bucket - 1) { #expect(duration > below) }
            }
        }
    }

    @Test func `Counts and sums add up over workers`() {
        var (one, other) = (DurationHistogram(), DurationHistogram())
        one.record(10)
        one.record(100)
        other.record(100)
        other.record(1_000_000_000)
        one += other
        #expect(one.count == 4)
        #expect(one.sum == 1_000_000_210)
        #expect([one[0], one[1], one[21]] == [1, 2, 1])
    }

    @Test func `A tally keeps to its limit`() {
        var tally = Tally()
        for number in 0..<1000 { tally.add("word \(number)") }
        #expect(tally.counts.count == Tally.limit + 1)
        #expect(tally.counts["other"] == UInt64(1000 - Tally.limit))
        tally.add("word 0")
        #expect(tally.counts["word 0"] == 2)
    }

    @Test(arguments: [
        ("server conn crashed?", "server_conn_crashed"), ("close_needed", "close_needed"), ("", "other"),
        ("?!", "other"),
        ("a\nb\"c", "a_b_c"),
    ])
    func `A reason becomes a word`(text: String, word: String) {
        #expect(Tally.word(of: text) == word)
    }

    @Test(arguments: [("57014", "57014"), ("08P01", "08P01"), ("", "other"), ("0\"A00", "other"), ("123456", "other")])
    func `Only an SQLSTATE is an SQLSTATE`(text: String, word: String) {
        #expect(Tally.sqlState(text) == word)
    }
}
