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
        var lexer = SQLWords(text)
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
