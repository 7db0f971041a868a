/// What SQL may take away of a session's prepared statements, found by a glance at the start of the text: DEALLOCATE and DISCARD.
enum DiscardCommand: Equatable, Sendable {
    /// DEALLOCATE of one name, as Postgres reads it: unquoted letters made small, cut to 63 bytes.
    case name([UInt8])
    /// DEALLOCATE ALL, DISCARD, or a DEALLOCATE that we cannot read: what it did, its command tag tells.
    case any

    /// Text behind which nothing of the kind is looked for: comments before such a command are short.
    static let reach = 4096
}

/// A glance at the first statement of a query text.
struct LeadingCommand: Equatable {
    let command: DiscardCommand
    /// Where the name stands in the text, quotes included; empty where the command names nothing.
    let name: Range<Int>

    /// Nil for every other statement; for nearly all of them the first byte says so.
    @inline(__always)
    init?(_ text: RawSpan) {
        guard text.byteCount > 0, Self.mayBegin(text.uint8(at: 0)) else { return nil }
        self.init(reading: text)
    }

    /// Whether a text that begins with this byte is worth a closer look.
    @inline(__always)
    static func mayBegin(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "d"), UInt8(ascii: "D"), UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "/"),
            UInt8(ascii: ";"), 0x09...0x0D:
            true
        default: false
        }
    }

    @inline(never)
    private init?(reading text: RawSpan) {
        var lexer = SQLLexer(text)
        switch lexer.nextWord() {
        case .plain(Self.discard):
            (command, name) = (.any, 0..<0)
            return
        case .plain(Self.deallocate): break
        case .plain, .quoted, nil: return nil
        }
        var word = lexer.nextWord()
        if case .plain(Self.prepare) = word {
            // The word PREPARE means nothing, unless it is the name.
            word = lexer.nextWord() ?? word
        }
        switch word {
        case .plain(Self.all), nil: (command, name) = (.any, 0..<0)
        case .plain(let bytes), .quoted(let bytes):
            (command, name) = (.name(Array(bytes.prefix(ClientStatements.nameLimit))), lexer.lastWord)
        }
    }

    private static let discard = Array("discard".utf8)
    private static let deallocate = Array("deallocate".utf8)
    private static let prepare = Array("prepare".utf8)
    private static let all = Array("all".utf8)
}

/// Reads words of SQL: it knows white space, comments and quoted identifiers, and nothing more (manual, "Lexical Structure").
struct SQLLexer: ~Escapable {
    enum Word: Equatable {
        /// Letters made small.
        case plain([UInt8])
        /// Without its quotes.
        case quoted([UInt8])
    }

    private let text: RawSpan
    private(set) var position = 0
    /// Where the last word stood, quotes included.
    private(set) var lastWord = 0..<0

    @_lifetime(copy text)
    init(_ text: RawSpan) {
        self.text = text
    }

    /// The word that comes next; nil where something else comes, or nothing. Empty statements in front of the first word are
    /// passed over.
    @_lifetime(self: copy self)
    mutating func nextWord() -> Word? {
        skipSpace()
        guard let byte = peek() else { return nil }
        let start = position
        if byte == UInt8(ascii: "\"") {
            guard let bytes = quotedIdentifier() else { return nil }
            lastWord = start..<position
            return .quoted(bytes)
        }
        guard Self.startsWord(byte) else { return nil }
        var bytes: [UInt8] = []
        while let byte = peek(), Self.continuesWord(byte) {
            let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            bytes.append(isCapital ? byte | 0x20 : byte)
            position += 1
        }
        // U&"..." is an identifier with escapes, which we leave alone.
        if let byte = peek(), byte == UInt8(ascii: "&") || byte == UInt8(ascii: "'") { return nil }
        lastWord = start..<position
        return .plain(bytes)
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        position + distance < text.byteCount ? text.uint8(at: position + distance) : nil
    }

    @_lifetime(self: copy self)
    private mutating func skipSpace() {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), 0x09...0x0D:
                position += 1
            case UInt8(ascii: ";") where lastWord.isEmpty:
                position += 1
            case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"):
                while let byte = peek(), byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { position += 1 }
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
                skipComment()
            default:
                return
            }
        }
    }

    /// Comments nest.
    @_lifetime(self: copy self)
    private mutating func skipComment() {
        var depth = 0
        while let byte = peek() {
            if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                depth += 1
                position += 2
            } else if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else {
                position += 1
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func quotedIdentifier() -> [UInt8]? {
        let quote = UInt8(ascii: "\"")
        var bytes: [UInt8] = []
        position += 1
        while let byte = peek() {
            position += 1
            if byte != quote {
                bytes.append(byte)
            } else if peek() == quote {
                bytes.append(quote)
                position += 1
            } else {
                return bytes.isEmpty ? nil : bytes
            }
        }
        return nil
    }

    private static func startsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private static func continuesWord(_ byte: UInt8) -> Bool {
        startsWord(byte) || byte == UInt8(ascii: "$") || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }
}
