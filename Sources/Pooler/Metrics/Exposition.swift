/// Writes metrics in Prometheus's text format, version 0.0.4.
struct Exposition {
    /// What a family's values do.
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// A label and its value.
    typealias Label = (name: StaticString, value: String)

    /// What has been written.
    private(set) var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(32 * 1024)
    }

    /// One metric in all its forms. Nothing is written of a family without samples.
    mutating func family(
        _ name: String, _ kind: Kind, _ help: String, _ write: (inout Samples) -> Void
    ) {
        var samples = Samples(name: name)
        write(&samples)
        guard !samples.bytes.isEmpty else { return }
        bytes += "# HELP \(name) ".utf8
        for byte in help.utf8 { Samples.escape(byte, quote: false, to: &bytes) }
        bytes += "\n# TYPE \(name) \(kind.rawValue)\n".utf8
        bytes += samples.bytes
    }

    /// One metric with one value.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: String) {
        family(name, kind, help) { $0.add([], value) }
    }

    /// The lines of a family.
    struct Samples {
        let name: String
        fileprivate(set) var bytes: [UInt8] = []

        /// A line.
        mutating func add(_ labels: [Label], _ value: String) { add("", labels, value) }

        /// A line with a whole number.
        mutating func add(_ labels: [Label], _ value: some BinaryInteger) { add("", labels, "\(value)") }

        /// The lines of a histogram: buckets that include the ones before them, sum and count.
        mutating func add(_ labels: [Label], _ histogram: DurationHistogram) {
            var count: UInt64 = 0
            for bucket in 0..<DurationHistogram.bucketCount {
                count &+= histogram[bucket]
                let bound = DurationHistogram.bound(of: bucket).map { Exposition.seconds(microseconds: $0) } ?? "+Inf"
                add("_bucket", labels + [("le", bound)], "\(count)")
            }
            add("_sum", labels, Exposition.seconds(microseconds: histogram.sum))
            add("_count", labels, "\(count)")
        }

        private mutating func add(_ suffix: StaticString, _ labels: [Label], _ value: String) {
            bytes += name.utf8
            bytes += "\(suffix)".utf8
            for (index, label) in labels.enumerated() {
                bytes.append(UInt8(ascii: index == 0 ? "{" : ","))
                bytes += "\(label.name)=\"".utf8
                for byte in label.value.utf8 { Self.escape(byte, quote: true, to: &bytes) }
                bytes.append(UInt8(ascii: "\""))
            }
            if !labels.isEmpty { bytes.append(UInt8(ascii: "}")) }
            bytes.append(UInt8(ascii: " "))
            bytes += value.utf8
            bytes.append(UInt8(ascii: "\n"))
        }

        fileprivate static func escape(_ byte: UInt8, quote: Bool, to bytes: inout [UInt8]) {
            switch byte {
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\"") where quote: bytes += "\\\"".utf8
            default: bytes.append(byte)
            }
        }
    }

    /// Seconds, to the microsecond, without needless zeros.
    static func seconds(microseconds: UInt64) -> String {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        guard rest > 0 else { return "\(seconds)" }
        var digits = String(rest + 1_000_000).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(seconds).\(digits)"
    }

    /// A duration in seconds.
    static func seconds(_ duration: Duration) -> String {
        seconds(microseconds: UInt64(max(0, duration.wholeMicroseconds)))
    }
}
