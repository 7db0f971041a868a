/// One end of a connection that speaks messages by hand; the base of the raw client and the scripted server.
public class WireChannel {
    let socket: Socket

    init(_ socket: Socket) { self.socket = socket }

    /// Sends any bytes.
    public func send(_ bytes: [UInt8]) throws { try socket.send(bytes) }

    /// Sends messages in one write.
    public func send(_ messages: WireMessage...) throws { try send(messages) }

    /// Sends messages in one write.
    public func send(_ messages: [WireMessage]) throws { try socket.send(messages.flatMap(\.bytes)) }

    /// Receives exactly so many bytes; nil when the stream ends before.
    public func receive(_ count: Int, within limit: Duration = patience) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try socket.receive(count - bytes.count, within: limit)
            if more.isEmpty { return nil }
            bytes += more
        }
        return bytes
    }

    /// The next message, nil at the end of the stream.
    public func read(within limit: Duration = patience) throws -> WireMessage? {
        guard let header = try receive(5, within: limit) else { return nil }
        let length = Int(readInt32(header.dropFirst())) - 4
        guard length >= 0, let body = try receive(length, within: limit) else { return nil }
        return WireMessage(Character(UnicodeScalar(header[0])), body)
    }

    /// Messages up to and with the first of a type; an error when the stream ends before.
    @discardableResult
    public func readUntil(_ type: Character, within limit: Duration = patience) throws -> [WireMessage] {
        var messages: [WireMessage] = []
        while let message = try read(within: limit) {
            messages.append(message)
            if message.type == type { return messages }
        }
        throw SystemError("the stream ended before \(type), after \(messages)")
    }

    /// Everything up to the end of the stream.
    public func readToEnd(within limit: Duration = patience) throws -> [WireMessage] {
        var messages: [WireMessage] = []
        while let message = try read(within: limit) { messages.append(message) }
        return messages
    }

    /// Says that nothing more will be sent.
    public func finishSending() { socket.finishSending() }

    /// Closes without a word.
    public func close() { socket.shutdown() }

    /// Closes with a reset.
    public func reset() { socket.reset() }
}

extension WireChannel {
    /// What is there, up to `count` bytes; empty at the end of the stream.
    public func receiveSome(_ count: Int, within limit: Duration = patience) throws -> [UInt8] {
        try socket.receive(count, within: limit)
    }
}
