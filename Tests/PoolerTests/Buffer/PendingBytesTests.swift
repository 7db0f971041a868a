import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct PendingBytesTests {
    /// How much of blocks is in use, by how many bytes they have room for.
    private static let block = BlockHead.room(in: .large)
    private static let small = BlockHead.room(in: .small)
    private static let blockSize = BlockPool.Size.large.rawValue
    private static let smallSize = BlockPool.Size.small.rawValue

    /// What the bytes are, run by run.
    private static func runs(of pending: borrowing PendingBytes) -> [[UInt8]] {
        var runs: [[UInt8]] = []
        pending.forEachRun { runs.append($0.array()) }
        return runs
    }

    private static func front(of pending: borrowing PendingBytes) -> [UInt8] {
        pending.withFront { $0.array() }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `Bytes come out in the order in which they went in`(_ seed: UInt64) {
        var random = Dice(seed: seed)
        let pool = BlockPool()
        var pending = PendingBytes()
        var model: [UInt8] = []
        for step in 0..<300 {
            switch Int.random(in: 0...19, using: &random) {
            case 0...9:
                let sizes = [
                    0, 1, 5, 100, Self.small - 1, Self.small, Self.small + 1, Self.block - 1, Self.block,
                    Self.block + 1, 2 * Self.block + 7,
                ]
                let size = sizes.randomElement(using: &random) ?? 0
                let bytes = pattern(size, from: step)
                bytes.withSpan { pending.append($0, from: pool) }
                model += bytes
            case 10...14 where !pending.isEmpty:
                let count = Int.random(in: 0...Self.front(of: pending).count, using: &random)
                pending.dropFront(count, to: pool)
                model.removeFirst(count)
            case 15...18 where !pending.isEmpty:
                let count = Self.front(of: pending).count
                pending.dropFront(count, to: pool)
                model.removeFirst(count)
            case 19:
                pending.removeAll(to: pool)
                model = []
            default:
                break
            }
            let (count, isEmpty) = (pending.count, pending.isEmpty)
            #expect(count == model.count && isEmpty == model.isEmpty)
            let runs = Self.runs(of: pending)
            let large = runs.count * Self.blockSize
            #expect([large, large - Self.blockSize + Self.smallSize].contains(pool.bytesInUse))
            #expect(runs.allSatisfy { !$0.isEmpty })
            #expect(Self.front(of: pending) == runs.first ?? [])
            if step % 8 == 0 { #expect(runs.reduce(into: []) { $0.append(contentsOf: $1) } == model) }
        }
        pending.removeAll(to: pool)
        #expect(pool.bytesInUse == 0)
    }

    @Test func `A short query takes a small block, and goes on into large ones`() {
        let pool = BlockPool()
        var pending = PendingBytes()
        [1, 2, 3].withSpan { pending.append($0, from: pool) }
        #expect(pool.bytesInUse == Self.smallSize)
        let more = pattern(Self.small)
        more.withSpan { pending.append($0, from: pool) }
        #expect(pool.bytesInUse == Self.smallSize + Self.blockSize)
        #expect(Self.runs(of: pending).flatMap(\.self) == [1, 2, 3] + more)
        pending.dropFront(Self.small, to: pool)
        #expect(pool.bytesInUse == Self.blockSize)
        #expect(Self.front(of: pending) == Array(more.suffix(3)))
        pending.removeAll(to: pool)
        #expect(pool.bytesInUse == 0 && pool.bytesFree == Self.smallSize + Self.blockSize)
    }

    @Test func `Emptied by dropping, it owns no block`() {
        let pool = BlockPool()
        var pending = PendingBytes()
        let bytes = pattern(3 * Self.block)
        bytes.withSpan { pending.append($0, from: pool) }
        #expect(pool.bytesInUse == 3 * Self.blockSize)
        for left in [2, 1, 0] {
            pending.dropFront(Self.block, to: pool)
            #expect(pool.bytesInUse == left * Self.blockSize)
        }
        let isEmpty = pending.isEmpty
        #expect(isEmpty && Self.front(of: pending) == [])
        #expect(pool.bytesFree == 3 * Self.blockSize)
    }

    @Test func `Empty, it takes no more room than a pointer`() {
        #expect(MemoryLayout<PendingBytes>.size == MemoryLayout<Int>.size)
    }

    @Test func `Blocks are used again, and only so many are kept`() {
        let pool = BlockPool()
        var pending = PendingBytes()
        let bytes = pattern(300 * Self.block)
        bytes.withSpan { pending.append($0, from: pool) }
        pending.removeAll(to: pool)
        #expect(pool.bytesInUse == 0 && pool.bytesFree == 256 * Self.blockSize)
        [1, 2, 3].withSpan { pending.append($0, from: pool) }
        #expect(pool.bytesInUse == Self.smallSize && pool.bytesFree == 256 * Self.blockSize)
        #expect(Self.front(of: pending) == [1, 2, 3])
        pending.removeAll(to: pool)
    }
}
