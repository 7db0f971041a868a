import Glibc
import Logging

/// One line of the log in PgBouncer's form, `YYYY-MM-DD HH:MM:SS.mmm TZ [pid] LEVEL message`, in a buffer that serves
/// line after line.
struct LogLine: Sendable {
    /// The longest line in bytes, with its newline: what a pipe takes in one piece (PIPE_BUF, pipe(7)), so that lines
    /// of two processes that share standard error never mix.
    static let maximumLength = 4096

    /// The whole line, newline included.
    private(set) var bytes: [UInt8] = []

    /// Where the level's word starts in `bytes`: the journal stamps its lines itself.
    private var levelStart = 0

    /// Where the message starts in `bytes`: syslog stamps its lines itself.
    private(set) var messageStart = 0

    /// The message without the newline.
    var message: ArraySlice<UInt8> { bytes.dropLast().dropFirst(messageStart) }

    private var timestamp = LocalTimestamp()
    private var universalTimestamp = UniversalTimestamp()

    init() {
        bytes.reserveCapacity(Self.maximumLength)
    }

    /// PgBouncer's form.
    mutating func set(_ level: Logger.Level, _ message: String, at time: timespec, pid: Int32) {
        begin()
        timestamp.append(time, to: &bytes)
        bytes += " [".utf8
        bytes.appendDecimal(Int(pid))
        bytes += "] ".utf8
        levelStart = bytes.count
        bytes += level.word.utf8
        bytes.append(UInt8(ascii: " "))
        messageStart = bytes.count
        append(message)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Starts a line anew, one that is a message as a whole.
    mutating func begin() {
        bytes.removeAll(keepingCapacity: true)
        levelStart = 0
        messageStart = 0
    }

    /// Adds text that is as it should be.
    mutating func put(_ text: String) { bytes += text.utf8 }

    /// Adds the time in the form of RFC 3339.
    mutating func putUniversalTime(_ time: timespec) { universalTimestamp.append(time, to: &bytes) }

    /// Turns the line into the form that journald reads from a service's standard error: the priority in front
    /// (sd-daemon(3)), no time and no process number.
    mutating func stampForJournal(_ level: Logger.Level) {
        bytes.replaceSubrange(..<levelStart, with: "<\(level.journalPriority)>".utf8)
        messageStart -= levelStart - 3
        levelStart = 3
    }

    /// Appends text that may come from a client: whatever could start a line of its own or drive a terminal is shown
    /// as `\xNN`, and what does not fit is cut.
    private mutating func append(_ message: String) {
        let cut = "..."
        let limit = Self.maximumLength - cut.utf8.count - 1
        if bytes.count + message.utf8.count <= limit, !message.mayNeedEscape {
            bytes += message.utf8
            return
        }
        for scalar in message.unicodeScalars {
            let before = bytes.count
            if scalar.needsEscape {
                bytes += scalar.escaped.utf8
            } else {
                bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
            if bytes.count > limit {
                bytes.removeSubrange(before...)
                bytes += cut.utf8
                return
            }
        }
    }
}

extension String {
    /// Whether any byte can belong to a scalar that needs an escape: a quick look that spares most lines the slow one.
    fileprivate var mayNeedEscape: Bool {
        let bytes = utf8.span
        for index in bytes.indices {
            switch bytes[index] {
            // 0xc2 leads C1, 0xe2 leads the separators.
            case 0..<0x20, 0x7f, 0xc2, 0xe2: return true
            default: continue
            }
        }
        return false
    }
}

extension Unicode.Scalar {
    /// C0 (but for the tab), DEL, C1, and the separators that some viewers break a line at.
    fileprivate var needsEscape: Bool {
        switch value {
        case 0x09: false
        case 0..<0x20, 0x7f...0x9f, 0x2028, 0x2029: true
        default: false
        }
    }

    fileprivate var escaped: String {
        let hex = String(value, radix: 16)
        return value < 0x100 ? (value < 0x10 ? "\\x0\(hex)" : "\\x\(hex)") : "\\u\(hex)"
    }
}
