/// The small pieces of SQL: words, and what stands between them.
extension SessionLexer {
    /// Reads to the semicolon or the end, with an eye on functions. `mayCreate`: INTO would make a table.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func readRest(mayCreate: Bool = true) {
        while position < end {
            let byte = text.uint8(at: position)
            guard Self.isNotable(byte), byte | 0x20 != UInt8(ascii: "o") || isAfterT else {
                position += 1
                continue
            }
            if byte == UInt8(ascii: ";") { return }
            readNotable(byte, mayCreate)
        }
    }

    @inline(__always)
    private var isAfterT: Bool { position > 0 && text.uint8(at: position - 1) | 0x20 == UInt8(ascii: "t") }

    /// One bit for each of `" $ ' - / ; O _ o`.
    @inline(__always)
    private static func isNotable(_ byte: UInt8) -> Bool {
        guard byte < 0x80 else { return false }
        let low: UInt64 = 1 << 0x22 | 1 << 0x24 | 1 << 0x27 | 1 << 0x2D | 1 << 0x2F | 1 << 0x3B
        let high: UInt64 = 1 << (0x4F - 64) | 1 << (0x5F - 64) | 1 << (0x6F - 64)
        return ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 != 0
    }

    @_lifetime(self: copy self)
    private mutating func readNotable(_ byte: UInt8, _ mayCreate: Bool) {
        switch byte {
        case UInt8(ascii: "_"):
            if let length = functionPrefixLength() {
                position -= length
                readFunction()
            } else {
                position += 1
            }
        case UInt8(ascii: "o"), UInt8(ascii: "O"):
            position += 1
            if mayCreate, ends(position - 1, with: "int") { readInto() }
        default:
            skipOpaque(byte)
        }
    }

    /// The letters before an underscore that begin the name of a function of interest.
    private func functionPrefixLength() -> Int? {
        guard position > 0 else { return nil }
        switch text.uint8(at: position - 1) | 0x20 {
        case UInt8(ascii: "g"): return ends(position, with: "pg") ? 2 : nil
        case UInt8(ascii: "t"): return ends(position, with: "set") ? 3 : nil
        case UInt8(ascii: "y"): return ends(position, with: "query") ? 5 : nil
        case UInt8(ascii: "s"): return ends(position, with: "ts") ? 2 : nil
        default: return nil
        }
    }

    /// What is not SQL's to read: a string, a quoted identifier, a comment; or one byte.
    @_lifetime(self: copy self)
    private mutating func skipOpaque(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "'"):
            readString()
        case UInt8(ascii: "\""):
            let content = readQuoted()
            let after = position
            if hasFunctionPrefix(content) { functionNamed(content) }
            position = max(position, after)
        case UInt8(ascii: "$"):
            if readDollarQuoted() == nil { position += 1 }
        case UInt8(ascii: "-"), UInt8(ascii: "/"):
            let start = position
            skipSpace()
            if position == start { position += 1 }
        default:
            position += 1
        }
    }

    /// The next word of the statement, whatever is between; nil at its end. Functions that matter are taken note of.
    @_lifetime(self: copy self)
    mutating func nextWord() -> Range<Int>? {
        while position < end {
            let byte = text.uint8(at: position)
            if byte == UInt8(ascii: ";") { return nil }
            if byte.startsWord, let word = readWord() {
                if hasFunctionPrefix(word) { functionNamed(word) }
                return word
            }
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                while position < end, text.uint8(at: position).continuesWord { position += 1 }
            } else {
                skipOpaque(byte)
            }
        }
        return nil
    }

    /// A word that comes next, white space and comments aside.
    @_lifetime(self: copy self)
    mutating func readWord() -> Range<Int>? {
        skipSpace()
        guard position < end, text.uint8(at: position).startsWord else { return nil }
        let start = position
        while position < end, text.uint8(at: position).continuesWord { position += 1 }
        return start..<position
    }

    /// Whether what stands in front of an offset, from the beginning of its word, reads like this.
    func ends(_ offset: Int, with word: StaticString) -> Bool {
        let start = offset - word.utf8CodeUnitCount
        guard start >= 0, matches(start..<offset, word) else { return false }
        return start == 0 || !text.uint8(at: start - 1).continuesWord
    }

    /// Whether a range reads like a word in small letters.
    func matches(_ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<range.count
        where text.uint8(at: range.lowerBound + index).lowercase != (unsafe word.utf8Start[index]) {
            return false
        }
        return true
    }

    /// White space and comments; between statements empty ones and parentheses too.

    func isNext(_ byte: UInt8) -> Bool { position + 1 < end && text.uint8(at: position + 1) == byte }

    /// White space and comments; between statements empty ones and parentheses too.
    @_lifetime(self: copy self)
    mutating func skipSpace(and semicolons: Bool = false) {
        position = text.endOfSpace(from: position)
        guard semicolons else { return }
        while position < end {
            switch text.uint8(at: position) {
            case UInt8(ascii: ";"), UInt8(ascii: "("), 0: position = text.endOfSpace(from: position + 1)
            default: return
            }
        }
    }
}
