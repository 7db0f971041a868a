@testable import Pooler

/// A stream of frames: however it is cut, the same frames must come out.
struct FrameHarness {
    /// The first byte is the size of the pieces.
    static func run(_ input: [UInt8]) {
        guard let size = input.first else { return }
        let stream = Array(input.dropFirst())
        let whole = walk(stream, piece: max(1, stream.count))
        guard walk(stream, piece: max(1, Int(size))) == whole else { fatalError("other frames in other pieces") }
        input.withUnsafeBytes { raw in
            let bytes = unsafe RawSpan(_unsafeBytes: raw)
            _ = try? StartupPacket(bytes)
            _ = ServerMessageFields(body: bytes)
        }
        _ = try? StartupOptions.parse(String(decoding: stream, as: UTF8.self))
    }

    /// The types and lengths of the frames, as a relay would find them.
    private static func walk(_ stream: [UInt8], piece: Int) -> [FrameHeader] {
        var frames: [FrameHeader] = []
        var scanner = FrameScanner()
        var carried: [UInt8] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let buffer = carried + rest.prefix(piece)
            rest = rest.dropFirst(piece)
            carried = []
            var cursor = 0
            var isBroken = false
            buffer.withUnsafeBytes { raw in
                let bytes = unsafe RawSpan(_unsafeBytes: raw)
                while cursor < bytes.byteCount {
                    if !scanner.isAtBoundary {
                        cursor += scanner.take(upTo: bytes.byteCount - cursor)
                        continue
                    }
                    switch FrameScanner.header(in: bytes, at: cursor, limit: 1 << 20) {
                    case .incomplete:
                        return
                    case .malformed:
                        isBroken = true
                        return
                    case .frame(let header):
                        frames.append(header)
                        let count = min(header.frameLength, bytes.byteCount - cursor)
                        scanner.frameBegan(remaining: header.frameLength - count, .forward)
                        cursor += count
                    }
                }
            }
            if isBroken { return frames }
            carried = Array(buffer[cursor...])
        }
        return frames
    }
}
