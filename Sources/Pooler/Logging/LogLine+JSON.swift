import Glibc
import Logging

/// A line as a JSON object (RFC 8259): `log_format = json`.
extension LogLine {
    /// The most that a name may take, so that there is room for the message.
    private static let nameLength = 512

    mutating func setJSON(
        _ level: Logger.Level, _ message: String, about subject: LogSubject?, at time: timespec, pid: Int32
    ) {
        begin()
        put("{\"time\":\"")
        putUniversalTime(time)
        put("\",\"level\":\"\(level.word)\",\"pid\":\(pid)")
        switch subject {
        case .connection(let label): putFields(of: label)
        case .pool(let label):
            putField("database", label.database)
            putField("user", label.user)
        case nil: break
        }
        let text = subject != nil && message.hasPrefix(" ") ? message.dropFirst() : message[...]
        put(",\"message\":\"")
        putJSON(text, upTo: Self.maximumLength - "\"}\n".utf8.count)
        put("\"}\n")
    }

    private mutating func putFields(of label: SocketLabel) {
        put(",\"side\":\"\(label.side == .client ? "client" : "server")\",\"connection\":\"")
        put("\(label.side.rawValue)-0x\(String(label.id, radix: 16))\"")
        if let database = label.database { putField("database", database) }
        if let user = label.user { putField("user", user) }
        switch label.endpoint {
        case .tcp(let address, let port):
            putField("address", address)
            put(",\"port\":\(port)")
        case .unix(let process, let port):
            putField("address", "unix")
            put(",\"port\":\(port)")
            if let process { put(",\"peer_pid\":\(process)") }
        case .unknown:
            break
        }
    }

    private mutating func putField(_ name: StaticString, _ value: String) {
        put(",\"\(name)\":\"")
        putJSON(value[...], upTo: bytes.count + Self.nameLength)
        put("\"")
    }

    /// The inside of a JSON string, cut so that the line ends before the limit. Strings of Swift are whole Unicode: what was no
    /// UTF-8 has become U+FFFD before it came here.
    private mutating func putJSON(_ text: Substring, upTo limit: Int) {
        let cut = "..."
        for scalar in text.unicodeScalars {
            let piece = scalar.inJSON
            guard bytes.count + piece.utf8.count <= limit - cut.utf8.count else {
                put(cut)
                return
            }
            put(piece)
        }
    }
}

extension Unicode.Scalar {
    /// Quotes and backslashes must be escaped; control characters too, and what some viewers break a line at.
    fileprivate var inJSON: String {
        switch value {
        case 0x22: return "\\\""
        case 0x5c: return "\\\\"
        case 0x09: return "\\t"
        case 0x0a: return "\\n"
        case 0x0d: return "\\r"
        case 0..<0x20, 0x7f...0x9f, 0x2028, 0x2029:
            let hex = String(value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: return String(self)
        }
    }
}
