/// What goes to one peer in one step, gathered without copying as long as it is one run of the scratch block.
///
/// Most steps forward one contiguous range: then nothing is copied and the bytes go out straight from scratch. As soon as
/// something is left out in the middle or put in, the parts are copied together, so that one `send` still does.
@safe
final class Assembly {
    /// The run that stands for everything gathered so far, while nothing had to be copied.
    private(set) var direct = 0..<0
    private(set) var isCopied = false
    private var copied: [UInt8] = []

    /// Capacity beyond which the copy is given back after use.
    private static let keptCapacity = 256 * 1024

    init() {
        copied.reserveCapacity(Scratch.carryLimit + Scratch.receiveSizes.lowerBound)
    }

    var isEmpty: Bool { isCopied ? copied.isEmpty : direct.isEmpty }

    /// How many bytes are gathered.
    var count: Int { isCopied ? copied.count : direct.count }

    /// Adds a range of scratch.
    @inline(__always)
    func forward(_ range: Range<Int>, of scratch: Scratch) {
        if !isCopied {
            if direct.isEmpty {
                direct = range
                return
            }
            if direct.upperBound == range.lowerBound {
                direct = direct.lowerBound..<range.upperBound
                return
            }
            startCopying(from: scratch)
        }
        append(scratch.bytes(range))
    }

    /// Adds bytes that are not in scratch.
    func insert(_ bytes: [UInt8], beside scratch: Scratch) {
        if !isCopied { startCopying(from: scratch) }
        copied.append(contentsOf: bytes)
    }

    /// Adds bytes that are not in scratch.
    func insert(_ bytes: RawSpan, beside scratch: Scratch) {
        if !isCopied { startCopying(from: scratch) }
        append(bytes)
    }

    /// Adds a byte that is not in scratch.
    func insert(byte: UInt8, beside scratch: Scratch) {
        if !isCopied { startCopying(from: scratch) }
        copied.append(byte)
    }

    /// How much is gathered, from now on in a copy, so that `withCopied` can show what comes.
    func copiedCount(beside scratch: Scratch) -> Int {
        if !isCopied { startCopying(from: scratch) }
        return copied.count
    }

    /// Shows what was gathered behind the first `start` bytes.
    func withCopied(from start: Int, _ body: (RawSpan) -> Void) {
        unsafe copied.withUnsafeBytes { raw in
            unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: raw[start...])))
        }
    }

    /// Lets `body` see what was gathered, as one span.
    @inline(__always)
    func withBytes<Result>(in scratch: Scratch, _ body: (RawSpan) -> Result) -> Result {
        guard isCopied else { return body(scratch.bytes(direct)) }
        return unsafe copied.withUnsafeBytes { unsafe body(RawSpan(_unsafeBytes: $0)) }
    }

    /// Makes it empty for the next step.
    @inline(__always)
    func clear() {
        direct = 0..<0
        guard isCopied else { return }
        isCopied = false
        copied.removeAll(keepingCapacity: copied.capacity <= Self.keptCapacity)
    }

    private func startCopying(from scratch: Scratch) {
        isCopied = true
        if !direct.isEmpty { append(scratch.bytes(direct)) }
        direct = 0..<0
    }

    private func append(_ span: RawSpan) {
        unsafe span.withUnsafeBytes { unsafe copied.append(contentsOf: $0) }
    }
}
