/// A worker's one receive block. Everything that arrives passes through it; nothing stays in it between two events.
///
///     0          carried           end                 capacity
///     | carried  | just received   | free              |
///
/// The carried bytes are the head of a frame that an earlier event could not finish; they are copied back in front of what
/// the next `recv` brings, so that a frame that must be seen whole is always contiguous.
@safe
final class Scratch {
    /// What one `recv` can be made to take at most (`pkt_buf`). 64 KiB halves the system calls of a bulk transfer against 32 KiB, and
    /// less would save no more than a few pages for each worker; of what is more, a connection that is not read can keep as much.
    static let receiveSizes = 64 * 1024...1024 * 1024
    /// The longest head of a frame that can be carried over.
    static let carryLimit = 64 * 1024
    /// The most that any block can hold.
    static let largestCapacity = carryLimit + receiveSizes.upperBound

    /// How much one `recv` takes at most.
    let receiveSize: Int
    let capacity: Int

    /// How much the next `recv` may take: less only while SUSPEND has messages finished.
    var receiveLimit: Int

    private let base: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - wanted: how much one `recv` should take.
    ///   - held: what the block must hold at least.
    init(receiving wanted: Int = 0, holding held: Int = 0) {
        let range = Self.receiveSizes
        receiveSize = min(max(wanted, held - Self.carryLimit, range.lowerBound), range.upperBound)
        capacity = Self.carryLimit + receiveSize
        receiveLimit = receiveSize
        unsafe base = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// The bytes of `range`, good until the next receive.
    @inline(__always)
    @_lifetime(borrow self)
    func bytes(_ range: Range<Int>) -> RawSpan {
        precondition(range.lowerBound >= 0 && range.upperBound <= capacity)
        let span = unsafe RawSpan(_unsafeStart: base + range.lowerBound, byteCount: range.count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Lets `fill` write behind `offset`, at most one receive's worth.
    @inline(__always)
    func receive<Result>(at offset: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        precondition(offset >= 0 && offset <= Self.carryLimit)
        return unsafe fill(UnsafeMutableRawBufferPointer(start: base + offset, count: receiveLimit))
    }

    /// Writes `span` at `offset`; used to put carried bytes back.
    func place(_ span: RawSpan, at offset: Int) {
        precondition(offset >= 0 && offset + span.byteCount <= capacity)
        unsafe span.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }
}
