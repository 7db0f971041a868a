/// Bytes in order, in blocks of a `BlockPool`; empty, it owns nothing, and takes no more room than a pointer: each of ten
/// thousand idle clients has two of these structs. So the blocks keep the books: each begins with a `BlockHead`.
///
///     |head|gone|pending....| ──► |head|pending............| ──► |head|pending|free|
///               start     end          start             end         start   end
@safe
struct PendingBytes: ~Copyable {
    /// No block of the chain is without pending bytes.
    private var first: Block?

    init() {}

    deinit {
        var next = unsafe first
        while let block = unsafe next {
            unsafe next = block.head.pointee.next
            unsafe UnsafeMutableRawPointer(block.head).deallocate()
        }
    }

    @inline(__always)
    var isEmpty: Bool { unsafe first == nil }

    var count: Int {
        var sum = 0
        forEachRun { sum += $0.byteCount }
        return sum
    }

    /// Copies `span` to the end.
    mutating func append(_ span: RawSpan, from pool: BlockPool) {
        var cursor = 0
        while cursor < span.byteCount {
            let rest = span.byteCount - cursor
            let last = unsafe lastBlock(toHold: rest, from: pool)
            let count = unsafe min(rest, last.room)
            unsafe last.append(span.slice(cursor..<cursor + count))
            cursor += count
        }
    }

    /// Shows the longest contiguous run at the front.
    func withFront<Result>(_ body: (RawSpan) -> Result) -> Result {
        guard let first = unsafe first else { return body(RawSpan()) }
        return unsafe first.withPending(body)
    }

    /// Shows every contiguous run, front to back.
    func forEachRun(_ body: (RawSpan) -> Void) {
        var next = unsafe first
        while let block = unsafe next {
            unsafe block.withPending(body)
            unsafe next = block.head.pointee.next
        }
    }

    /// Forgets the first `count` bytes, which lie within what `withFront` shows.
    mutating func dropFront(_ count: Int, to pool: BlockPool) {
        guard let first = unsafe first else {
            precondition(count == 0, "bytes that are not there")
            return
        }
        if unsafe first.drop(count) { unsafe removeFirst(first, to: pool) }
    }

    /// Forgets everything.
    mutating func removeAll(to pool: BlockPool) {
        while let block = unsafe first { unsafe removeFirst(block, to: pool) }
    }

    private mutating func removeFirst(_ block: Block, to pool: BlockPool) {
        let head = unsafe block.head.pointee
        unsafe first = head.next
        unsafe first?.head.pointee.last = head.last
        unsafe pool.giveBack(UnsafeMutableRawPointer(block.head), head.size)
    }

    /// The block that has room at its end. The first one is short for a short message; what does not fit goes on in long ones.
    private mutating func lastBlock(toHold count: Int, from pool: BlockPool) -> Block {
        guard let first = unsafe first else {
            let size = count <= BlockHead.room(in: .small) ? BlockPool.Size.small : .large
            let block = unsafe Block(pool.take(size), size)
            unsafe self.first = block
            return unsafe block
        }
        let last = unsafe first.head.pointee.last.map { unsafe Block(head: $0) } ?? first
        if unsafe last.room > 0 { return unsafe last }
        let block = unsafe Block(pool.take(.large), .large)
        unsafe last.head.pointee.next = block
        unsafe first.head.pointee.last = block.head
        return unsafe block
    }
}

/// What a block of `PendingBytes` begins with.
@safe
struct BlockHead {
    /// The block behind this one.
    fileprivate var next: Block?
    /// Where this is the first block of several: the last one.
    fileprivate var last: UnsafeMutablePointer<BlockHead>?
    /// The pending bytes, counted from the block's beginning; no offset in a block needs more than 16 bits.
    fileprivate var start = UInt16(Self.length)
    fileprivate var end = UInt16(Self.length)
    fileprivate let size: BlockPool.Size

    /// How long it is, with the bytes behind it as well aligned as a block.
    private static let length = (MemoryLayout<BlockHead>.size + 15) / 16 * 16

    /// How many bytes a block has room for behind its head.
    static func room(in size: BlockPool.Size) -> Int { size.rawValue - length }
}

/// A block in use.
@unsafe
private struct Block {
    let head: UnsafeMutablePointer<BlockHead>

    init(head: UnsafeMutablePointer<BlockHead>) { unsafe self.head = head }

    init(_ memory: UnsafeMutableRawPointer, _ size: BlockPool.Size) {
        unsafe head = memory.bindMemory(to: BlockHead.self, capacity: 1)
        unsafe head.initialize(to: BlockHead(size: size))
    }

    /// How many bytes can be added.
    var room: Int { unsafe head.pointee.size.rawValue - Int(head.pointee.end) }

    func withPending<Result>(_ body: (RawSpan) -> Result) -> Result {
        let (start, end) = unsafe (Int(head.pointee.start), Int(head.pointee.end))
        return unsafe body(RawSpan(_unsafeStart: UnsafeRawPointer(head) + start, byteCount: end - start))
    }

    func append(_ bytes: RawSpan) {
        unsafe precondition(bytes.byteCount <= room, "more than a block has room for")
        let end = unsafe UnsafeMutableRawPointer(head) + Int(head.pointee.end)
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(start: end, count: source.count).copyMemory(from: source)
        }
        unsafe head.pointee.end += UInt16(bytes.byteCount)
    }

    /// Forgets bytes at the front; true when none is left.
    func drop(_ count: Int) -> Bool {
        unsafe head.pointee.start += UInt16(count)
        unsafe precondition(head.pointee.start <= head.pointee.end, "bytes that are not there")
        return unsafe head.pointee.start == head.pointee.end
    }
}
