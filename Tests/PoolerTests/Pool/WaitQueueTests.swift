import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct WaitQueueTests {
    @Test func `First come, first served`() {
        var queue = WaitQueue()
        let tickets = (0..<3).map { queue.join(Token(number: $0), since: .at(.seconds($0))) }
        #expect(queue.count == 3 && queue.first?.client == Token(number: 0) && queue.first?.since == .at(.zero))
        let hasLeft = queue.leave(tickets[1])
        #expect(hasLeft)
        #expect(queue.waiters.map(\.client) == [Token(number: 0), Token(number: 2)])
        #expect(queue.popFirst()?.ticket == tickets[0])
        #expect(queue.first?.ticket == tickets[2])
        #expect(queue.popFirst()?.ticket == tickets[2])
        #expect(queue.popFirst() == nil && queue.isEmpty && queue.first == nil)
    }

    @Test func `A place is given up once`() throws {
        var queue = WaitQueue()
        let ticket = queue.join(Token(number: 0), since: .at(.zero))
        _ = queue.join(Token(number: 1), since: .at(.zero))
        let answers = [queue.leave(ticket), queue.leave(ticket)]
        #expect(answers == [true, false] && queue.count == 1)
        let first = queue.popFirst()
        let last = try #require(first).ticket
        let wasStillThere = queue.leave(last)
        #expect(!wasStillThere && queue.count == 0)
    }

    @Test func `However long the first one waits, those who come and go leave no trace`() {
        var queue = WaitQueue()
        _ = queue.join(Token(number: 0), since: .at(.zero))
        for number in 1...20_000 {
            let ticket = queue.join(Token(number: number), since: .at(.zero))
            if number % 1000 != 0 { queue.leave(ticket) }
            #expect(queue.placeCount <= 2 * queue.count + 33)
        }
        #expect(queue.count == 21)
        #expect(queue.waiters.map(\.client.slot) == stride(from: 0, through: 20_000, by: 1000).map { UInt32($0) })
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `Random use agrees with a list`(_ seed: UInt64) {
        var random = Dice(seed: seed)
        var queue = WaitQueue()
        var model: [WaitQueue.Waiter] = []
        var gone: [WaitQueue.Ticket] = []
        for number in 0..<3000 {
            switch Int.random(in: 0...9, using: &random) {
            case 0...4:
                let since = Instant.at(.milliseconds(number))
                let ticket = queue.join(Token(number: number), since: since)
                model.append(WaitQueue.Waiter(ticket: ticket, client: Token(number: number), since: since))
            case 5...7:
                guard let index = model.indices.randomElement(using: &random) else { continue }
                let ticket = model.remove(at: index).ticket
                let hasLeft = queue.leave(ticket)
                #expect(hasLeft)
                gone.append(ticket)
            case 8:
                guard let ticket = gone.randomElement(using: &random) else { continue }
                let hasLeft = queue.leave(ticket)
                #expect(!hasLeft)
            default:
                let first = model.isEmpty ? nil : model.removeFirst()
                #expect(queue.popFirst() == first)
                if let first { gone.append(first.ticket) }
            }
            #expect(queue.count == model.count && queue.first == model.first && queue.isEmpty == model.isEmpty)
            if number % 16 == 0 { #expect(Array(queue.waiters) == model) }
        }
    }
}
