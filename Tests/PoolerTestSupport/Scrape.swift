import Glibc

/// One HTTP exchange with a metrics endpoint on 127.0.0.1.
public struct Scrape: Sendable {
    /// The status code.
    public let status: Int
    /// By name in small letters.
    public let headers: [String: String]
    /// What came behind the head.
    public let body: String

    /// Asks for a page; checks that the answer is as long as it says.
    public init(port: Int, path: String = "/metrics", method: String = "GET") throws {
        let socket = ScrapeSocket(try Socket.tcp())
        try socket.connect(port: port)
        try socket.send("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\n\r\n")
        try self.init(answer: socket.readToEnd(), hasBody: method != "HEAD")
    }

    /// From the bytes of an answer.
    public init(answer: String, hasBody: Bool = true) throws {
        guard let end = answer.firstRange(of: "\r\n\r\n") else { throw SystemError("no HTTP answer: \(answer)") }
        let lines = answer[..<end.lowerBound].split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count == 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw SystemError("no HTTP answer: \(answer)")
        }
        self.status = status
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ": ", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1]) : ""
        }
        self.headers = headers
        body = String(answer[end.upperBound...])
        guard let length = headers["content-length"].flatMap({ Int($0) }), !hasBody || length == body.utf8.count else {
            throw SystemError("a body of \(body.utf8.count) bytes under \(headers)")
        }
    }
}

/// A raw connection to a metrics endpoint.
public final class ScrapeSocket: Sendable {
    private let socket: Socket

    init(_ socket: Socket) { self.socket = socket }

    /// Not connected yet. A small receive buffer makes it a slow reader.
    public convenience init(receiveBuffer: Int32? = nil) throws {
        let socket = try Socket.tcp()
        if let receiveBuffer { socket.setReceiveBuffer(receiveBuffer) }
        self.init(socket)
    }

    /// To 127.0.0.1.
    public func connect(port: Int) throws { try socket.connect(port: port) }

    /// All of it.
    public func send(_ text: String) throws { try socket.send(Array(text.utf8)) }

    /// All of it.
    public func send(_ bytes: [UInt8]) throws { try socket.send(bytes) }

    /// What comes until the peer ends it.
    public func readToEnd(within limit: Duration = patience) throws -> String {
        var bytes: [UInt8] = []
        while true {
            let more = try socket.receive(65536, within: limit)
            if more.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += more
        }
    }
}
