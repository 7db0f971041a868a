import Foundation

/// The outcome of one burst, for people and for programs.
struct BurstReport: Encodable {
    let name: String
    let answered: UInt64
    /// Counts by message.
    let errors: [String: Int]
    /// The most client backends that the server had at one time; nil if nobody counted.
    let maxServerConnections: Int?
    let p50Milliseconds: Double
    let p99Milliseconds: Double
    let seconds: Double

    init(_ name: String, _ crowd: BurstCrowd, maxServerConnections: Int?) {
        self.name = name
        answered = crowd.latencies.totalCount
        errors = crowd.errors
        self.maxServerConnections = maxServerConnections
        p50Milliseconds = Double(crowd.latencies.valueAtPercentile(50)) / 1000
        p99Milliseconds = Double(crowd.latencies.valueAtPercentile(99)) / 1000
        seconds = Double(crowd.duration.components.seconds) + Double(crowd.duration.components.attoseconds) * 1e-18
    }

    /// No client met an error, and the server had no more connections than this.
    func passes(limit: Int) -> Bool { errors.isEmpty && maxServerConnections ?? 0 <= limit }

    static func json(_ reports: [BurstReport]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(["bursts": reports]), as: UTF8.self)
    }

    static func table(_ reports: [BurstReport]) -> String {
        var rows = [["", "answered", "errors", "server connections (max)", "p50 ms", "p99 ms", "seconds"]]
        for report in reports {
            rows.append([
                report.name, "\(report.answered)", "\(report.errors.values.reduce(0, +))",
                report.maxServerConnections.map { "\($0)" } ?? "-", oneDecimal(report.p50Milliseconds),
                oneDecimal(report.p99Milliseconds), oneDecimal(report.seconds),
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  ")
        }
        for report in reports {
            for (text, count) in report.errors.sorted(by: { $0.value > $1.value }) {
                lines.append("\(report.name): \(count) × \(text)")
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func oneDecimal(_ value: Double) -> String { String(format: "%.1f", value) }
}
