/// An ErrorResponse or NoticeResponse that we make ourselves (PostgreSQL manual, "Error and Notice Message Fields").
struct ErrorMessage: Error, Equatable, Sendable {
    enum Severity: String, Sendable {
        case notice = "NOTICE"
        case error = "ERROR"
        case fatal = "FATAL"
    }

    var severity: Severity
    /// Five characters, as in the manual's appendix A.
    var sqlState: String
    var message: String
    var detail: String?
    var hint: String?
    /// The function of Postgres by which drivers tell some errors from others of the same code.
    var routine: String?

    init(_ severity: Severity, _ sqlState: String, _ message: String, detail: String? = nil, hint: String? = nil) {
        self.severity = severity
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.hint = hint
    }

    /// The whole message.
    var bytes: [UInt8] {
        var writer = MessageWriter()
        write(to: &writer)
        return writer.bytes
    }

    func write(to writer: inout MessageWriter) {
        let type: BackendMessageType = severity == .notice ? .noticeResponse : .errorResponse
        writer.message(type) { body in
            body.field("S", severity.rawValue)
            body.field("V", severity.rawValue)
            body.field("C", sqlState)
            body.field("M", message)
            if let detail { body.field("D", detail) }
            if let hint { body.field("H", hint) }
            if let routine { body.field("R", routine) }
            body.uint8(0)
        }
    }
}

extension MessageWriter {
    fileprivate mutating func field(_ code: Character, _ value: String) {
        if let ascii = code.asciiValue { uint8(ascii) }
        cString(value)
    }
}

/// What we read out of an ErrorResponse or NoticeResponse of a server.
struct ServerMessageFields: Equatable, Sendable {
    var severity = ""
    /// Empty when the server sent none.
    var sqlState = ""
    var message = ""
    /// The function that raised it, which no locale translates.
    var routine = ""

    /// Reads the fields of a message body. A broken body yields what could be read up to the break.
    init(body: RawSpan) {
        var cursor = 0
        while cursor < body.byteCount {
            let code = body.uint8(at: cursor)
            cursor += 1
            guard code != 0, let value = body.cString(at: &cursor) else { return }
            switch code {
            case UInt8(ascii: "S"): if severity.isEmpty { severity = value }
            case UInt8(ascii: "V"): severity = value
            case UInt8(ascii: "C"): sqlState = value
            case UInt8(ascii: "M"): message = value
            case UInt8(ascii: "R"): routine = value
            default: continue
            }
        }
    }
}
