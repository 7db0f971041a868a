import Testing

@testable import Pooler

@Suite struct AcceptPaceTests {
    @Test func `One at a time while nobody waits longer, and soon as many as a turn takes`() {
        var pace = AcceptPace()
        #expect([5, 7, 10].map { pace.limit(inTurn: $0) } == [1, 1, 1])
        #expect((20..<26).map { pace.limit(inTurn: $0) } == [1, 2, 4, 8, 8, 8])
        #expect(pace.limit(inTurn: 27) == 1)
        // Two listeners.
        #expect(pace.limit(inTurn: 27) == 2)
    }
}
