import PoolerTestSupport
import Testing

@testable import Pooler

@Suite("Prometheus text")
struct ExpositionTests {
    @Test(arguments: ["plain", "", "a\"b", "a\\b", "a\nb", "\\n", "ü 🙂", "{}=,", "a\\\"\n\\"])
    func `Label values come back as they were`(value: String) throws {
        var out = Exposition()
        out.family("some_metric", .gauge, "What it is,\nand \\ more.") {
            $0.add([("label", value), ("other", "x")], 7)
        }
        let text = try PrometheusText(String(decoding: out.bytes, as: UTF8.self))
        #expect(text.families["some_metric"]?.samples.first?.labels == ["label": value, "other": "x"])
        #expect(text.families["some_metric"]?.help == "What it is,\\nand \\\\ more.")
        #expect(text.sum("some_metric") == 7)
    }

    @Test func `A family without samples is not mentioned`() {
        var out = Exposition()
        out.family("empty", .gauge, "Nothing.") { _ in }
        #expect(out.bytes.isEmpty)
    }

    @Test(arguments: [
        (0 as UInt64, "0"), (1, "0.000001"), (64, "0.000064"), (100_000, "0.1"), (1_000_000, "1"),
        (67_108_864, "67.108864"),
    ])
    func `Seconds are exact`(microseconds: UInt64, text: String) {
        #expect(Exposition.seconds(microseconds: microseconds) == text)
    }

    @Test func `A histogram is whole`() throws {
        var histogram = DurationHistogram()
        for duration in [1, 70, 70, 5000, 90_000_000] as [UInt64] { histogram.record(duration) }
        var out = Exposition()
        out.family("some_seconds", .histogram, "Some.") { $0.add([("database", "d")], histogram) }
        let text = try PrometheusText(String(decoding: out.bytes, as: UTF8.self))
        #expect(text.sum("some_seconds_bucket", ["le": "0.000064"]) == 1)
        #expect(text.sum("some_seconds_bucket", ["le": "0.000128"]) == 3)
        #expect(text.sum("some_seconds_bucket", ["le": "67.108864"]) == 4)
        #expect(text.sum("some_seconds_count") == 5)
        #expect(text.sum("some_seconds_sum") == 90.005141)
    }
}
