import Testing

@testable import Pooler

@Suite struct OpenTableTests {
    @Test(arguments: [3, 7, 1000]) func `it holds what a dictionary would hold`(hashes: Int) {
        var table = OpenTable<(key: Int, value: Int)>()
        var model: [Int: Int] = [:]
        for step in 0..<20_000 {
            let key = Int.random(in: 0..<60)
            // Few hashes, so that many keys collide; some are negative.
            let hash = (key % hashes) - hashes / 2
            if let value = model[key] {
                #expect(table.first(hash: hash) { $0.key == key }?.value == value)
                if Bool.random() {
                    #expect(table.replace(hash: hash, with: (key, step)) { $0.key == key })
                    model[key] = step
                } else if Bool.random() {
                    #expect(table.remove(hash: hash) { $0.key == key })
                    model[key] = nil
                }
            } else {
                #expect(table.first(hash: hash) { $0.key == key } == nil)
                #expect(!table.remove(hash: hash) { $0.key == key })
                #expect(!table.replace(hash: hash, with: (key, step)) { $0.key == key })
                table.insert((key, step), hash: hash)
                model[key] = step
            }
            #expect(table.count == model.count)
        }
    }
}
