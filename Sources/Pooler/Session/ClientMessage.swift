/// What a message of a logged-in client means for the relay.
enum ClientMessage: Equatable {
    /// The server will answer it.
    case request(ReplyQueue.Request)
    /// Flush: nothing answers it, but it belongs to an extended query.
    case flush
    case copyData
    /// CopyDone or CopyFail.
    case copyEnd
    case terminate
    /// Its kind is told by the first byte of the body, which is not there yet.
    case needsFirstByte
    /// Nothing that a client may send now.
    case unknown

    /// Judges a frame by its type byte, and where that is not enough by the first byte of its body.
    @inline(__always)
    init(_ header: FrameHeader, at offset: Int, in bytes: RawSpan) {
        switch FrontendMessageType(rawValue: header.type) {
        case .query: self = .request(.query)
        case .parse: self = .request(.parse)
        case .bind: self = .request(.bind)
        case .execute: self = .request(.execute)
        // With a body, the server would answer them by an error that belongs to nothing, and Flush by skipping what follows.
        case .sync: self = header.frameLength == FrameHeader.size ? .request(.sync) : .unknown
        case .describe: self = Self.describe(header, at: offset, in: bytes)
        case .close: self = .request(.close)
        case .flush: self = header.frameLength == FrameHeader.size ? .flush : .unknown
        case .copyData: self = .copyData
        case .copyDone, .copyFail: self = .copyEnd
        case .functionCall: self = .request(.functionCall)
        case .terminate: self = .terminate
        default: self = .unknown
        }
    }

    private static func describe(_ header: FrameHeader, at offset: Int, in bytes: RawSpan) -> ClientMessage {
        guard header.frameLength > FrameHeader.size else { return .request(.describePortal) }
        guard offset + FrameHeader.size < bytes.byteCount else { return .needsFirstByte }
        let isStatement = bytes.uint8(at: offset + FrameHeader.size) == UInt8(ascii: "S")
        return .request(isStatement ? .describeStatement : .describePortal)
    }
}
