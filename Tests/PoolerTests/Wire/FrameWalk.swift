@testable import Pooler

/// Walks a stream that comes in pieces as the relays do: frames are judged by their heads, forwarded or discarded as they come,
/// and only what cannot be judged yet is carried over.
struct FrameWalk {
    /// How a stream ended.
    enum End: Equatable {
        case open
        case malformed
        /// A client's message that means nothing.
        case unknown
    }

    /// Messages that are looked into, and so must lie in memory whole.
    let wholes: Set<UInt8>
    /// Messages that are not passed on.
    let discards: Set<UInt8>
    /// Whether heads are judged as those of a client.
    let isClient: Bool
    let limit: Int

    private(set) var headers: [FrameHeader] = []
    private(set) var messages: [ClientMessage] = []
    private(set) var bodies: [[UInt8]] = []
    private(set) var forwarded: [UInt8] = []
    private(set) var carried: [UInt8] = []
    private(set) var end = End.open
    private var scanner = FrameScanner()

    init(wholes: Set<UInt8> = [], discards: Set<UInt8> = [], isClient: Bool = false, limit: Int = 1 << 30) {
        self.wholes = wholes
        self.discards = discards
        self.isClient = isClient
        self.limit = limit
    }

    /// Whether nothing is left of a frame.
    var isBetweenFrames: Bool { scanner.isAtBoundary && carried.isEmpty }

    mutating func received(_ piece: ArraySlice<UInt8>) {
        guard end == .open else { return }
        let bytes = carried + piece
        carried = []
        var cursor = 0
        while cursor < bytes.count {
            if !scanner.isAtBoundary {
                let count = scanner.take(upTo: bytes.count - cursor)
                if scanner.disposition == .forward { forwarded += bytes[cursor..<cursor + count] }
                cursor += count
                continue
            }
            guard let header = header(bytes, cursor) else { break }
            let count = min(header.frameLength, bytes.count - cursor)
            headers.append(header)
            if wholes.contains(header.type) { bodies.append(Array(bytes[cursor + 5..<cursor + count])) }
            let isDiscarded = discards.contains(header.type)
            if !isDiscarded { forwarded += bytes[cursor..<cursor + count] }
            scanner.frameBegan(remaining: header.frameLength - count, isDiscarded ? .discard : .forward)
            cursor += count
        }
        if end == .open { carried = Array(bytes[cursor...]) }
    }

    /// The next frame's head, if it can be judged.
    private mutating func header(_ bytes: [UInt8], _ cursor: Int) -> FrameHeader? {
        let result = bytes.withSpan { FrameScanner.header(in: $0, at: cursor, limit: limit) }
        guard case .frame(let header) = result else {
            if result == .malformed { end = .malformed }
            return nil
        }
        if wholes.contains(header.type), header.frameLength > bytes.count - cursor { return nil }
        guard isClient else { return header }
        let message = bytes.withSpan { ClientMessage(header, at: cursor, in: $0) }
        if message == .needsFirstByte { return nil }
        if message == .unknown {
            end = .unknown
            return nil
        }
        messages.append(message)
        return header
    }

    /// The walks of one stream under every split: whole, in pieces of each size, and in two at each place.
    static func everySplit(of stream: [UInt8], _ walk: FrameWalk) -> [(split: String, walk: FrameWalk)] {
        var walks: [(String, FrameWalk)] = []
        for size in 1...max(1, stream.count) {
            var copy = walk
            for start in stride(from: 0, to: stream.count, by: size) {
                copy.received(stream[start..<min(start + size, stream.count)])
            }
            walks.append(("pieces of \(size)", copy))
        }
        for cut in 0...stream.count {
            var copy = walk
            copy.received(stream[..<cut])
            copy.received(stream[cut...])
            walks.append(("cut at \(cut)", copy))
        }
        return walks
    }
}
