import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct CancelKeyTableTests {
    /// Secrets from a narrow range, so that many are alike, stand close together, or meet at the end of the table.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `Random use agrees with a dictionary`(_ seed: UInt64) {
        var random = Dice(seed: seed)
        var table = CancelKeyTable()
        var model: [CancelKey: UInt32] = [:]
        func find(_ key: CancelKey) -> UInt32? {
            table.slot(for: key) { slot in model[key] == slot }
        }
        let range: ClosedRange<UInt32> = seed % 2 == 0 ? 0...40 : 0...4000
        for slot in 0..<3000 as Range<UInt32> {
            let key = CancelKey(
                process: .random(in: 0...3, using: &random), secret: .max - .random(in: range, using: &random) * 3)
            switch Int.random(in: 0...9, using: &random) {
            case 0...5 where model[key] == nil:
                table.insert(key, slot: slot)
                model[key] = slot
            case 6...9:
                guard let (key, slot) = model.randomElement(using: &random) else { continue }
                table.remove(key, slot: slot)
                model[key] = nil
            default:
                table.remove(key, slot: slot + 1_000_000)
            }
            #expect(table.count == model.count)
            #expect(find(key) == model[key])
            if slot % 50 == 0 { for (key, slot) in model { #expect(find(key) == slot) } }
        }
        for (key, slot) in model { table.remove(key, slot: slot) }
        #expect(table.count == 0)
    }

    @Test func `Clients with the same secret are told apart by who is meant`() {
        var table = CancelKeyTable()
        for slot in 0..<100 as Range<UInt32> { table.insert(CancelKey(process: slot, secret: 7), slot: slot) }
        for slot in 0..<100 as Range<UInt32> {
            #expect(table.slot(for: CancelKey(process: slot, secret: 7)) { $0 == slot } == slot)
        }
        #expect(table.slot(for: CancelKey(process: 0, secret: 7)) { _ in false } == nil)
        #expect(table.slot(for: CancelKey(process: 0, secret: 8)) { _ in true } == nil)
    }

    @Test func `Empty, it finds nobody`() {
        var table = CancelKeyTable()
        let key = CancelKey(process: 1, secret: 2)
        #expect(table.slot(for: key) { _ in true } == nil)
        table.remove(key, slot: 0)
        #expect(table.count == 0)
    }
}
