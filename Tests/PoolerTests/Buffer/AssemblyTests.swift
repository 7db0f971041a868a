import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct AssemblyTests {
    /// A scratch block full of a pattern.
    private static let content = pattern(Scratch().capacity)

    private static func scratch() -> Scratch {
        let scratch = Scratch()
        content.withSpan { scratch.place($0, at: 0) }
        return scratch
    }

    @Test func `One run is not copied`() {
        let scratch = Self.scratch()
        let assembly = Assembly()
        assembly.forward(10..<15, of: scratch)
        assembly.forward(15..<40, of: scratch)
        assembly.forward(40..<40, of: scratch)
        #expect(!assembly.isCopied && assembly.direct == 10..<40 && assembly.count == 30)
        #expect(assembly.withBytes(in: scratch) { $0.array() } == Array(Self.content[10..<40]))
    }

    @Test func `A gap makes one piece of what lies on both its sides`() {
        let scratch = Self.scratch()
        let assembly = Assembly()
        assembly.forward(0..<5, of: scratch)
        assembly.forward(10..<15, of: scratch)
        #expect(assembly.isCopied)
        #expect(assembly.withBytes(in: scratch) { $0.array() } == Array(Self.content[0..<5] + Self.content[10..<15]))
        assembly.clear()
        #expect(assembly.isEmpty && !assembly.isCopied && assembly.count == 0)
    }

    @Test func `Nothing inserted is still nothing`() {
        let scratch = Self.scratch()
        let assembly = Assembly()
        assembly.insert([], beside: scratch)
        #expect(assembly.isEmpty && assembly.count == 0)
        assembly.forward(3..<6, of: scratch)
        #expect(assembly.withBytes(in: scratch) { $0.array() } == Array(Self.content[3..<6]))
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `Any mix of forwarding, leaving out and putting in gives the same bytes`(_ seed: UInt64) {
        var random = Dice(seed: seed)
        let scratch = Self.scratch()
        let assembly = Assembly()
        for _ in 0..<200 {
            var expected: [UInt8] = []
            var cursor = Int.random(in: 0..<100, using: &random)
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let length = Int.random(in: 0...300, using: &random)
                switch Int.random(in: 0...9, using: &random) {
                case 0...5:
                    assembly.forward(cursor..<cursor + length, of: scratch)
                    expected += Self.content[cursor..<cursor + length]
                    cursor += length
                case 6, 7:
                    cursor += length
                case 8:
                    let bytes = pattern(length % 20, from: cursor)
                    assembly.insert(bytes, beside: scratch)
                    expected += bytes
                default:
                    let bytes = pattern(length % 20, from: cursor)
                    bytes.withSpan { assembly.insert($0, beside: scratch) }
                    expected += bytes
                }
            }
            #expect(assembly.count == expected.count && assembly.isEmpty == expected.isEmpty)
            #expect(assembly.withBytes(in: scratch) { $0.array() } == expected)
            assembly.clear()
        }
    }

    @Test func `More than a scratch block can be gathered, and the room is given back`() {
        let scratch = Self.scratch()
        let assembly = Assembly()
        for _ in 0..<5 { assembly.insert(Self.content, beside: scratch) }
        #expect(assembly.count == 5 * Scratch().capacity)
        assembly.clear()
        assembly.forward(0..<1, of: scratch)
        #expect(!assembly.isCopied && assembly.count == 1)
    }
}
