import Testing

@testable import Pooler

/// The answer to our question, however it is cut, and what comes beside it.
@Suite struct SessionProbeTests {
    private static func row(_ values: [String?]) -> [UInt8] {
        var writer = MessageWriter()
        writer.message(BackendMessageType.dataRow) { body in
            body.int16(Int16(values.count))
            for value in values {
                body.int32(value.map { Int32($0.utf8.count) } ?? -1)
                if let value { body.raw(value.utf8) }
            }
        }
        return writer.bytes
    }

    private static func message(_ type: BackendMessageType, _ body: [UInt8] = []) -> [UInt8] {
        var writer = MessageWriter()
        writer.message(type) { $0.raw(body) }
        return writer.bytes
    }

    private static let answer: [UInt8] =
        message(.commandComplete, Array("SET\0".utf8)) + message(.rowDescription)
        + row(["50ms", "0", "0", "UTF8", "app", "login", nil, "x"])
        + message(.notificationResponse, [1]) + message(.rowDescription) + row(["work_mem", "8192"])
        + row(["statement_timeout", "0"]) + row(["transaction_isolation", "read committed"]) + row(["TimeZone", "UTC"])
        + message(.rowDescription) + row(["2", "0", "0", "1", "0", "0"]) + message(.readyForQuery, [0x49])

    private static func probe() -> SessionProbe {
        SessionProbe(names: ["a.none", "a.some"], user: "login") { $0 == "timezone" }
    }

    @Test func `the answer is read under every cut, and what comes beside it is passed on`() throws {
        let stream = Self.answer + Self.message(.notificationResponse, [2]) + [0x41, 0, 0]
        for cut in 0...stream.count {
            let probe = Self.probe()
            var others: [BackendMessageType] = []
            var outcome = SessionProbe.Outcome.unfinished
            for part in [Array(stream[..<cut]), Array(stream[cut...])] {
                let result = part.withSpan { probe.received($0) { type, _ in others.append(type) } }
                if outcome == .unfinished { outcome = result }
            }
            guard case .found(let findings) = outcome else {
                Issue.record("cut at \(cut): \(outcome)")
                continue
            }
            #expect(
                Set(findings.settings.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" })
                    == ["statement_timeout=50ms", "role=app", "a.some=x", "work_mem=8192"])
            #expect(findings.bound.kinds == [.listen, .cursor])
            #expect(others.filter { $0 == .notificationResponse }.count >= (cut >= Self.answer.count ? 1 : 2))
            if cut < Self.answer.count { #expect(probe.rest == [0x41, 0, 0]) }
        }
    }

    @Test func `an error is a failure, and too much is refused`() {
        var error = ErrorMessage(.error, "57014", "canceled").bytes
        error += Self.message(.readyForQuery, [0x49])
        #expect(error.withSpan { Self.probe().received($0) { _, _ in } } == .failed("57014", "canceled"))
        let head: [UInt8] = [0x45, 0x7F, 0, 0, 0]
        #expect(head.withSpan { Self.probe().received($0) { _, _ in } } == .broken)
        #expect([0x44, 0, 0, 0, 1].withSpan { Self.probe().received($0) { _, _ in } } == .broken)
    }

    @Test func `rows that are too long are passed over, wherever they are cut`() throws {
        let long = Self.row(["search_path", String(repeating: "x", count: 600_000)])
        let half = Self.row(["a", String(repeating: "y", count: 300_000)])
        let stream =
            Self.message(.rowDescription) + Self.row(["0", "0", "0", "UTF8", "none", "login", nil, nil])
            + Self.message(.rowDescription) + long + half + half + Self.row(["geqo", "off"])
            + Self.message(.readyForQuery, [0x49])
        for size in [stream.count, 70_000, 4096] {
            let probe = Self.probe()
            var outcome = SessionProbe.Outcome.unfinished
            for start in stride(from: 0, to: stream.count, by: size) {
                let part = Array(stream[start..<min(start + size, stream.count)])
                #expect(outcome == .unfinished)
                outcome = part.withSpan { probe.received($0) { _, _ in } }
            }
            guard case .found(let findings) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(findings.isTooLong && findings.settings.map(\.name) == ["a", "geqo"])
        }
    }

    @Test func `values are literals of ASCII alone`() {
        func literal(_ text: String) -> String {
            String(decoding: SessionSettings.literal(Array(text.utf8)), as: UTF8.self)
        }
        #expect(literal("a b") == "'a b'")
        #expect(literal("it's") == "'it''s'")
        #expect(literal("a\\'ä\n") == "E'a\\\\''\\xc3\\xa4\\x0a'")
    }

    @Test func `only what differs is set, the role last`() throws {
        var table = SessionSettingsTable()
        func settings(_ pairs: [(String, String)]) -> SessionSettings? {
            table.intern(pairs.map { SessionSetting(name: $0.0, value: Array($0.1.utf8)) })
        }
        func sql(_ current: [(String, String)], _ wanted: [(String, String)], isAwaited: Bool = true) -> String? {
            SessionSettings.alignment(from: settings(current), to: settings(wanted), isAwaited: isAwaited).map {
                String(decoding: $0.dropFirst(5).dropLast(), as: UTF8.self).replacing("pg_catalog.set_config", with: "")
            }
        }
        #expect(settings([("b", "1"), ("a", "2")]) === settings([("a", "2"), ("b", "1")]))
        #expect(settings([]) == nil)
        #expect(sql([("a", "1")], [("a", "1")]) == nil)
        #expect(
            sql([("a", "1"), ("b", "2")], [("b", "3"), ("c", "4")])
                == "select ('a',null,false),('b','3',false),('c','4',false)")
        #expect(sql([("role", "x")], []) == "select ('role','none',false)")
        #expect(
            sql([], [("a", "1")], isAwaited: false) == "select ('exit_on_error','on',true),('a','1',false)")
        #expect(
            sql([("role", "x")], [("a", "1"), ("role", "y"), ("session_authorization", "z")])
                == "select ('role','none',false),('a','1',false),('session_authorization','z',false),('role','y',false)"
        )
        #expect(sql([("default_transaction_deferrable", "on")], [])?.hasPrefix("set transaction isolation") == true)
    }
}
