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
        while let block = unsafe free.popLast() { unsafe block.deallocate() }
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

/// Bytes in order, in blocks of a `BlockPool`; empty, it owns nothing. One block is held in place, so that what fits in one
/// (a waiting client's query) allocates nothing.
///
///     first              more[0]            more[n]
///     |gone|pending....| |pending........| |pending|free|
///          head                                    tail
@safe
struct PendingBytes: ~Copyable {
    private var first: UnsafeMutableRawPointer?
    private var more: [UnsafeMutableRawPointer] = unsafe []
    /// First pending byte of the first block.
    private var head = 0
    /// End of the pending bytes in the last block.
    private var tail = 0

    init() {}

    deinit {
        unsafe first?.deallocate()
        unsafe more.indices.forEach { unsafe more[$0].deallocate() }
    }

    @inline(__always)
    var isEmpty: Bool { unsafe first == nil }

    var count: Int { isEmpty ? 0 : unsafe more.count * BlockPool.blockSize - head + tail }

    /// Copies `span` to the end.
    mutating func append(_ span: RawSpan, from pool: BlockPool) {
        unsafe span.withUnsafeBytes { source in
            var rest = unsafe source[...]
            while unsafe !rest.isEmpty {
                let last = unsafe lastBlock(from: pool)
                let count = unsafe min(rest.count, BlockPool.blockSize - tail)
                let target = unsafe UnsafeMutableRawBufferPointer(start: last + tail, count: count)
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
                tail += count
                unsafe rest = rest.dropFirst(count)
            }
        }
    }

    /// Shows the longest contiguous run at the front.
    func withFront<Result>(_ body: (RawSpan) -> Result) -> Result {
        guard let first = unsafe first else { return body(RawSpan()) }
        return unsafe body(RawSpan(_unsafeStart: first + head, byteCount: endOfFirst - head))
    }

    /// Shows every contiguous run, front to back.
    func forEachRun(_ body: (RawSpan) -> Void) {
        guard let first = unsafe first else { return }
        unsafe body(RawSpan(_unsafeStart: first + head, byteCount: endOfFirst - head))
        for index in unsafe more.indices {
            let end = unsafe index == more.count - 1 ? tail : BlockPool.blockSize
            unsafe body(RawSpan(_unsafeStart: more[index], byteCount: end))
        }
    }

    /// Forgets the first `count` bytes, which lie within what `withFront` shows.
    mutating func dropFront(_ count: Int, to pool: BlockPool) {
        head += count
        precondition(head <= endOfFirst)
        guard head == endOfFirst, let emptied = unsafe first else { return }
        unsafe pool.giveBack(emptied)
        head = 0
        if unsafe more.isEmpty {
            unsafe first = nil
            tail = 0
        } else {
            unsafe first = more.removeFirst()
        }
    }

    /// Forgets everything.
    mutating func removeAll(to pool: BlockPool) {
        if let block = unsafe first { unsafe pool.giveBack(block) }
        unsafe first = nil
        while let block = unsafe more.popLast() { unsafe pool.giveBack(block) }
        head = 0
        tail = 0
    }

    private var endOfFirst: Int { unsafe more.isEmpty ? tail : BlockPool.blockSize }

    /// The block that has room at its end.
    private mutating func lastBlock(from pool: BlockPool) -> UnsafeMutableRawPointer {
        guard let first = unsafe first else {
            let block = unsafe pool.take()
            unsafe self.first = block
            tail = 0
            return unsafe block
        }
        if tail == BlockPool.blockSize {
            unsafe more.append(pool.take())
            tail = 0
        }
        return unsafe more.last ?? first
    }
}
