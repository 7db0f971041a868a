/// The first five bytes of a message: its type, and how long it is.
struct FrameHeader: Equatable {
    static let size = 5

    let type: UInt8
    /// The whole frame in bytes, type byte included.
    let frameLength: Int
}

/// Where a byte stream stands among its frames (PostgreSQL manual, "Message Flow"): how much of the current frame is still to
/// come, and what happens to it. It never needs a whole frame in memory.
struct FrameScanner {
    /// What to do with the rest of a frame whose head has been dealt with.
    enum Disposition: UInt8 {
        case forward
        case discard
        /// Put together in memory, because it must be seen whole.
        case collect
    }

    enum Header: Equatable {
        case frame(FrameHeader)
        /// Fewer than five bytes are there.
        case incomplete
        /// The length is below its own size or above the limit.
        case malformed
    }

    /// Bytes of the current frame that have not come yet.
    private(set) var remaining = 0
    private(set) var disposition = Disposition.forward

    init() {}

    /// In the middle of a frame.
    init(remaining: Int, _ disposition: Disposition) {
        self.remaining = remaining
        self.disposition = disposition
    }

    /// Whether the stream stands between two frames.
    var isAtBoundary: Bool { remaining == 0 }

    /// Reads the header at `offset`. `limit` is max_packet_size, which counts the type byte.
    @inline(__always)
    static func header(in bytes: RawSpan, at offset: Int, limit: Int) -> Header {
        guard bytes.byteCount - offset >= FrameHeader.size else { return .incomplete }
        let length = Int(bytes.uint32(at: offset + 1))
        guard length >= 4, length < limit else { return .malformed }
        return .frame(FrameHeader(type: bytes.uint8(at: offset), frameLength: length + 1))
    }

    /// The head of a frame has been dealt with, and `remaining` bytes of it follow in later reads.
    @inline(__always)
    mutating func frameBegan(remaining: Int, _ disposition: Disposition) {
        self.remaining = remaining
        self.disposition = disposition
    }

    /// Takes up to `available` bytes of the current frame, and returns how many those are.
    @inline(__always)
    mutating func take(upTo available: Int) -> Int {
        let count = min(available, remaining)
        remaining -= count
        return count
    }
}
