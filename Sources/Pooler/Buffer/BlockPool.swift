/// The blocks in which a worker keeps bytes that could not move on: output that the kernel did not take, and what a
/// waiting client has already sent. Blocks are reused, last returned first (it is still in the cache).
@safe
final class BlockPool {
    /// 16 KiB: four hold what one receive can leave over, and a waiting client touches only the first page.
    static let blockSize = 16 * 1024
    /// Free blocks kept for reuse (4 MiB); more go back to the allocator.
    private static let keptBlocks = 256

    /// How many blocks hold something.
    private(set) var blocksInUse = 0
    private var free: [UnsafeMutableRawPointer] = unsafe []

    deinit {
        for unsafeblock in unsafe free { unsafe block.deallocate() }
    }

    /// How many free blocks are held for reuse.
    var freeBlocks: Int { unsafe free.count }

    fileprivate func take() -> UnsafeMutableRawPointer {
        blocksInUse += 1
        if let block = unsafe free.popLast() { return unsafe block }
        return .allocate(byteCount: Self.blockSize, alignment: 64)
    }

    fileprivate func giveBack(_ block: UnsafeMutableRawPointer) {
        blocksInUse -= 1
        if unsafe free.count < Self.keptBlocks {
            unsafe free.append(block)
        } else {
            unsafe block.deallocate()
        }
    }
}

/// Bytes in order, in blocks of a `BlockPool`; empty, it owns nothing.
///
///     block 0            block 1            block n
///     |gone|pending....| |pending........| |pending|free|
///          head                                    tail
@safe
struct PendingBytes: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = unsafe []
    /// First pending byte of the first block.
    private var head = 0
    /// End of the pending bytes in the last block.
    private var tail = 0

    init() {}

    deinit {
        for unsafeblock in unsafe blocks { unsafe block.deallocate() }
    }

    var isEmpty: Bool { unsafe blocks.isEmpty }

    var count: Int {
        let blockCount = unsafe blocks.count
        return blockCount == 0 ? 0 : (blockCount - 1) * BlockPool.blockSize - head + tail
    }

    /// Copies `span` to the end.
    mutating func append(_ span: RawSpan, from pool: BlockPool) {
        unsafe span.withUnsafeBytes { source in
            var rest = unsafe source[...]
            while unsafe !rest.isEmpty {
                if unsafe blocks.isEmpty || tail == BlockPool.blockSize {
                    unsafe blocks.append(pool.take())
                    tail = 0
                }
                let count = unsafe min(rest.count, BlockPool.blockSize - tail)
                let target = unsafe UnsafeMutableRawBufferPointer(
                    start: blocks[blocks.count - 1] + tail, count: count)
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
                tail += count
                unsafe rest = rest.dropFirst(count)
            }
        }
    }

    /// Shows the longest contiguous run at the front.
    func withFront<Result>(_ body: (RawSpan) -> Result) -> Result {
        guard let first = unsafe blocks.first else { return body(RawSpan()) }
        let end = unsafe blocks.count == 1 ? tail : BlockPool.blockSize
        return unsafe body(RawSpan(_unsafeStart: first + head, byteCount: end - head))
    }

    /// Shows every contiguous run, front to back.
    func forEachRun(_ body: (RawSpan) -> Void) {
        for unsafe(index, block) in unsafe blocks.enumerated() {
            let start = index == 0 ? head : 0
            let end = unsafe index == blocks.count - 1 ? tail : BlockPool.blockSize
            unsafe body(RawSpan(_unsafeStart: block + start, byteCount: end - start))
        }
    }

    /// Forgets the first `count` bytes, which lie within what `withFront` shows.
    mutating func dropFront(_ count: Int, to pool: BlockPool) {
        head += count
        let end = unsafe blocks.count == 1 ? tail : BlockPool.blockSize
        precondition(head <= end)
        guard head == end else { return }
        unsafe pool.giveBack(blocks.removeFirst())
        head = 0
        if unsafe blocks.isEmpty {
            tail = 0
            unsafe blocks = []
        }
    }

    /// Forgets everything.
    mutating func removeAll(to pool: BlockPool) {
        for unsafeblock in unsafe blocks { unsafe pool.giveBack(block) }
        unsafe blocks = []
        head = 0
        tail = 0
    }
}
