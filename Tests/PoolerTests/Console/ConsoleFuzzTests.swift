import PoolerTestSupport
import Testing

@testable import Pooler

@Suite("Hostile input to the console")
struct ConsoleFuzzTests {

    static let pieces = [
        "show", "select", "set", "pause", "resume", "kill_client", "shutdown", "disable", "version", "stats", "pools",
        "help",
        "client_encoding", "to", "=", ";", " ", "\t", "\"", "\"\"", "'", "''", "1", "99999999999999999999", "é", "_",
        "\u{0B}",
        "wait_for_servers", "--", "$1", "x",
    ]

    @Test("Any text gets one answer and one ReadyForQuery", arguments: 1...8 as ClosedRange<UInt64>)
    func commandTexts(seed: UInt64) {
        var numbers = Dice(seed: seed)
        for _ in 0..<1500 {
            let pieces = (0..<Int.random(in: 0...7, using: &numbers)).map { _ in
                Self.pieces.randomElement(using: &numbers) ?? ""
            }
            let text = pieces.joined(separator: Bool.random(using: &numbers) ? " " : "")
            var client = ConsoleClient(Bool.random(using: &numbers) ? .admin : .stats)
            let answers = client.query(text)
            if client.effects == [.shutdown(.immediate)] { continue }
            #expect(answers.count { $0 == "Z" } == 1, "\(seed): \(text)")
            #expect(answers.count { $0.hasPrefix("C ") || $0.hasPrefix("E ") } == 1, "\(seed): \(text)")
            #expect(answers.last == "Z", "\(seed): \(text)")
        }
    }

    @Test("Any messages leave whole answers, and no Query or Sync unanswered", arguments: 1...8 as ClosedRange<UInt64>)
    func messages(seed: UInt64) {
        var numbers = Dice(seed: seed)
        for _ in 0..<60 {
            var client = ConsoleClient(Bool.random(using: &numbers) ? .admin : .stats)
            for _ in 0..<60 where client.closeReason == nil {
                let type = "QPBDECSH".randomElement(using: &numbers) ?? "Q"
                client.send(type, Self.body(using: &numbers))
                let first = ConsoleMessage.all(in: client.received)
                #expect(first != nil, "\(seed): a broken message")
                _ = client.answers()
                client.send("S")
                #expect(client.answers().last == "Z" || client.closeReason == .shutDown, "\(seed)")
                let query = Self.body(using: &numbers)
                client.send("Q", query)
                let answers = client.answers()
                #expect(answers.count { $0 == "Z" } == (client.closeReason == nil ? 1 : 0), "\(seed): \(query)")
            }
            client.send(
                Character(Unicode.Scalar(UInt8.random(in: 0...127, using: &numbers))), Self.body(using: &numbers))
            #expect(ConsoleMessage.all(in: client.received) != nil, "\(seed): a broken message")
        }
    }

    /// Well-formed bodies with a few bytes changed, cut or added, or noise.
    private static func body(using numbers: inout Dice) -> [UInt8] {
        let bodies: [[UInt8]] = [
            ConsoleClient.strings("show version"), ConsoleClient.strings("pause a"),
            ConsoleClient.strings("s", "show state") + [0, 0],
            ConsoleClient.strings("", "show lists") + [0, 0],
            ConsoleClient.strings("", "s") + [0, 0, 0, 0, 0, 1, 0, 1],
            ConsoleClient.strings("", "") + [0, 0, 0, 0, 0, 0], ConsoleClient.strings("") + [0, 0, 0, 2],
            [0x53, 0], [0x50, 0], [0x53, 0x73, 0], [],
        ]
        var body = bodies.randomElement(using: &numbers) ?? []
        for _ in 0..<Int.random(in: 0...2, using: &numbers) {
            let position = Int.random(in: 0...body.count, using: &numbers)
            switch Int.random(in: 0...3, using: &numbers) {
            case 0: body.insert(UInt8.random(in: 0...255, using: &numbers), at: position)
            case 1: body = Array(body.prefix(position))
            case 2: if position < body.count { body[position] = UInt8.random(in: 0...255, using: &numbers) }
            default: break
            }
        }
        return body
    }
}
