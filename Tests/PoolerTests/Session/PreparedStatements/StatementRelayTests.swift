import PoolerTestSupport
import Testing

@testable import Pooler

/// Random pipelines of clients that take turns on one server, whose answers come late: every client must read what a session
/// of its own would have answered.
@Suite struct StatementRelayTests {
    /// A client, with the session that it should have.
    struct Client {
        var statements = ClientStatements()
        var own = ModelSession()
        var expected: [WireMessage] = []
        var got: [WireMessage] = []
    }

    /// The pooler between one server and a client at a time.
    struct Play: ~Copyable {
        let scratch = Scratch()
        let toServer = Assembly()
        let relay: StatementRelay
        let limit: Int
        var server = ServerStatements()
        var replies = ReplyQueue()
        var session = ModelSession()
        var counters = StatCounters()
        /// Sent to the server and not yet executed.
        var inFlight: [WireMessage] = []

        init(limit: Int, table: StatementTable) {
            self.limit = limit
            relay = StatementRelay(table: table, toServer: toServer, scratch: scratch)
        }

        /// Hands a message of a client on; false when it has to wait.
        mutating func send(_ message: WireMessage, _ client: inout Client, id: UInt64) -> Bool {
            guard client.statements.pause == .none else { return false }
            let bytes = message.bytes
            unsafe bytes.withUnsafeBytes { unsafe scratch.place(RawSpan(_unsafeBytes: $0), at: 0) }
            let outcome = outcome(of: message, bytes.count, &client, id)
            switch outcome {
            case .passOn, .sent: break
            case .absorbed: return true
            case .sentForAnswers: client.statements.pause = .allAnswers
            case .waits, .needsFollower, .changesSession: return false
            case .pause:
                client.statements.pause = .earlierBatches
                return false
            }
            let isForwarded = outcome == .passOn
            if isForwarded { toServer.forward(0..<bytes.count, of: scratch) }
            toServer.withBytes(in: scratch) { inFlight += messages(in: $0.array()) }
            toServer.clear()
            return true
        }

        private mutating func outcome(
            of message: WireMessage, _ count: Int, _ client: inout Client, _ id: UInt64
        ) -> StatementRelay.Outcome {
            let circumstances = StatementRelay.Circumstances(client: id, limit: limit, status: .idle)
            let scratch = self.scratch
            let span = scratch.bytes(0..<count)
            guard case .frame(let header) = FrameScanner.header(in: span, at: 0, limit: 1 << 20) else { return .passOn }
            guard case .request(let request) = ClientMessage(header, at: 0, in: span) else {
                flushed(&client)
                return .passOn
            }
            let outcome = ask(request, header, span, &client, circumstances)
            guard outcome == .passOn else { return outcome }
            replies.requestSent(request)
            if server.replay.isRecording {
                server.replay.messageSent(request, isWhole: true, length: count)
                server.replay.append(span)
            }
            return .passOn
        }

        private mutating func ask(
            _ request: ReplyQueue.Request, _ header: FrameHeader, _ span: RawSpan, _ client: inout Client,
            _ circumstances: StatementRelay.Circumstances
        ) -> StatementRelay.Outcome {
            let range = 0..<span.byteCount
            switch request {
            case .parse:
                guard let parse = ParseMessage(span) else { return .passOn }
                return relay.parse(parse, at: range, &client.statements, &server, &replies, &counters, circumstances)
            case .bind, .describeStatement, .close:
                guard case .found(let found) = StatementMessage.read(request, header, at: 0, in: span) else {
                    return .passOn
                }
                if request == .close {
                    return relay.close(found, &client.statements, &server, &replies, circumstances)
                }
                return relay.use(found, &client.statements, &server, &replies, &counters, circumstances)
            case .query:
                return relay.query(
                    range, isWhole: true, &client.statements, &server, &replies, &counters, circumstances)
            case .execute:
                return relay.execute(range, isWhole: true, &client.statements, &replies)
            case .describePortal, .sync, .functionCall, .copyEnd:
                return .passOn
            }
        }

        /// Gives the client what we make up.
        mutating func flushed(_ client: inout Client) {
            while let request = replies.takeMadeUp() { client.got.append(WireMessage(request == .parse ? "1" : "3")) }
        }

        /// The server executes one message, and its answers come.
        mutating func step(_ client: inout Client) throws {
            guard !inFlight.isEmpty else { return }
            for answer in session.receive(inFlight.removeFirst()) {
                flushed(&client)
                let effect = replies.next?.effect ?? .none
                let owed = replies.count
                let delivery = replies.replyReceived(BackendMessageType(rawValue: answer.type.asciiValue ?? 0))
                try #require(delivery != .violation)
                if !replies.undone.isEmpty { relay.takeBack(&client.statements, &server, &replies) }
                if answer.type == "E" {
                    client.got.append(told(answer, effect, owed))
                } else if delivery == .forward {
                    client.got.append(answer)
                }
                flushed(&client)
            }
            switch client.statements.pause {
            case .none, .pin: break
            case .earlierBatches: if replies.isCertainOfEarlierBatches { client.statements.pause = .none }
            case .allAnswers: if replies.isEmpty { client.statements.pause = .none }
            }
        }

        private mutating func told(_ error: WireMessage, _ effect: StatementEffect, _ owed: Int) -> WireMessage {
            let treatment = unsafe error.body.withUnsafeBytes { raw in
                relay.errorReceived(
                    unsafe RawSpan(_unsafeBytes: raw), for: .init(effect: effect, requestCount: owed), &server, &replies
                )
            }
            switch treatment {
            case .forward, .repeatBatch, .withhold: return error
            case .replace(let bytes): return messages(in: bytes)[0]
            }
        }
    }

    @Test(arguments: 0..<300)
    func `late answers change nothing`(seed: Int) throws {
        var generator = Dice(seed: seed)
        let table = StatementTable(numbers: StatementNumbers())
        var play = Play(limit: [1, 2, 3, 50].randomElement(using: &generator) ?? 1, table: table)
        var clients = [Client(), Client(), Client()]
        for _ in 0..<30 {
            let index = Int.random(in: 0..<3, using: &generator)
            var waiting = Self.pipeline(&generator)
            for message in waiting { clients[index].expected += clients[index].own.receive(message) }
            let eagerness = Int.random(in: 1..<10, using: &generator)
            var idleRounds = 0
            while !waiting.isEmpty || !play.inFlight.isEmpty || !play.replies.isSettled {
                if !waiting.isEmpty, Int.random(in: 0..<10, using: &generator) < eagerness {
                    if play.send(waiting[0], &clients[index], id: UInt64(index)) { waiting.removeFirst() }
                }
                if Int.random(in: 0..<10, using: &generator) >= eagerness || waiting.isEmpty {
                    try play.step(&clients[index])
                }
                idleRounds += 1
                try #require(idleRounds < 10_000, "seed \(seed): nothing moves")
            }
            try #require(clients[index].got == clients[index].expected, "seed \(seed)")
            try #require(play.server.count <= max(play.limit, 1))
            try Self.expectTrueBooks(play, clients)
            clients[index].got = []
            clients[index].expected = []
        }
        clients = []
        play.server = ServerStatements()
        #expect(table.count == 0)
    }

    /// Between batches, the server's book is what the server holds.
    private static func expectTrueBooks(_ play: borrowing Play, _ clients: [Client]) throws {
        var names = Set(play.server.copies.map(\.name))
        if play.server.hasGuard { names.insert(ServerStatements.guardName) }
        if play.server.unnamed != nil { names.insert([]) }
        try #require(names == Set(play.session.statements.keys))
        for copy in play.server.copies {
            let text = play.session.statements[copy.name].map { Array($0.utf8) }
            try #require(text == copy.statement.definition.dropLast(3))
        }
        for client in clients {
            for (name, text) in client.own.statements where !name.isEmpty {
                try #require(client.statements[name]?.statement.definition.dropLast(3) == Array(text.utf8)[...])
            }
            try #require(client.statements.count == client.own.statements.keys.count { !$0.isEmpty })
        }
    }

    private static func pipeline(_ generator: inout Dice) -> [WireMessage] {
        let names = ["", "a", "b", "c", "PGBOUNCER_1"]
        let texts = ["ok 1", "ok 2", "ok 3", "fail", "bad"]
        var messages: [WireMessage] = []
        for _ in 0...Int.random(in: 0..<4, using: &generator) {
            for _ in 0...Int.random(in: 0..<8, using: &generator) {
                let name = names.randomElement(using: &generator) ?? ""
                switch Int.random(in: 0..<9, using: &generator) {
                case 0...2: messages.append(.parse(name, texts.randomElement(using: &generator) ?? ""))
                case 3...4: messages += [.bind(name), .execute()]
                case 5: messages.append(WireMessage("D", [0x53], cString(name)))
                case 6: messages.append(WireMessage("C", [0x53], cString(name)))
                case 7: messages.append(.flush)
                case _: messages += [.parse("", "ok 4"), .bind(""), .execute()]
                }
            }
            messages.append(.sync)
            if Int.random(in: 0..<5, using: &generator) == 0 { messages.append(.query("select 1")) }
        }
        return messages
    }

}

/// Takes a run of bytes apart into messages.
private func messages(in bytes: [UInt8]) -> [WireMessage] {
    var result: [WireMessage] = []
    var rest = bytes[...]
    while rest.count >= 5, let type = rest.first {
        let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
        result.append(WireMessage(Character(UnicodeScalar(type)), Array(rest.dropFirst(5).prefix(length - 4))))
        rest = rest.dropFirst(length + 1)
    }
    return result
}
