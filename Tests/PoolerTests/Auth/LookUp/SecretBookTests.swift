import Testing

@testable import Pooler

@Suite struct SecretBookTests {
    private static let start = Instant(nanoseconds: 1_000_000_000_000)
    private static let found = SecretQuery.Outcome.found(KnownUser(secret: .plain("a"), validFor: nil))

    private static func key(_ user: String = "bob") -> SecretBook.Key {
        SecretBook.Key(database: "app", authUser: "auth", sql: "select", user: user)
    }

    private static func waiter(_ number: UInt32, worker: Int = 0) -> SecretBook.Waiter {
        SecretBook.Waiter(worker: worker, client: Token(slot: number, generation: 0))
    }

    @Test func `The first asks, the others wait, all hear`() {
        let book = SecretBook()
        #expect(book.find(Self.key(), for: Self.waiter(1), now: Self.start) == .ask)
        #expect(book.find(Self.key(), for: Self.waiter(2), now: Self.start) == .wait)
        #expect(book.find(Self.key(), for: Self.waiter(1, worker: 1), now: Self.start) == .wait)
        #expect(book.find(Self.key("alice"), for: Self.waiter(3), now: Self.start) == .ask)
        let waiters = book.answered(Self.key(), Self.found, keepFor: .zero, askedIn: book.epoch, now: Self.start)
        #expect(Set(waiters) == [Self.waiter(1), Self.waiter(2), Self.waiter(1, worker: 1)])
        // Nothing was kept.
        #expect(book.find(Self.key(), for: Self.waiter(1), now: Self.start) == .ask)
    }

    @Test func `What is kept ends with its time, and with the user's`() {
        let book = SecretBook()
        let mortal = SecretQuery.Outcome.found(KnownUser(secret: .plain("a"), validFor: .seconds(5)))
        for (user, outcome) in [("bob", Self.found), ("alice", mortal)] {
            _ = book.find(Self.key(user), for: Self.waiter(1), now: Self.start)
            _ = book.answered(Self.key(user), outcome, keepFor: .seconds(10), askedIn: book.epoch, now: Self.start)
        }
        let later = Self.start + .seconds(5)
        #expect(book.find(Self.key(), for: Self.waiter(1), now: later) == .known(Self.found))
        #expect(book.find(Self.key("alice"), for: Self.waiter(1), now: Self.start) == .known(mortal))
        #expect(book.find(Self.key("alice"), for: Self.waiter(1), now: later) == .known(.unknown))
        #expect(book.find(Self.key(), for: Self.waiter(1), now: Self.start + .seconds(10)) == .ask)
    }

    @Test(arguments: [SecretQuery.Outcome.unknown, .failed("x")])
    func `Strangers and failures are not kept`(_ outcome: SecretQuery.Outcome) {
        let book = SecretBook()
        _ = book.find(Self.key(), for: Self.waiter(1), now: Self.start)
        _ = book.answered(Self.key(), outcome, keepFor: .seconds(10), askedIn: book.epoch, now: Self.start)
        #expect(book.find(Self.key(), for: Self.waiter(1), now: Self.start) == .ask)
    }

    @Test func `What was asked before all was forgotten is not kept`() {
        let book = SecretBook()
        let epoch = book.epoch
        _ = book.find(Self.key(), for: Self.waiter(1), now: Self.start)
        book.forget()
        _ = book.answered(Self.key(), Self.found, keepFor: .seconds(10), askedIn: epoch, now: Self.start)
        #expect(book.find(Self.key(), for: Self.waiter(1), now: Self.start) == .ask)
        _ = book.answered(Self.key(), Self.found, keepFor: .seconds(10), askedIn: book.epoch, now: Self.start)
        book.forget(user: "alice")
        #expect(book.find(Self.key(), for: Self.waiter(1), now: Self.start) == .known(Self.found))
        book.forget(user: "bob")
        #expect(book.find(Self.key(), for: Self.waiter(1), now: Self.start) == .ask)
    }

    @Test func `A question that nobody waits for is withdrawn`() {
        let book = SecretBook()
        _ = book.find(Self.key(), for: Self.waiter(1, worker: 3), now: Self.start)
        _ = book.find(Self.key(), for: Self.waiter(2), now: Self.start)
        #expect(book.leave(Self.key(), Self.waiter(9)) == nil)
        #expect(book.leave(Self.key(), Self.waiter(1, worker: 3)) == nil)
        #expect(!book.withdraw(Self.key()))
        #expect(book.leave(Self.key(), Self.waiter(2)) == 3)
        // Somebody came in between.
        _ = book.find(Self.key(), for: Self.waiter(4), now: Self.start)
        #expect(!book.withdraw(Self.key()))
        #expect(book.leave(Self.key(), Self.waiter(4)) == 3)
        #expect(book.withdraw(Self.key()))
        #expect(book.find(Self.key(), for: Self.waiter(5), now: Self.start) == .ask)
    }
}
