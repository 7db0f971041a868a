/// A worker's one receive block. Everything that arrives passes through it; nothing stays in it between two events.
///
///     0          carried           end                 capacity
///     | carried  | just received   | free              |
///
/// The carried bytes are the head of a frame that an earlier event could not finish; they are copied back in front of what
/// the next `recv` brings, so that a frame that must be seen whole is always contiguous.
@safe
final class Scratch {
    /// How much one `recv` takes at most. 64 KiB halves the system calls of a bulk transfer against 32 KiB.
    static let receiveSize = 64 * 1024
    /// The longest head of a frame that can be carried over.
    static let carryLimit = 64 * 1024
    static let capacity = carryLimit + receiveSize

    /// How much the next `recv` may take: less only while SUSPEND has messages finished.
    var receiveLimit = Scratch.receiveSize

    private let base: UnsafeMutableRawPointer

    init() {
        unsafe base = .allocate(byteCount: Self.capacity, alignment: 64)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// The bytes of `range`, good until the next receive.
    @inline(__always)
    @_lifetime(borrow self)
    func bytes(_ range: Range<Int>) -> RawSpan {
        precondition(range.lowerBound >= 0 && range.upperBound <= Self.capacity)
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
        precondition(offset >= 0 && offset + span.byteCount <= Self.capacity)
        unsafe span.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }
}
