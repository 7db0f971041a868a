import Glibc
import Logging
import Testing

@testable import Pooler

@Suite("The log as JSON")
struct JSONLogTests {
    private static let label = SocketLabel(
        side: .client, id: 0x1f, database: "app", user: "web", endpoint: .tcp(address: "::1", port: 51514))

    private func line(_ message: String, about subject: LogSubject? = nil, level: Logger.Level = .info) -> String {
        var line = LogLine()
        line.setJSON(level, message, about: subject, at: timespec(tv_sec: 1_784_000_000, tv_nsec: 42_500_000), pid: 77)
        return String(decoding: line.bytes, as: UTF8.self)
    }

    private func value(_ line: String) throws -> JSONValue {
        try #require(line.hasSuffix("\n"))
        try #require(line.utf8.count { $0 < 0x20 } == 1)
        return try JSONValue(line.utf8.dropLast())
    }

    @Test func `A line is what the manual shows`() {
        let text = line(" closing", about: .connection(Self.label))
        #expect(
            text == """
                {"time":"2026-07-14T03:33:20.042Z","level":"LOG","pid":77,"side":"client","connection":"C-0x1f",\
                "database":"app","user":"web","address":"::1","port":51514,"message":"closing"}\n
                """)
        #expect(line("up").hasSuffix("\"pid\":77,\"message\":\"up\"}\n"))
    }

    @Test(arguments: [
        "plain", "", "a\"b", "a\\b", "a\nb\r\n", "\0", "\u{1b}[2J", "\u{7f}\u{85}", "\u{2028}", "tab\t", "Käse 🧀 東",
        "\",\"level\":\"FATAL", "}\n{", "\u{fffd}",
        String(decoding: [0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80], as: UTF8.self),
    ])
    func `Any text comes back as it was, wherever it stands`(text: String) throws {
        var label = Self.label
        (label.database, label.user) = (text, text)
        let read = try value(line(text, about: .connection(label)))
        #expect(read["user"]?.string == text)
        #expect(read["database"]?.string == text)
        #expect(read["message"]?.string == text)
        #expect(try value(line(text, about: .pool(PoolLabel(database: text, user: "u"))))["database"]?.string == text)
    }

    @Test(arguments: ["a", "\"", "\0", "🧀"])
    func `A long line is cut and still JSON`(character: String) throws {
        var label = Self.label
        label.database = String(repeating: character, count: 10_000)
        let text = line(String(repeating: character, count: 10_000), about: .connection(label))
        #expect(text.utf8.count <= LogLine.maximumLength)
        #expect(text.utf8.count > LogLine.maximumLength - 16)
        let read = try value(text)
        #expect(read["message"]?.string?.hasSuffix("...") == true)
        #expect(read["database"]?.string?.hasSuffix("...") == true)
    }

    @Test func `What is not known is left out`() throws {
        let nobody = SocketLabel(
            side: .server, id: 1, database: nil, user: nil, endpoint: .unix(process: 99, port: 6432))
        let read = try value(line("x", about: .connection(nobody)))
        #expect(read["database"] == nil && read["user"] == nil)
        #expect(read["side"]?.string == "server")
        #expect(read["address"]?.string == "unix")
        #expect(read["peer_pid"] == .number(99))
    }

    @Test func `The label in front of a message is its subject, and only that one`() {
        let label = Self.label
        let message: SubjectLog.Message = "\(label) took over from \(label)"
        #expect(message.text == " took over from C-0x1f: app/web@[::1]:51514")
        #expect(message.subject.map { "\($0)" } == "C-0x1f: app/web@[::1]:51514")
        let other: SubjectLog.Message = "from \(label), \(7) \(Optional(3) as Any)"
        #expect(other.subject == nil)
        #expect(other.text == "from C-0x1f: app/web@[::1]:51514, 7 Optional(3)")
    }

    @Test func `The same call writes both forms`() throws {
        let directory = try TemporaryDirectory()
        let output = LogOutput()
        var target = LogTarget()
        (target.standardError, target.file) = (false, directory.path("log"))
        try output.configure(target)
        let log = SubjectLog(output.logger)
        log.info("\(Self.label) hello")
        target.format = .json
        try output.configure(target)
        log.info("\(Self.label) hello")
        log.debug("\(Self.label) unseen")
        let lines = directory.lines("log")
        #expect(lines.count == 2)
        #expect(lines[0].hasSuffix(" LOG C-0x1f: app/web@[::1]:51514 hello"))
        #expect(try JSONValue(lines[1].utf8)["message"]?.string == "hello")
    }
}
