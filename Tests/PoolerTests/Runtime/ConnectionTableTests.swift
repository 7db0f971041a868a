import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct ConnectionTableTests {
    @Test func `A token finds what was registered under it, until that is removed`() {
        var table = ConnectionTable<String>()
        let token = table.reserve()
        #expect(table[token] == nil && table.count == 1)
        table.fill(token, "first")
        #expect(table[token] == "first" && table.registration(inSlot: token.slot) == "first")
        table.remove(token)
        #expect(table[token] == nil && table.registration(inSlot: token.slot) == nil)
        #expect(table.count == 0 && table.freeCount == 1)
    }

    @Test func `A stale token finds nobody in a slot that is used again`() {
        var table = ConnectionTable<String>()
        let stale = table.reserve()
        table.fill(stale, "old")
        table.remove(stale)
        let fresh = table.reserve()
        #expect(fresh.slot == stale.slot && fresh != stale)
        table.fill(fresh, "new")
        #expect(table[stale] == nil && table[fresh] == "new")
        // Removing by the stale token harms nobody either.
        table.remove(stale)
        #expect(table[fresh] == "new" && table.count == 1)
    }

    @Test func `A token that the table never gave out finds nobody`() {
        var table = ConnectionTable<String>()
        table.fill(table.reserve(), "only")
        for token in [Token(slot: 1, generation: 0), Token(slot: .max, generation: 0), Token(slot: 0, generation: 1)] {
            #expect(table[token] == nil)
            table.remove(token)
        }
        #expect(table.registration(inSlot: .max) == nil)
        #expect(Array(table.all) == ["only"])
    }

    @Test func `A token survives epoll's 64 bits`() {
        for token in [
            Token(slot: 0, generation: 0), Token(slot: .max, generation: 1), Token(slot: 7, generation: .max),
        ] { #expect(Token(token.bits) == token) }
    }

    @Test func `Random use agrees with a dictionary`() {
        var random = Dice(seed: 4)
        var table = ConnectionTable<Int>()
        var model: [Token: Int] = [:]
        var stale: [Token] = []
        for number in 0..<4000 {
            if Bool.random(using: &random) || model.isEmpty {
                let token = table.reserve()
                #expect(model[token] == nil && !stale.contains(token))
                table.fill(token, number)
                model[token] = number
            } else if let token = model.keys.randomElement(using: &random) {
                table.remove(token)
                model[token] = nil
                if stale.count < 50 { stale.append(token) }
            }
            #expect(table.count == model.count)
        }
        for (token, number) in model { #expect(table[token] == number) }
        for token in stale { #expect(table[token] == nil) }
        #expect(Set(table.all) == Set(model.values))
    }
}
