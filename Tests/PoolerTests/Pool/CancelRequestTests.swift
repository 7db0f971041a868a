import Synchronization
import Testing

@testable import Pooler

@Suite struct CancelRequestTests {
    private static let key = CancelKey(process: 1, secret: 2)

    /// How a request ended, once it has.
    private final class Fate: Sendable {
        let value = Mutex<CancelRequest.Outcome?>(nil)
    }

    private static func request(_ fate: Fate) -> CancelRequest {
        CancelRequest(key) { outcome in fate.value.withLock { $0 = outcome } }
    }

    @Test(arguments: CancelRequest.Outcome.allCases)
    func `It has ended when the last one lets go of it`(outcome: CancelRequest.Outcome) {
        let fate = Fate()
        var holders: [CancelRequest] = [Self.request(fate)]
        holders.append(holders[0])
        if outcome != .noClient { holders[0].found(outcome) }
        holders.removeLast()
        #expect(fate.value.withLock { $0 } == nil)
        holders.removeLast()
        #expect(fate.value.withLock { $0 } == outcome)
    }

    @Test func `Those that wait come in turn, one that comes back first, and old ones are dropped`() {
        let fates = (0..<3).map { _ in Fate() }
        var waiting = WaitingCancels()
        let start = Instant.now()
        for (index, fate) in fates.enumerated() { waiting.append(Self.request(fate), at: start + .seconds(index)) }
        if let (first, since) = waiting.takeFirst() {
            #expect(since == start)
            waiting.returned(first, since: since)
        }
        waiting.drop(since: start + .seconds(1))
        #expect(waiting.count == 2)
        #expect(fates.map { $0.value.withLock { $0 } } == [.noClient, nil, nil])
        #expect(waiting.takeFirst()?.since == start + .seconds(1))
    }

    @Test func `Not any number of them is kept`() {
        var waiting = WaitingCancels()
        for _ in 0..<WaitingCancels.limit * 2 { waiting.append(Self.request(Fate()), at: .now()) }
        #expect(waiting.count == WaitingCancels.limit)
    }
}
