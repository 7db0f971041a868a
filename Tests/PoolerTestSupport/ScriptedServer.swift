import Synchronization

/// A server that plays a script on each connection, for what a real Postgres cannot be made to do.
public final class ScriptedServer: Sendable {
    /// Its TCP port on 127.0.0.1.
    public let port: Int
    private let listener: Socket
    private let accepted = Mutex(0)

    /// Listens, until stopped or the test process ends; each connection runs the script on a thread of its own, told which one it is (0, 1, ...), and is closed
    /// at the script's end or when it throws.
    public init(port: Int? = nil, _ script: @escaping @Sendable (_ connection: Int, ServerChannel) throws -> Void)
        throws
    {
        let listener = try Socket.tcp()
        self.port = try port ?? FreePort.take()
        try listener.listen(port: self.port)
        self.listener = listener
        // Threads, not a queue: a script may wait for long.
        startThread { [self] in
            while let socket = try? listener.accept(within: .seconds(3600)) {
                let number = accepted.withLock { count in
                    count += 1
                    return count - 1
                }
                startThread { try? script(number, ServerChannel(socket)) }
            }
        }
    }

    /// How many connections there have been.
    public var connections: Int { accepted.withLock { $0 } }

    /// What a connect string says of it.
    public var address: String { "host=127.0.0.1 port=\(port)" }

    /// Listens no more; the connections go on.
    public func stop() { listener.shutdown() }
}

/// The server's end of a connection to a scripted server.
public final class ServerChannel: WireChannel {
    /// Reads the StartupMessage, declining SSL before; its parameters.
    @discardableResult
    public func readStartup() throws -> [String: String] {
        while let length = try receive(4) {
            guard let body = try receive(Int(readInt32(length)) - 4) else { break }
            if readInt32(body) == RequestCode.ssl || readInt32(body) == RequestCode.gss {
                try send([UInt8(ascii: "N")])
                continue
            }
            let words = body.dropFirst(4).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return Dictionary(stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }) { $1 }
        }
        throw SystemError("no startup message")
    }

    /// Lets the client in, as a Postgres of version 15 would.
    public func welcome() throws {
        try readStartup()
        let parameters = [
            ("server_version", "15.0"), ("client_encoding", "UTF8"), ("DateStyle", "ISO, MDY"), ("TimeZone", "Etc/UTC"),
            ("standard_conforming_strings", "on"), ("application_name", ""), ("IntervalStyle", "postgres"),
        ]
        try send(
            [WireMessage("R", int32(0))] + parameters.map { WireMessage("S", cString($0.0) + cString($0.1)) }
                + [WireMessage("K", int32(4711), int32(4712)), Self.ready])
    }

    /// ReadyForQuery, idle.
    public static let ready = WireMessage("Z", [UInt8(ascii: "I")])

    /// A result of one row with one text value, without ReadyForQuery.
    public static func answer(_ value: String) -> [WireMessage] {
        let column = cString("value") + int32(0) + int16(0) + int32(25) + int16(-1) + int32(-1) + int16(0)
        return [
            WireMessage("T", int16(1), column),
            WireMessage("D", int16(1), int32(Int32(value.utf8.count)), Array(value.utf8)),
            WireMessage("C", cString("SELECT 1")),
        ]
    }

    /// Answers each simple query with itself until the client leaves.
    public func echo() throws {
        while let message = try read(within: .seconds(600)) {
            if message.type == "X" { return }
            if message.type == "Q" { try send(Self.answer(message.strings.first ?? "") + [Self.ready]) }
        }
    }
}
