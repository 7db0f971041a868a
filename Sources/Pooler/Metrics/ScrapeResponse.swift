/// An HTTP answer: its head, and a body that several connections may share.
struct ScrapeResponse {
    enum Status: String {
        case ok = "200 OK"
        case badRequest = "400 Bad Request"
        case notFound = "404 Not Found"
        case methodNotAllowed = "405 Method Not Allowed"
        case tooLarge = "431 Request Header Fields Too Large"
        case unavailable = "503 Service Unavailable"
        case versionUnsupported = "505 HTTP Version Not Supported"
    }

    let head: [UInt8]
    let body: [UInt8]

    /// The metrics.
    init(metrics text: [UInt8], bodyWanted: Bool) {
        // Of the format, which names no other.
        self.init(.ok, type: "text/plain; version=0.0.4; charset=utf-8", text, bodyWanted: bodyWanted)
    }

    /// What a person reads who looks at `/`.
    static func index(bodyWanted: Bool) -> Self {
        Self(
            .ok, type: "text/plain; charset=utf-8", Array("pgvalet: the metrics are at /metrics\n".utf8),
            bodyWanted: bodyWanted)
    }

    /// An error.
    init(_ status: Status, bodyWanted: Bool = true) {
        self.init(
            status, type: "text/plain; charset=utf-8", Array("\(status.rawValue)\n".utf8), bodyWanted: bodyWanted)
    }

    private init(_ status: Status, type: String, _ body: [UInt8], bodyWanted: Bool) {
        var head = "HTTP/1.1 \(status.rawValue)\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n"
        if status == .methodNotAllowed { head += "Allow: GET, HEAD\r\n" }
        head += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        self.head = Array(head.utf8)
        self.body = bodyWanted ? body : []
    }
}
