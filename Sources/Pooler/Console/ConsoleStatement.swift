/// The text of one command, cut into words: `WORD`, `WORD argument` or `WORD key = value`, with an optional semicolon.
///
/// Words are letters, digits and underscores, or anything in double quotes. There are no comments and no second
/// statement.
struct ConsoleStatement: Equatable, Sendable {
    enum Arguments: Equatable, Sendable {
        case none
        case word(String)
        case assignment(key: String, value: String)
    }

    let word: String
    let arguments: Arguments

    /// nil when the text has no such form.
    init?(_ text: String) {
        var scanner = ConsoleScanner(text)
        scanner.skipBlanks()
        guard let word = scanner.word() else { return nil }
        self.word = word
        let hasBlank = scanner.skipBlanks()
        if scanner.isAtEnd {
            arguments = .none
            return
        }
        guard hasBlank, let first = scanner.word() else { return nil }
        scanner.skipBlanks()
        if scanner.isAtEnd {
            arguments = .word(first)
            return
        }
        guard scanner.assignmentSign() else { return nil }
        scanner.skipBlanks()
        guard let value = scanner.word() ?? scanner.literal() else { return nil }
        scanner.skipBlanks()
        guard scanner.isAtEnd else { return nil }
        arguments = .assignment(key: first, value: value)
    }

    /// A command of at most 15 bytes, an argument or key of 63, a value of 255.
    var isWithinLimits: Bool {
        guard word.utf8.count <= 15 else { return false }
        return switch arguments {
        case .none: true
        case .word(let argument): argument.utf8.count <= 63
        case .assignment(let key, let value): key.utf8.count <= 63 && value.utf8.count <= 255
        }
    }
}

/// Reads the parts of a command from the front of its text.
private struct ConsoleScanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = ArraySlice(text.utf8) }

    /// Nothing is left but a semicolon between blanks.
    var isAtEnd: Bool {
        var copy = self
        copy.skipBlanks()
        if copy.rest.first == UInt8(ascii: ";") { copy.rest.removeFirst() }
        copy.skipBlanks()
        return copy.rest.isEmpty
    }

    /// Skips blanks, and tells whether there were any.
    @discardableResult
    mutating func skipBlanks() -> Bool {
        let blanks = rest.prefix { [0x20, 0x09, 0x0D, 0x0A].contains($0) }
        rest = rest.dropFirst(blanks.count)
        return !blanks.isEmpty
    }

    /// A bare or double-quoted word.
    mutating func word() -> String? {
        if let text = quoted(by: UInt8(ascii: "\"")) { return text }
        let word = bareWord
        rest = rest.dropFirst(word.count)
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }

    /// A value in single quotes.
    mutating func literal() -> String? { quoted(by: UInt8(ascii: "'")) }

    /// The `=` or `TO` between key and value.
    mutating func assignmentSign() -> Bool {
        if rest.first == UInt8(ascii: "=") {
            rest.removeFirst()
            return true
        }
        guard String(decoding: bareWord, as: UTF8.self).lowercased() == "to" else { return false }
        rest = rest.dropFirst(2)
        return true
    }

    private var bareWord: ArraySlice<UInt8> {
        rest.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// Text between two quotes, where a doubled quote stands for one. Takes nothing when the quote is never closed.
    private mutating func quoted(by quote: UInt8) -> String? {
        guard rest.first == quote else { return nil }
        var text: [UInt8] = []
        var remaining = rest.dropFirst()
        while let end = remaining.firstIndex(of: quote) {
            text += remaining[..<end]
            remaining = remaining[end...].dropFirst()
            guard remaining.first == quote else {
                rest = remaining
                return String(decoding: text, as: UTF8.self)
            }
            text.append(quote)
            remaining = remaining.dropFirst()
        }
        return nil
    }
}
