import CLinux

/// The blocks in which a worker keeps bytes that could not move on: output that the kernel did not take, and what a
/// waiting client has already sent. Blocks are reused, last returned first (it is still in the cache).
@safe
final class BlockPool {
    /// How long a block is. A crowd of waiting clients should cost little more than their queries, and a big transfer few blocks.
    enum Size: Int {
        /// Room for a short query.
        case small = 256
        /// Four hold what one receive can leave over.
        case large = 16384
    }

    /// Free blocks kept for reuse (256 KiB and 4 MiB); more go back to the allocator.
    private static let keptSmallBlocks = 1024
    private static let keptLargeBlocks = 256
    /// So much given back is worth telling the allocator to give pages back in turn.
    private static let trimmedBytes = 2 * 1024 * 1024

    /// How many bytes are in blocks that hold something.
    private(set) var bytesInUse = 0
    private var freeSmall: [UnsafeMutableRawPointer] = unsafe []
    private var freeLarge: [UnsafeMutableRawPointer] = unsafe []
    /// Since the last `trim`.
    private var bytesGivenBack = 0

    deinit {
        while let block = unsafe freeSmall.popLast() { unsafe block.deallocate() }
        while let block = unsafe freeLarge.popLast() { unsafe block.deallocate() }
    }

    /// How many bytes are in free blocks that are held for reuse.
    var bytesFree: Int {
        unsafe freeSmall.count * Size.small.rawValue + freeLarge.count * Size.large.rawValue
    }

    fileprivate func take(_ size: Size) -> UnsafeMutableRawPointer {
        bytesInUse += size.rawValue
        let free = unsafe size == .small ? freeSmall.popLast() : freeLarge.popLast()
        return unsafe free ?? .allocate(byteCount: size.rawValue, alignment: 16)
    }

    fileprivate func giveBack(_ block: UnsafeMutableRawPointer, _ size: Size) {
        bytesInUse -= size.rawValue
        switch size {
        case .small where unsafe freeSmall.count < Self.keptSmallBlocks: unsafe freeSmall.append(block)
        case .large where unsafe freeLarge.count < Self.keptLargeBlocks: unsafe freeLarge.append(block)
        case .small, .large:
            unsafe block.deallocate()
            bytesGivenBack += size.rawValue
        }
    }

    /// Gives memory back to the system after a crowd has gone; for now and then, not for every turn.
    func trim() {
        guard bytesGivenBack >= Self.trimmedBytes, bytesInUse == 0 else { return }
        bytesGivenBack = 0
        clinux_trim_heap()
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
    /// First pending byte of the first block. Each of ten thousand idle clients has two of these structs, and no offset in a
    /// block needs more than 16 bits.
    private var headOffset: UInt16 = 0
    /// End of the pending bytes in the last block.
    private var tailOffset: UInt16 = 0
    private var firstSize = BlockPool.Size.large

    init() {}

    deinit {
        unsafe first?.deallocate()
        unsafe more.indices.forEach { unsafe more[$0].deallocate() }
    }

    @inline(__always)
    var isEmpty: Bool { unsafe first == nil }

    var count: Int {
        if isEmpty { return 0 }
        let inMore = unsafe more.isEmpty ? 0 : (more.count - 1) * BlockPool.Size.large.rawValue + tail
        return endOfFirst - head + inMore
    }

    /// Copies `span` to the end.
    mutating func append(_ span: RawSpan, from pool: BlockPool) {
        unsafe span.withUnsafeBytes { source in
            var rest = unsafe source[...]
            while unsafe !rest.isEmpty {
                let last = unsafe lastBlock(toHold: rest.count, from: pool)
                let count = unsafe min(rest.count, endOfLast - tail)
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
            let end = unsafe index == more.count - 1 ? tail : BlockPool.Size.large.rawValue
            unsafe body(RawSpan(_unsafeStart: more[index], byteCount: end))
        }
    }

    /// Forgets the first `count` bytes, which lie within what `withFront` shows.
    mutating func dropFront(_ count: Int, to pool: BlockPool) {
        head += count
        precondition(head <= endOfFirst)
        guard head == endOfFirst, let emptied = unsafe first else { return }
        unsafe pool.giveBack(emptied, firstSize)
        firstSize = .large
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
        if let block = unsafe first { unsafe pool.giveBack(block, firstSize) }
        unsafe first = nil
        firstSize = .large
        while let block = unsafe more.popLast() { unsafe pool.giveBack(block, .large) }
        head = 0
        tail = 0
    }

    private var head: Int {
        get { Int(headOffset) }
        set { headOffset = UInt16(newValue) }
    }

    private var tail: Int {
        get { Int(tailOffset) }
        set { tailOffset = UInt16(newValue) }
    }

    private var endOfFirst: Int { unsafe more.isEmpty ? tail : firstSize.rawValue }

    /// How long the last block is.
    private var endOfLast: Int { unsafe more.isEmpty ? firstSize.rawValue : BlockPool.Size.large.rawValue }

    /// The block that has room at its end.
    private mutating func lastBlock(toHold count: Int, from pool: BlockPool) -> UnsafeMutableRawPointer {
        guard let first = unsafe first else {
            firstSize = count <= BlockPool.Size.small.rawValue ? .small : .large
            let block = unsafe pool.take(firstSize)
            unsafe self.first = block
            tail = 0
            return unsafe block
        }
        if tail == endOfLast {
            unsafe more.append(pool.take(.large))
            tail = 0
        }
        return unsafe more.last ?? first
    }
}
