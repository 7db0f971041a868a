/// Reads words of SQL: it knows white space, comments and quoted identifiers, and nothing more (manual, "Lexical Structure").
struct SQLWords: ~Escapable {
    enum Word: Equatable {
        /// Letters made small.
        case plain([UInt8])
        /// Without its quotes.
        case quoted([UInt8])
    }

    private let text: RawSpan
    private(set) var position: Int
    /// Whether empty statements in front of the first word are passed over.
    private let passesEmpty: Bool
    /// Where the last word stood, quotes included.
    private(set) var lastWord = 0..<0

    /// From the beginning of a text, or from within a statement.
    @_lifetime(copy text)
    init(_ text: RawSpan, from start: Int? = nil) {
        self.text = text
        position = start ?? 0
        passesEmpty = start == nil
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
        guard byte.startsWord else { return nil }
        var bytes: [UInt8] = []
        while let byte = peek(), byte.continuesWord {
            bytes.append(byte.lowercase)
            position += 1
        }
        // U&"..." is an identifier with escapes, which we leave alone.
        if let byte = peek(), byte == UInt8(ascii: "&") || byte == UInt8(ascii: "'") { return nil }
        lastWord = start..<position
        return .plain(bytes)
    }

    private func peek() -> UInt8? { position < text.byteCount ? text.uint8(at: position) : nil }

    @_lifetime(self: copy self)
    private mutating func skipSpace() {
        position = text.endOfSpace(from: position)
        while passesEmpty, lastWord.isEmpty, peek() == UInt8(ascii: ";") {
            position = text.endOfSpace(from: position + 1)
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
}
