import Testing

@testable import Pooler

@Suite("A console session")
struct ConsoleSessionTests {
    @Test("An effect that fails answers its error, with its notices before it")
    func failedEffect() {
        var client = ConsoleClient()
        client.result = .failed(.reloadFailed, notices: ["a hint"])
        #expect(
            client.query("reload") == [
                "N a hint", "E ERROR F0000 RELOAD failed, see logs for additional details", "Z",
            ])
        client.result = .failed(.settingNeedsRestart("listen_port"))
        #expect(
            client.query("set listen_port = 1") == [
                "E ERROR 55P02 parameter \"listen_port\" cannot be changed without restarting pgvalet", "Z",
            ])
        client.result = .done(notices: ["TLS settings could not be applied, still using old configuration"])
        #expect(
            client.query("set a = 1") == [
                "N TLS settings could not be applied, still using old configuration", "C SET a=1", "Z",
            ])
    }

    @Test("Errors carry severity twice, code and text")
    func errorFields() {
        var client = ConsoleClient()
        client.send("Q", ConsoleClient.strings("x"))
        #expect(
            client.messages().first?.fields == [
                "S": "ERROR", "V": "ERROR", "C": "08P01", "M": "invalid command 'x', use SHOW HELP;",
            ])
    }

    @Test("Commands sent while one waits are answered after it, each once and in order")
    func queue() {
        var client = ConsoleClient()
        client.holds = true
        #expect(client.query("pause").isEmpty)
        #expect(client.query("show version").isEmpty)
        #expect(client.query("reconnect a").isEmpty)
        #expect(client.query("nonsense").isEmpty)
        client.send("X")
        #expect(client.closeReason == nil)
        client.complete(.done())
        #expect(client.answers() == ["C PAUSE", "Z"])
        client.arrive()
        #expect(client.answers() == ["T", "D PgBouncer 1.25.2", "C SHOW", "Z"])
        #expect(client.effects == [.pause(nil), .reconnect("a")])
        client.complete(.done())
        #expect(
            client.answers() == ["C RECONNECT", "Z", "E ERROR 08P01 invalid command 'nonsense', use SHOW HELP;", "Z"])
        #expect(client.closeReason == .terminated)
    }

    @Test("A cancelled PAUSE is answered with an error, and the session goes on")
    func cancelledPause() {
        var client = ConsoleClient()
        client.cancel()
        #expect(client.cancels == 0)
        client.holds = true
        #expect(client.query("pause").isEmpty)
        client.cancel()
        client.cancel()
        #expect(client.cancels == 1)
        client.complete(.failed(.canceled))
        #expect(client.answers() == ["E ERROR 57014 canceling statement due to user request", "Z"])
        client.complete(.done())
        #expect(client.answers().isEmpty)
        client.holds = false
        #expect(client.query("resume") == ["C RESUME", "Z"])
    }

    @Test("A PAUSE that was resumed from elsewhere is answered too")
    func resumedElsewhere() {
        var client = ConsoleClient()
        client.result = .failed(.ended(by: "RESUME"))
        #expect(client.query("pause") == ["E ERROR 57014 canceling statement due to RESUME", "Z"])
    }

    @Test("Too many messages behind a waiting command end the session", arguments: [(300, 10), (10, 16_000)])
    func boundedQueue(count: Int, size: Int) {
        var client = ConsoleClient()
        client.holds = true
        #expect(client.query("pause").isEmpty)
        for _ in 0..<count { client.send("Q", Array(repeating: 0x41, count: size) + [0]) }
        #expect(client.answers() == ["E FATAL 54000 too many messages while a command is running"])
        #expect(client.closeReason == .failed(.tooManyMessages))
        client.complete(.done())
        #expect(client.query("show version").isEmpty)
    }

    @Test(
        "A message type that the console cannot use ends the session",
        arguments: ["F", "d", "c", "f", "p", "?", "\u{1}"])
    func unsupportedMessages(type: Character) {
        var client = ConsoleClient()
        client.send(type, [1, 2, 3])
        #expect(
            client.answers() == [
                "E ERROR 08P01 unsupported packet type for admin console: \(type.asciiValue ?? 0)", "Z",
                "E FATAL 08P01 bad packet",
            ])
        #expect(client.closeReason == .failed(.badPacket))
    }

    @Test(
        "A malformed Query is an error, not the end",
        arguments: [[], [0x41], [0x41, 0, 0x42, 0], [0, 0]] as [[UInt8]])
    func malformedQuery(body: [UInt8]) {
        var client = ConsoleClient()
        client.send("Q", body)
        #expect(client.answers() == ["E ERROR 08P01 broken Query packet", "Z"])
        #expect(client.query("show version").last == "Z")
    }

    @Test("A command beyond all bounds is refused unread")
    func hugeQuery() {
        var client = ConsoleClient()
        client.send("Q", Array(repeating: 0x41, count: 1_000_000) + [0])
        #expect(client.answers() == ["E ERROR 08P01 bad arguments", "Z"])
        client.parse(String(repeating: "A", count: 1_000_000))
        client.send("S")
        #expect(client.answers() == ["E ERROR 08P01 bad arguments", "Z"])
    }

    @Test("Terminate closes")
    func terminate() {
        var client = ConsoleClient()
        client.send("X")
        #expect(client.closeReason == .terminated)
        #expect(client.query("show version").isEmpty)
    }
}
