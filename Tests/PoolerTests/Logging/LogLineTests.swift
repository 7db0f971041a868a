import Glibc
import Logging
import Testing

@testable import Pooler

@Suite struct LogLineTests {
    @Test(
        "A line has PgBouncer's form",
        arguments: [
            (Logger.Level.critical, "FATAL"), (.error, "ERROR"), (.warning, "WARNING"), (.notice, "LOG"),
            (.info, "LOG"), (.debug, "DEBUG"), (.trace, "NOISE"),
        ])
    func form(level: Logger.Level, word: String) throws {
        let text = line(level, "process up")
        let form = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.042 \S+ \[77\] ([A-Z]+) (.*)\n/
        let match = try #require(text.wholeMatch(of: form))
        #expect(match.1 == word)
        #expect(match.2 == "process up")
    }

    @Test("Times of different seconds through one line's buffer are the local time of each")
    func localTime() {
        var line = LogLine()
        for seconds in [0, 951_782_399, 951_782_400, 1_784_000_000, 951_782_400] as [time_t] {
            line.set(.info, "x", at: timespec(tv_sec: seconds, tv_nsec: 999_999_999), pid: 1)
            let text = String(decoding: line.bytes, as: UTF8.self)
            #expect(text == "\(localTime(seconds, milliseconds: "999")) [1] LOG x\n")
        }
    }

    @Test(
        "What could forge a line or drive a terminal is escaped",
        arguments: [
            ("a\nb", "a\\x0ab"), ("a\r\nb", "a\\x0d\\x0ab"), ("\u{1b}[2J", "\\x1b[2J"), ("\0", "\\x00"),
            ("\u{7f}", "\\x7f"), ("\u{9b}2J", "\\x9b2J"), ("\u{85}", "\\x85"), ("a\u{2028}b", "a\\u2028b"),
            ("tab\tstays", "tab\tstays"), ("Käse 🧀 東", "Käse 🧀 東"), ("\\n", "\\n"), ("", ""),
            ("Â â\u{a0}€", "Â â\u{a0}€"),
        ])
    func escapes(message: String, shown: String) {
        #expect(line(.info, message).hasSuffix("] LOG \(shown)\n"))
    }

    @Test(
        "A long message is cut between characters, within what a pipe takes at once", arguments: ["a", "é", "🧀", "\n"])
    func cut(character: String) {
        for length in 1000...1010 {
            let text = line(.error, String(repeating: "x", count: length) + String(repeating: character, count: 4000))
            #expect(text.utf8.count <= LogLine.maximumLength)
            #expect(text.utf8.count > LogLine.maximumLength - 8)
            #expect(text.hasSuffix("...\n"))
            #expect(!text.contains("\u{fffd}"))
        }
    }

    @Test("The message alone is what syslog gets")
    func messageAlone() {
        var line = LogLine()
        line.set(.warning, "pooler\nerror", at: timespec(), pid: 1)
        #expect(String(decoding: line.message, as: UTF8.self) == "pooler\\x0aerror")
    }

    @Test("Debug levels do not go to syslog")
    func syslogPriorities() {
        let priorities = [nil, nil, LOG_INFO, LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT]
        #expect(Logger.Level.allCases.map(\.syslogPriority) == priorities)
    }

    private func line(_ level: Logger.Level, _ message: String) -> String {
        var line = LogLine()
        line.set(level, message, at: timespec(tv_sec: 1_784_000_000, tv_nsec: 42_500_000), pid: 77)
        return String(decoding: line.bytes, as: UTF8.self)
    }

    /// The C library's own way to write it.
    private func localTime(_ seconds: time_t, milliseconds: String) -> String {
        var seconds = seconds
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let length = unsafe strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S.\(milliseconds) %Z", &parts)
        return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
