import Testing

@testable import Pooler

@Suite struct ReplyQueueTests {
    /// A step of a script, written as on the wire: `>Q` is sent by the client, `<Z` by the server, and `<Z!` ends with the
    /// books settled, `<Z?` without; `>>Q` is ours.
    private static func play(_ script: String) -> Play {
        var queue = ReplyQueue()
        var deliveries: [ReplyQueue.Delivery] = []
        for step in script.split(separator: " ") {
            let isOurs = step.hasPrefix(">>")
            let letters = step.drop { $0 == ">" || $0 == "<" }
            guard let letter = letters.first, let byte = letter.asciiValue else { continue }
            if step.hasPrefix(">") {
                queue.requestSent(request(letter), for: isOurs ? .pooler : .client)
            } else {
                deliveries.append(queue.replyReceived(BackendMessageType(rawValue: byte)))
            }
            let isSettled = queue.isSettled
            if letters.hasSuffix("!") { #expect(isSettled, "\(step) in \(script)") }
            if letters.hasSuffix("?") { #expect(!isSettled, "\(step) in \(script)") }
        }
        return Play(queue: queue, deliveries: deliveries)
    }

    private struct Play: ~Copyable {
        var queue: ReplyQueue
        let deliveries: [ReplyQueue.Delivery]
    }

    private static func request(_ letter: Character) -> ReplyQueue.Request {
        switch letter {
        case "Q": .query
        case "F": .functionCall
        case "P": .parse
        case "B": .bind
        case "D": .describeStatement
        case "d": .describePortal
        case "C": .close
        case "E": .execute
        case "S": .sync
        case "c": .copyEnd
        default: preconditionFailure("no request: \(letter)")
        }
    }

    @Test(
        arguments: [
            // Simple queries.
            ">Q? <T? <D? <C? <Z!", ">Q <I? <Z!", ">Q <T <D <E? <Z!", ">Q <C <C <T <C? <Z!", ">Q >Q <C <Z? <C <Z!",
            ">Q <H <d <c <C? <Z!", ">F? <V? <Z!", ">F <E <Z!",
            // Extended queries.
            ">P >B >d >E >S <1 <2 <T <D <C? <Z!", ">P >S <1? <Z!", ">P? <1? >S? <Z!",
            ">P >D >S <1 <t <n? <Z!", ">P >D >S <1 <t <T? <Z!", ">B >E >S <2 <s? <Z!", ">B >E >S <2 <I? <Z!",
            ">C >S <3? <Z!", ">S? <Z!", ">S >S <Z? <Z!",
            // Errors skip to Sync.
            ">P >B >E >S <E? <Z!", ">P >B >E <E? >S? <Z!", ">P <E? >B? >E? >S? <Z!",
            ">P >B >S >P >B >S <1 <E? <Z? <1 <2? <Z!",
            ">P <E >Q? >S? <Z!", ">P >Q <E? >S? <Z!", ">P >B >E >S <1 <2 <C <E? <Z!",
            // A simple query ends a pipeline.
            ">P <1? >Q? <C? <Z!", ">P >Q <1 <C? <Z!", ">P >Q >B <1 <C <Z? <2? >S <Z!",
            // COPY in the simple protocol.
            ">Q <G? >c? <C? <Z!", ">Q <G >c <E? <Z!", ">Q <G <E? <Z!", ">Q <G <E? >c? <Z!", ">Q <G <E <Z! >c!",
            ">Q >c <E? <Z!",
            ">Q >c <G <C? <Z!", ">Q <G >c <C <G? >c? <C? <Z!", ">Q >c >Q >c <E <Z? <G <C <Z!", ">Q <G >c <C <C? <Z!",
            // COPY in the extended protocol: Syncs before its end are ignored.
            ">P >B >E >S <1 <2 <G? >c? >S? <C? <Z!", ">P >B >E <1 <2 <G >S? >c >S <C? <Z!",
            ">P >B >E >c >S <1 <2 <G? <C? <Z!", ">P >B >E >S <1 <2 <E? <Z!", ">P >B >E >S >c >S <1 <2 <G? <C? <Z!",
            ">P >B >E >S >c >S <1 <2 <E? <Z? <Z!", ">P >B >E <1 <2 <G <E? >c? >S? <Z!",
            ">P >B >E >c >S <1 <2 <G <E? <Z!",
            ">E >c >E >S <G >c >S <C <G? <C? <Z!",
            // Nothing that is asked for.
            ">Q <N <S <A <C? <Z! <N! <S! <A! <E!", ">P <N <1 <S >S <A <Z!",
        ])
    func `A script ends settled, and the client gets every answer`(_ script: String) {
        let play = Self.play(script)
        #expect(play.deliveries.allSatisfy { $0 == .forward })
        let (isEmpty, count) = (play.queue.isEmpty, play.queue.count)
        #expect(isEmpty && count == 0)
    }

    @Test func `The answers to requests of ours are swallowed`() {
        let deliveries = Self.play(">>Q >Q <C? <Z? <T <C <Z!").deliveries
        #expect(deliveries == [.swallow, .swallow, .forward, .forward, .forward])
        let failed = Self.play(">>Q >Q <E? <Z? <T <C <Z!").deliveries
        #expect(failed == [.swallowFailure, .swallow, .forward, .forward, .forward])
        let pipeline = Self.play(">>Q >P >B >E >S <N <C <Z <1 <2 <C <Z!").deliveries
        #expect(pipeline == [.swallow, .swallow, .swallow] + [ReplyQueue.Delivery](repeating: .forward, count: 4))
    }

    @Test func `Whose answer is next is known`() {
        var queue = ReplyQueue()
        let none = queue.next
        #expect(none?.request == nil)
        queue.requestSent(.sync, for: .pooler)
        queue.requestSent(.query)
        let first = queue.next
        #expect(first?.request == .sync)
        _ = queue.replyReceived(.readyForQuery)
        let second = queue.next
        #expect(second?.request == .query)
    }

    @Test(
        arguments: [
            "<Z", "<C", "<T", "<1", "<G", "<R", "<K", ">Q <Z <Z", ">Q <C <Z <D", ">S <Z <Z", ">P <1 <Z", ">P >B <Z",
            ">E >S <Z", ">P <E <Z", ">Q <G >c <C <Z <C",
        ])
    func `What answers nothing is a violation`(_ script: String) {
        #expect(Self.play(script).deliveries.last == .violation)
    }

    @Test(
        arguments: [
            (">P >B >E >S <1 <2 <G <E", true), (">P >B >E >S <1 <2 <G >c >S <E <Z", true),
            (">P >B >E <1 <2 <G >S >c >S <E <Z", true), (">P >B >E >S <1 <2 <G >c >S <C <Z", false),
            (">P >B >E <1 <2 <G >c >S <E <Z", false), (">Q <G >c <E <Z", false), (">P >B >E >S <E <Z", false),
            (">P >B >E >S <1 <2 <G >c >S <C <Z >E <G <E >S <Z", false),
        ])
    func `A failed copy with an ignored Sync leaves its server uncertain`(_ script: String, _ isUncertain: Bool) {
        let isItUncertain = Self.play(script).queue.isUncertain
        #expect(isItUncertain == isUncertain)
    }

    @Test func `The Sync of a copy that failed early may be answered after all`() {
        // The copy fails before the server reads the Sync, by a timeout for instance.
        let play = Self.play(">P >B >E >S <1 <2 <G? <E? <Z!")
        let isUncertain = play.queue.isUncertain
        #expect(play.deliveries.allSatisfy { $0 == .forward } && isUncertain)
        let both = Self.play(">P >B >E >S <1 <2 <G >c >S <E? <Z! <Z!").deliveries
        #expect(both.allSatisfy { $0 == .forward })
    }

    @Test func `Everything can be forgotten`() {
        var play = Self.play(">P >B >E >S <1 <2 <G <E >Q >P")
        play.queue.removeAll()
        let isForgotten = play.queue.isSettled && play.queue.isEmpty && !play.queue.isUncertain
        #expect(isForgotten)
        play.queue.requestSent(.query)
        let delivery = play.queue.replyReceived(.readyForQuery)
        let isSettled = play.queue.isSettled
        #expect(delivery == .forward && isSettled)
    }
}
