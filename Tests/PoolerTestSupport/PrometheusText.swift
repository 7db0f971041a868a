/// Prometheus's text format, read as strictly as it is specified ("Exposition formats" in Prometheus's documentation): what a
/// lenient reader would let pass is an error here.
public struct PrometheusText: Sendable {
    /// One line with a value.
    public struct Sample: Hashable, Sendable {
        /// With the suffix of a histogram's parts.
        public let name: String
        /// By name.
        public let labels: [String: String]
        /// The figure.
        public let value: Double
    }

    /// What is said of a metric.
    public struct Family: Sendable {
        /// counter, gauge or histogram.
        public var kind: String
        /// For people.
        public var help: String
        /// In the order of the text.
        public var samples: [Sample] = []
    }

    /// By name.
    public private(set) var families: [String: Family] = [:]

    /// Reads a whole scrape.
    public init(_ text: String) throws {
        guard text.hasSuffix("\n"), !text.utf8.contains(13) else {
            throw SystemError("no line feed at the end, or a CR")
        }
        var help: (name: String, text: String)?
        var current: String?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# HELP ") {
                let words = line.dropFirst(7).split(separator: " ", maxSplits: 1)
                guard words.count == 2, help == nil else { throw SystemError("HELP: \(line)") }
                help = (String(words[0]), String(words[1]))
            } else if line.hasPrefix("# TYPE ") {
                let words = line.dropFirst(7).split(separator: " ")
                guard words.count == 2, let said = help, said.name == words[0], families[said.name] == nil,
                    ["counter", "gauge", "histogram"].contains(words[1])
                else { throw SystemError("TYPE: \(line)") }
                families[said.name] = Family(kind: String(words[1]), help: said.text)
                (current, help) = (said.name, nil)
            } else {
                let sample = try Self.sample(line)
                guard let name = current, let family = families[name], help == nil,
                    Self.names(name, family.kind).contains(sample.name),
                    !family.samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels })
                else { throw SystemError("out of place, or twice: \(line)") }
                families[name]?.samples.append(sample)
            }
        }
        for (name, family) in families { try Self.check(name, family) }
    }

    /// The sum of what has these labels.
    public func sum(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let base = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) && families[name] == nil }
        let family = families[base.map { String(name.dropLast($0.count)) } ?? name]
        let found = family?.samples.filter { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }
        guard let found, !found.isEmpty else { return nil }
        return found.reduce(0) { $0 + $1.value }
    }

    private static func names(_ name: String, _ kind: String) -> [String] {
        kind == "histogram" ? ["_bucket", "_sum", "_count"].map { name + $0 } : [name]
    }

    /// The conventions: counters end in _total and nothing else does; histograms are whole.
    private static func check(_ name: String, _ family: Family) throws {
        guard !family.samples.isEmpty, !family.help.isEmpty else { throw SystemError("\(name) is empty") }
        guard (family.kind == "counter") == name.hasSuffix("_total") else { throw SystemError("\(name): _total") }
        for unit in ["_ms", "_us", "_milliseconds", "_microseconds", "_kilobytes"] where name.contains(unit) {
            throw SystemError("\(name): no base unit")
        }
        if family.kind == "counter", family.samples.contains(where: { $0.value < 0 }) {
            throw SystemError("\(name) is negative")
        }
        guard family.kind == "histogram" else { return }
        let series = Dictionary(grouping: family.samples) { $0.labels.filter { $0.key != "le" } }
        for (labels, samples) in series {
            let buckets = samples.filter { $0.name == name + "_bucket" }
            let bounds = buckets.map { $0.labels["le"].flatMap { $0 == "+Inf" ? Double.infinity : Double($0) } ?? -1 }
            let count = samples.filter { $0.name == name + "_count" }
            let sums = samples.filter { $0.name == name + "_sum" }
            guard bounds == bounds.sorted(), Set(bounds).count == bounds.count, bounds.last == .infinity,
                buckets.map(\.value) == buckets.map(\.value).sorted(), count.count == 1, sums.count == 1,
                buckets.last?.value == count[0].value
            else { throw SystemError("the histogram \(name) \(labels) is broken: \(samples)") }
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line
        let name = takeName(&rest, colon: true)
        guard !name.isEmpty else { throw SystemError("no name: \(line)") }
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while rest.first != "}" {
                if !labels.isEmpty {
                    guard rest.first == "," else { throw SystemError("no comma: \(line)") }
                    rest.removeFirst()
                }
                let label = takeName(&rest, colon: false)
                guard !label.isEmpty, labels[label] == nil, rest.hasPrefix("=\"") else {
                    throw SystemError("label: \(line)")
                }
                rest.removeFirst(2)
                labels[label] = try takeValue(&rest)
            }
            rest.removeFirst()
        }
        guard rest.first == " " else { throw SystemError("no blank: \(line)") }
        rest.removeFirst()
        let allowed = rest.utf8.allSatisfy { (48...57).contains($0) || ".+-e".utf8.contains($0) }
        guard let value = Double(rest), allowed else { throw SystemError("value: \(line)") }
        return Sample(name: name, labels: labels, value: value)
    }

    private static func takeName(_ rest: inout Substring, colon: Bool) -> String {
        var name = ""
        while let first = rest.first, first.isASCII,
            first.isLetter || first == "_" || (colon && first == ":")
                || (first.isNumber && !name.isEmpty)
        {
            name.append(rest.removeFirst())
        }
        return name
    }

    private static func takeValue(_ rest: inout Substring) throws -> String {
        var value = ""
        while let next = rest.popFirst() {
            if next == "\"" { return value }
            guard next == "\\" else {
                value.append(next)
                continue
            }
            switch rest.popFirst() {
            case "\\": value.append("\\")
            case "\"": value.append("\"")
            case "n": value.append("\n")
            default: throw SystemError("an escape that does not exist")
            }
        }
        throw SystemError("a label value without end")
    }
}
