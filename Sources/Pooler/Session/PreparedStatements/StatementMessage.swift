/// A Bind, Describe or Close, as far as the name of the statement or portal in it.
struct StatementMessage {
    let request: ReplyQueue.Request
    let header: FrameHeader
    /// Where the frame starts, and up to where it is there, in the scratch block.
    let bytes: Range<Int>
    /// The statement's name without its zero byte.
    let name: Range<Int>
    /// The type of the message behind it, if that has come.
    var follower: FrontendMessageType?

    /// Longest head of a message up to the end of its statement's name.
    static let headLimit = 16 * 1024

    enum Reading {
        case found(StatementMessage)
        /// The name has not come as a whole yet.
        case incomplete
        /// There is no such name: the server will say what is wrong with the message.
        case malformed
    }

    /// Reads the head of a frame, of which `span` holds at least the header.
    @inline(__always)
    static func read(
        _ request: ReplyQueue.Request, _ header: FrameHeader, at start: Int, in span: RawSpan
    ) -> Reading {
        let end = min(start + header.frameLength, span.byteCount)
        let available = span.slice(0..<end)
        var cursor = start + FrameHeader.size
        if request == .bind {
            guard let portalEnd = available.endOfCString(from: cursor) else {
                return unfinished(header, start, end)
            }
            cursor = portalEnd + 1
        } else {
            cursor += 1
        }
        guard cursor < end, let nameEnd = available.endOfCString(from: cursor) else {
            return unfinished(header, start, end)
        }
        return .found(
            StatementMessage(request: request, header: header, bytes: start..<end, name: cursor..<nameEnd))
    }

    private static func unfinished(_ header: FrameHeader, _ start: Int, _ end: Int) -> Reading {
        let isWhole = end - start == header.frameLength
        return isWhole || end - start > headLimit ? .malformed : .incomplete
    }

    var isWhole: Bool { bytes.count == header.frameLength }
}

/// The parts of a Parse message.
struct ParseMessage: ~Escapable {
    /// The whole frame.
    let frame: RawSpan
    let name: Range<Int>
    /// The query text without its zero byte.
    let text: Range<Int>

    /// Nil when the message has not its parts in order: the server will say so.
    @_lifetime(copy frame)
    init?(_ frame: RawSpan) {
        guard let nameEnd = frame.endOfCString(from: FrameHeader.size),
            let textEnd = frame.endOfCString(from: nameEnd + 1), textEnd + 3 <= frame.byteCount
        else { return nil }
        let types = Int(frame.uint16(at: textEnd + 1))
        guard textEnd + 3 + types * 4 == frame.byteCount else { return nil }
        self.frame = frame
        name = FrameHeader.size..<nameEnd
        text = nameEnd + 1..<textEnd
    }

    /// Everything behind the name.
    var definition: RawSpan {
        @_lifetime(copy self)
        get { frame.slice(text.lowerBound..<frame.byteCount) }
    }
}
