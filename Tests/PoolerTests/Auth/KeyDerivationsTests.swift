import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct KeyDerivationsTests {
    private typealias Told = PoolerTestSupport.Shared<[SCRAMDerivation.Outcome]>

    private static func derivation(_ password: String, iterations: Int = 10) -> SCRAMDerivation {
        SCRAMDerivation(password: Array(password.utf8), salt: [1, 2, 3], iterations: iterations)
    }

    private static func waiter(
        _ told: Told, isInterested: Bool = true
    ) -> KeyDerivations.Waiter {
        KeyDerivations.Waiter {
            isInterested
        } tell: { outcome in
            told.update { $0.append(outcome) }
        }
    }

    @Test func `Those who want the same wait for one derivation, and later ones for none`() throws {
        let derivations = KeyDerivations(width: 1)
        let context = try AuthenticationContext(key: AuthenticationKey(), derivations: derivations)
        let told = Told([])
        let work = Self.derivation("secret", iterations: 20_000)
        for _ in 0..<50 { #expect(context.derive(work, for: Self.waiter(told))) }
        try eventually { told.value.count == 50 }
        guard case .keys(let keys) = try #require(told.value.first) else {
            Issue.record("no keys")
            return
        }
        #expect(Set(told.value.map { $0 == .keys(keys) }) == [true])
        #expect(try context.knownKeys(work) == keys)
        // Another worker knows them too; another password does not.
        let other = try AuthenticationContext(key: AuthenticationKey(), derivations: derivations)
        #expect(try other.knownKeys(work) == nil, "under another key")
        #expect(try context.knownKeys(Self.derivation("Secret", iterations: 20_000)) == nil)
    }

    @Test func `A guess is not kept`() throws {
        let context = try AuthenticationContext(key: AuthenticationKey())
        guard case .keys(let right) = context.derived(Self.derivation("right")) else { return }
        var guess = Self.derivation("wrong")
        guess.expected = right.serverKey
        guard case .keys = context.derived(guess) else {
            Issue.record("no keys")
            return
        }
        #expect(try context.knownKeys(guess) == nil)
        #expect(try context.knownKeys(Self.derivation("right")) == right)
    }

    @Test func `Too many are told so, and who has left costs nothing`() throws {
        let derivations = KeyDerivations(width: 1, capacity: 1)
        let context = try AuthenticationContext(key: AuthenticationKey(), derivations: derivations)
        let (first, gone) = (Told([]), Told([]))
        #expect(context.derive(Self.derivation("a", iterations: 1_000_000), for: Self.waiter(first)))
        #expect(
            context.derive(
                Self.derivation("b", iterations: 1_000_000), for: Self.waiter(gone, isInterested: false)))
        #expect(!context.derive(Self.derivation("c"), for: Self.waiter(gone)))
        try eventually { first.value.count == 1 }
        try eventually { context.derive(Self.derivation("d"), for: Self.waiter(first)) }
        try eventually { first.value.count == 2 }
        #expect(gone.value.isEmpty)
        #expect(context.derived(Self.derivation("x", iterations: 1_000_001)) == .impossible)
    }
}
