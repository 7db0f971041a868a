import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct SecretQueryTests {
    private static let begun = [
        WireMessage("C", cString("BEGIN")), WireMessage("C", cString("SET")),
        WireMessage("S", cString("x") + cString("y")),
        WireMessage("C", cString("SET")), ready("T"),
    ]
    private static let ended = [WireMessage("C", cString("COMMIT")), ready("I")]

    private static func ready(_ status: Character) -> WireMessage { WireMessage("Z", [status.asciiValue ?? 0]) }

    private static func row(_ values: [String?]) -> WireMessage {
        let fields = values.flatMap { value -> [UInt8] in
            value.map { int32(Int32($0.utf8.count)) + Array($0.utf8) } ?? int32(-1)
        }
        return WireMessage("D", int16(Int16(values.count)), fields)
    }

    private static func answer(_ rows: [[String?]]) -> [WireMessage] {
        [WireMessage("1"), WireMessage("2")] + rows.map(row) + [WireMessage("C", cString("SELECT"))]
    }

    private static func error(_ text: String, _ severity: String = "ERROR") -> WireMessage {
        WireMessage("E", cString("S\(severity)") + cString("C42P01") + cString("M\(text)") + [0])
    }

    /// The last action, after all messages.
    private static func play(_ messages: [WireMessage], user: String = "bob") -> SecretQuery.Action {
        var query = SecretQuery(user: user, sql: "select")
        var last = SecretQuery.Action.wait
        for message in messages {
            #expect(last == .wait, "said something after its end")
            last = message.body.withSpan {
                query.messageReceived(BackendMessageType(rawValue: message.type.asciiValue ?? 0), $0)
            }
        }
        return last
    }

    private static func outcome(_ rows: [[String?]], role: [[String?]], user: String = "bob") -> SecretQuery.Action {
        play(begun + answer(rows) + answer(role) + [ready("T")] + ended, user: user)
    }

    private static let mayLogIn: [[String?]] = [["t", nil]]

    @Test func `A row is a user`() {
        #expect(
            Self.outcome([["bob", "hush"]], role: Self.mayLogIn)
                == .finished(.found(KnownUser(secret: .plain("hush"), validFor: nil))))
        #expect(
            Self.outcome([["bob", "hush"]], role: [["t", "1.5"]])
                == .finished(.found(KnownUser(secret: .plain("hush"), validFor: .milliseconds(1500)))))
        // Users of an application's own table are no roles.
        #expect(
            Self.outcome([["bob", "hush"]], role: [])
                == .finished(.found(KnownUser(secret: .plain("hush"), validFor: nil))))
        #expect(
            Self.outcome([["bob", nil]], role: Self.mayLogIn)
                == .finished(.found(KnownUser(secret: .none, validFor: nil))))
    }

    @Test(
        arguments: [
            ([], mayLogIn), ([["bob", "hush"]], [["f", nil]]), ([["bob", "hush"]], [[nil, nil]]), ([["bob", nil]], []),
            ([["bob", ""]], []), ([["bob", nil]], [["f", "-3"]]),
        ] as [([[String?]], [[String?]])])
    func `Who may not log in is nobody`(_ rows: [[String?]], _ role: [[String?]]) {
        #expect(Self.outcome(rows, role: role) == .finished(.unknown))
    }

    @Test(
        arguments: [
            [["bob", "a"], ["bob", "b"]], [["alice", "a"]], [["Bob", "a"]], [[nil, "a"]], [["bob"]],
            [["bob", "a", "b"]],
            [[]], [["bob", "a\0b"]], [["bob ", "a"]],
        ] as [[[String?]]])
    func `What is no answer is a failure`(_ rows: [[String?]]) {
        guard case .finished(.failed) = Self.outcome(rows, role: Self.mayLogIn) else {
            Issue.record("taken for an answer")
            return
        }
    }

    @Test func `An error anywhere is a failure, and the server can be used again`() {
        let failed = SecretQuery.Action.finished(.failed("oops"))
        let rollback = [WireMessage("C", cString("ROLLBACK")), Self.ready("I")]
        #expect(
            Self.play([Self.error("oops"), Self.ready("I"), Self.error("x"), Self.ready("I")] + Self.ended) == failed)
        #expect(Self.play(Self.begun + [Self.error("oops"), Self.ready("E")] + rollback) == failed)
        #expect(
            Self.play(Self.begun + Self.answer([["bob", "a"]]) + [Self.error("oops"), Self.ready("E")] + rollback)
                == failed)
    }

    @Test func `A server that talks nonsense is not used again`() {
        let nonsense: [WireMessage] = [
            Self.error("bye", "FATAL"), WireMessage("G", [0]), WireMessage("R", int32(0)), WireMessage("Z"),
            WireMessage("Z", [1]), WireMessage("D", [0]), WireMessage("D", int16(2) + int32(900)),
            WireMessage("D", int16(-1)), WireMessage("D", int16(1) + int32(0) + [1]),
        ]
        for message in nonsense {
            for script in [[message], Self.begun + [message]] {
                guard case .broken = Self.play(script) else {
                    Issue.record("\(message) was taken")
                    return
                }
            }
        }
        guard case .broken = Self.play(Self.begun + Self.answer([]) + [Self.ready("T"), Self.ready("T")]) else {
            Issue.record("left in a transaction")
            return
        }
    }

    @Test func `Nothing of the client is in it but its name, as a parameter`() {
        let text = String(decoding: SecretQuery(user: "bob'; drop", sql: "select $1").request, as: UTF8.self)
        #expect(text.contains("BEGIN; SET LOCAL search_path = pg_catalog"))
        #expect(text.split(separator: "bob'; drop").count == 3, "once for each of two Binds")
    }
}
