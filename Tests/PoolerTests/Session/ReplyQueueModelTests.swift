import PoolerTestSupport
import Testing

@testable import Pooler

/// A client, a `ReplyQueue` and a model of Postgres, with bytes on their way in both directions.
private struct Play: ~Copyable {
    typealias Message = PostgresModel.Message

    /// A message on its way to the server.
    struct Sent {
        let message: Message
        let recipient: ReplyQueue.Recipient
        let number: Int
    }

    /// A message on its way back, with the number of the one that it answers.
    struct Answer {
        let type: BackendMessageType
        let recipient: ReplyQueue.Recipient
        let number: Int
    }

    /// Where the client stands with its COPY.
    enum Copy {
        case none
        /// Waits for the outcome of requests from a number on.
        case asked(isExtended: Bool, from: Int)
        case running(isExtended: Bool)
    }

    var random: Dice
    var queue = ReplyQueue()
    var postgres = PostgresModel()
    var toServer: [Sent] = []
    var toPooler: [Answer] = []
    var copy = Copy.none
    var sentCount = 0
    var settledMoments = 0
    /// Whether the queue goes to another process now and then.
    let moves: Bool

    init(seed: UInt64, moves: Bool = false) {
        random = Dice(seed: seed)
        self.moves = moves
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            switch Int.random(in: 0...9, using: &random) {
            case 0...2: clientActs()
            case 3...5: serverReads()
            default: poolerReads()
            }
            if moves, chance(5) { queue = moved(queue) }
            checkSettled()
        }
        finish()
    }

    /// The client ends what it has begun, and everything is answered.
    private mutating func finish() {
        for _ in 0..<200 {
            while !toServer.isEmpty || !toPooler.isEmpty {
                serverReads()
                poolerReads()
                checkSettled()
            }
            if case .none = copy {
            } else {
                clientActs()
                continue
            }
            if queue.isSettled { break }
            send(.request(.sync, .success))
        }
        let isSettled = queue.isSettled && queue.isEmpty
        #expect(isSettled && postgres.isSettled)
    }

    private mutating func checkSettled() {
        if queue.isSettled { settledMoments += 1 }
        if toServer.isEmpty && toPooler.isEmpty {
            let isSettled = queue.isSettled
            #expect(isSettled == postgres.isSettled)
        } else if queue.isSettled {
            // Then nothing on its way may ask for or hold an answer.
            #expect(postgres.isSettled)
            #expect(!toServer.contains { postgres.answers($0.message) })
            #expect(toPooler.allSatisfy { Self.asynchronous.contains($0.type) })
        }
    }

    private static let asynchronous: [BackendMessageType] = [.noticeResponse, .parameterStatus, .notificationResponse]

    private mutating func send(_ message: Message, for recipient: ReplyQueue.Recipient = .client) {
        if case .request(let request, _) = message { queue.requestSent(request, for: recipient) }
        toServer.append(Sent(message: message, recipient: recipient, number: sentCount))
        sentCount += 1
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func clientActs() {
        switch copy {
        case .none: sendRequest()
        case .asked: break
        case .running(let isExtended): sendCopy(isExtended: isExtended)
        }
    }

    private mutating func sendCopy(isExtended: Bool) {
        switch Int.random(in: 0...5, using: &random) {
        case 0...2: send(.copyData(isBad: chance(8)))
        case 3 where !isExtended && chance(2): send(.flush)
        default:
            send(.request(.copyEnd, chance(4) ? .error : .success))
            // A simple query may go on with another COPY: what comes next shows.
            copy = isExtended ? .none : .asked(isExtended: false, from: 0)
            if isExtended { send(.request(.sync, .success)) }
        }
    }

    private mutating func sendRequest() {
        let outcomes: [PostgresModel.Outcome] = [.success, .success, .error, .copyOut, .empty, .suspended]
        let outcome = outcomes.randomElement(using: &random) ?? .success
        switch Int.random(in: 0...19, using: &random) {
        case 0...2:
            send(.request(.query, outcome))
        case 3: send(.request(.functionCall, outcome))
        case 4 where queue.isSettled && postgres.isSettled && toServer.isEmpty && toPooler.isEmpty:
            send(.request(.query, chance(3) ? .error : .success), for: .pooler)
        case 5:
            copy = .asked(isExtended: false, from: sentCount + 1)
            send(.request(.sync, .success))
            send(.request(.query, chance(5) ? .error : .copyIn(count: Int.random(in: 1...3, using: &random))))
        case 6:
            copy = .asked(isExtended: true, from: sentCount + 1)
            send(.request(.sync, .success))
            sendStatement(chance(5) ? .error : .copyIn(count: 1))
            if chance(2) { send(.request(.sync, .success)) }
        case 7: sendWholeCopy()
        case 8...10: send(.request(.sync, chance(8) ? .error : .success))
        case 11: send(.flush)
        case 12: send(.request(.copyEnd, .success))
        case 13: send(.copyData(isBad: false))
        default:
            let kinds: [ReplyQueue.Request] = [
                .parse, .bind, .describeStatement, .describePortal, .close, .execute, .execute,
            ]
            send(.request(kinds.randomElement(using: &random) ?? .parse, outcome))
        }
    }

    /// A copy whose data is sent without waiting for the server to ask for it.
    private mutating func sendWholeCopy() {
        let isExtended = Bool.random(using: &random)
        if isExtended {
            sendStatement(chance(3) ? .error : .copyIn(count: 1))
        } else {
            send(.request(.query, chance(3) ? .error : .copyIn(count: 1)))
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) { send(.copyData(isBad: chance(8))) }
        send(.request(.copyEnd, chance(4) ? .error : .success))
        if isExtended { send(.request(.sync, .success)) }
    }

    private mutating func sendStatement(_ outcome: PostgresModel.Outcome) {
        send(.request(.parse, chance(10) ? .error : .success))
        send(.request(.bind, chance(10) ? .error : .success))
        send(.request(.execute, outcome))
    }

    private mutating func serverReads() {
        guard !toServer.isEmpty else { return }
        let sent = toServer.removeFirst()
        if chance(15), let type = Self.asynchronous.randomElement(using: &random) {
            toPooler.append(Answer(type: type, recipient: sent.recipient, number: sent.number))
        }
        for type in postgres.read(sent.message) {
            toPooler.append(Answer(type: type, recipient: sent.recipient, number: sent.number))
        }
    }

    private mutating func poolerReads() {
        guard !toPooler.isEmpty else { return }
        let answer = toPooler.removeFirst()
        let delivery = queue.replyReceived(answer.type)
        switch (answer.recipient, answer.type) {
        case (_, let type) where Self.asynchronous.contains(type): #expect(delivery != .violation)
        case (.client, _): #expect(delivery == .forward, "\(answer.type)")
        case (.pooler, .errorResponse): #expect(delivery == .swallowFailure)
        case (.pooler, _): #expect(delivery == .swallow)
        case (.madeUp, _): Issue.record("the model makes nothing up")
        }
        if answer.recipient == .client { clientReads(answer) }
    }

    private mutating func clientReads(_ answer: Answer) {
        switch (copy, answer.type) {
        case (.asked(let isExtended, let number), .copyInResponse) where answer.number >= number:
            copy = .running(isExtended: isExtended)
        case (.asked(true, let number), .errorResponse) where answer.number >= number:
            copy = .none
            send(.request(.sync, .success))
        case (.asked(false, let number), .readyForQuery) where answer.number >= number:
            copy = .none
        case (.running(true), .errorResponse):
            // As libpq: the end of the data is sent all the same, and Sync with it.
            copy = .none
            send(.request(.copyEnd, .success))
            send(.request(.sync, .success))
        case (.running(false), .errorResponse):
            copy = .asked(isExtended: false, from: 0)
        default:
            break
        }
    }
}

@Suite struct ReplyQueueModelTests {
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `The books agree with what a Postgres owes, whatever is sent`(_ seed: UInt64) {
        var play = Play(seed: seed)
        play.run(steps: 1200)
        #expect(play.settledMoments > 10)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `They agree when they go from process to process, too`(_ seed: UInt64) {
        var play = Play(seed: seed, moves: true)
        play.run(steps: 1200)
        #expect(play.settledMoments > 10)
    }
}

/// The queue as another process would have it.
private func moved(_ queue: borrowing ReplyQueue) -> ReplyQueue {
    var statements = StatementRecorder()
    var names = NameRecorder()
    do {
        let record = try ReplyQueueRecord(decoding: try statements.record(queue, &names).encoded())
        let table = StatementTable(numbers: StatementNumbers())
        let restorer = StatementRestorer(statements.records, among: table)
        return restorer.replies(record, restorer.names(names.records))
    } catch {
        Issue.record("\(error)")
        return ReplyQueue()
    }
}
