/// The small pieces of SQL: words, strings, comments, and the functions that matter.
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
            if Self.startsWord(byte), let word = readWord() {
                if hasFunctionPrefix(word) { functionNamed(word) }
                return word
            }
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                while position < end, Self.continuesWord(text.uint8(at: position)) { position += 1 }
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
        guard position < end, Self.startsWord(text.uint8(at: position)) else { return nil }
        let start = position
        while position < end, Self.continuesWord(text.uint8(at: position)) { position += 1 }
        return start..<position
    }

    // MARK: - Functions

    @_lifetime(self: copy self)
    private mutating func readFunction() {
        guard let word = readWord() else { return }
        functionNamed(word)
    }

    private func hasFunctionPrefix(_ word: Range<Int>) -> Bool {
        guard word.count > 6 else { return false }
        switch text.uint8(at: word.lowerBound) | 0x20 {
        case UInt8(ascii: "p"), UInt8(ascii: "q"), UInt8(ascii: "s"), UInt8(ascii: "t"): return true
        default: return false
        }
    }

    /// A word that may name one of the functions that change a session.
    @_lifetime(self: copy self)
    private mutating func functionNamed(_ word: Range<Int>) {
        if matches(word, "set_config") {
            readSetConfig()
        } else if matches(word, "pg_advisory_lock") || matches(word, "pg_advisory_lock_shared")
            || matches(word, "pg_try_advisory_lock") || matches(word, "pg_try_advisory_lock_shared")
        {
            effects.make(.advisoryLock)
        } else if matches(word, "pg_advisory_unlock") || matches(word, "pg_advisory_unlock_shared")
            || matches(word, "pg_advisory_unlock_all")
        {
            effects.ends.insert(.advisoryLock)
        } else if matches(word, "pg_settings") {
            // An UPDATE of it sets parameters.
            effects.touches.insert(.settings)
        } else if namesTemporarySchema(word) {
            effects.touches.insert(.temporary)
        } else if matches(word, "query_to_xml") || matches(word, "query_to_xmlschema")
            || matches(word, "query_to_xml_and_xmlschema") || matches(word, "ts_stat") || matches(word, "ts_rewrite")
        {
            // They run a query that is a value.
            mayDoAnything()
        }
    }

    /// `pg_temp`, or `pg_temp_3`.
    private func namesTemporarySchema(_ word: Range<Int>) -> Bool {
        guard word.count >= 7, matches(word.lowerBound..<word.lowerBound + 7, "pg_temp") else { return false }
        guard word.count > 8 else { return word.count == 7 }
        let digit = text.uint8(at: word.lowerBound + 8)
        return text.uint8(at: word.lowerBound + 7) == UInt8(ascii: "_") && digit >= UInt8(ascii: "0")
            && digit <= UInt8(ascii: "9")
    }

    private mutating func mayDoAnything() {
        effects.touches.formUnion(SessionEffects.anything.touches)
        effects.ends.formUnion(SessionEffects.anything.ends)
    }

    /// `set_config('name', value, is_local)`: nothing when it is local for certain. The arguments are read again behind it,
    /// since they may call functions themselves.
    @_lifetime(self: copy self)
    private mutating func readSetConfig() {
        setConfigCount += 1
        let start = position
        guard setConfigCount <= SessionEffects.nameLimit * 2 else { return effects.make(.unknownSettings) }
        skipSpace()
        guard position < end, text.uint8(at: position) == UInt8(ascii: "(") else { return }
        position += 1
        skipSpace()
        var name: Range<Int>?
        if position < end, text.uint8(at: position) == UInt8(ascii: "'") {
            let first = position
            readString()
            name = first + 1..<max(first + 1, position - 1)
            skipSpace()
            // A part of an expression is no name.
            if position < end, text.uint8(at: position) != UInt8(ascii: ",") { name = nil }
        }
        let isLocal = isLastArgumentTrue(limit: position + Self.argumentLimit)
        position = start + 1
        if isLocal { return }
        effects.touches.insert(.settings)
        if let name, isPlain(name) {
            let bytes = name.map { text.uint8(at: $0) }
            effects.setsParameter(String(decoding: bytes, as: UTF8.self).lowercased())
        } else {
            effects.make(.unknownSettings)
        }
    }

    /// Longest arguments of set_config that are looked through.
    private static var argumentLimit: Int { 1024 }

    /// Whether the last of the arguments that are being read, at whose first we stand, is the word TRUE.
    @_lifetime(self: copy self)
    private mutating func isLastArgumentTrue(limit: Int) -> Bool {
        var depth = 0
        var isTrue = false
        while position < min(limit, end) {
            let byte = text.uint8(at: position)
            switch byte {
            case UInt8(ascii: "("):
                depth += 1
                position += 1
            case UInt8(ascii: ")"):
                if depth == 0 { return isTrue }
                depth -= 1
                position += 1
            case UInt8(ascii: ",") where depth == 0:
                position += 1
                isTrue = readWord().map { matches($0, "true") } ?? false
            case UInt8(ascii: "'"): readString()
            case UInt8(ascii: "\""): _ = readQuoted()
            case UInt8(ascii: "$"): if readDollarQuoted() == nil { position += 1 }
            case UInt8(ascii: " "), 9...13: position += 1
            case UInt8(ascii: "-"), UInt8(ascii: "/"):
                let start = position
                skipSpace()
                if position == start { position += 1 }
            default:
                isTrue = false
                position += 1
            }
        }
        return false
    }

    /// A name between quotes that reads as it stands.
    private func isPlain(_ name: Range<Int>) -> Bool {
        guard !name.isEmpty, name.count < 256 else { return false }
        return name.allSatisfy { offset in
            let byte = text.uint8(at: offset)
            return Self.continuesWord(byte) || byte == UInt8(ascii: ".")
        }
    }

    /// INTO, behind the word: that of INSERT and MERGE makes no table.
    @_lifetime(self: copy self)
    private mutating func readInto() {
        let after = position
        if after < end, Self.continuesWord(text.uint8(at: after)) { return }
        var before = after - 4
        while before > 0, Self.isSpace(text.uint8(at: before - 1)) { before -= 1 }
        if ends(before, with: "insert") || ends(before, with: "merge") { return }
        // Where it is made may depend on search_path.
        effects.touches.insert(.temporary)
        var word = readWord()
        if let present = word, matches(present, "local") || matches(present, "global") { word = readWord() }
        if let word, matches(word, "temp") || matches(word, "temporary") || matches(word, "pg_temp") {
            effects.make(.temporary)
        }
        position = after
    }

    // MARK: - Bytes

    /// Whether what stands in front of an offset, from the beginning of its word, reads like this.
    private func ends(_ offset: Int, with word: StaticString) -> Bool {
        let start = offset - word.utf8CodeUnitCount
        guard start >= 0, matches(start..<offset, word) else { return false }
        return start == 0 || !Self.continuesWord(text.uint8(at: start - 1))
    }

    /// Whether a range reads like a word in small letters.
    func matches(_ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<range.count
        where Self.lowercase(text.uint8(at: range.lowerBound + index)) != (unsafe word.utf8Start[index]) {
            return false
        }
        return true
    }

    /// White space and comments; between statements empty ones and parentheses too.
    @_lifetime(self: copy self)
    mutating func skipSpace(and semicolons: Bool = false) {
        while position < end {
            switch text.uint8(at: position) {
            case UInt8(ascii: " "), 9...13:
                position += 1
            case UInt8(ascii: ";"), UInt8(ascii: "("), 0:
                guard semicolons else { return }
                position += 1
            case UInt8(ascii: "-") where isNext(UInt8(ascii: "-")):
                while position < end, !Self.isNewline(text.uint8(at: position)) { position += 1 }
            case UInt8(ascii: "/") where isNext(UInt8(ascii: "*")):
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
        while position < end {
            let byte = text.uint8(at: position)
            if byte == UInt8(ascii: "/"), isNext(UInt8(ascii: "*")) {
                depth += 1
                position += 2
            } else if byte == UInt8(ascii: "*"), isNext(UInt8(ascii: "/")) {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else {
                position += 1
            }
        }
    }

    /// A string, at whose opening quote we stand. One with escapes goes on behind a line's end.
    @_lifetime(self: copy self)
    mutating func readString() {
        guard ends(position, with: "e") else { return readString(isEscaped: hasBackslashes, isCertain: false) }
        repeat {
            readString(isEscaped: true, isCertain: true)
        } while isContinued()
    }

    /// `isCertain`: what a backslash means does not depend on the session.
    @_lifetime(self: copy self)
    private mutating func readString(isEscaped: Bool, isCertain: Bool) {
        position += 1
        while position < end {
            let byte = text.uint8(at: position)
            position += 1
            switch byte {
            case UInt8(ascii: "\\"):
                if !isCertain, position < end, text.uint8(at: position) == UInt8(ascii: "'") { isAmbiguous = true }
                guard isEscaped else { continue }
                // In some encodings it may be half of a character.
                if text.uint8(at: position - 2) >= 0x80 { mayDoAnything() }
                position = min(end, position + 1)
            case UInt8(ascii: "'"):
                guard position < end, text.uint8(at: position) == byte else { return }
                position += 1
            case UInt8(ascii: "_"):
                noteHiddenFunction(position - 1)
            default:
                break
            }
        }
    }

    /// The name of a function within a string, at whose underscore we stand: whatever runs it.
    private mutating func noteHiddenFunction(_ offset: Int) {
        if (ends(offset, with: "set") && begins(offset + 1, with: "config"))
            || (ends(offset, with: "pg") && begins(offset + 1, with: "advisory"))
        {
            effects.touches.formUnion([.settings, .advisoryLock])
        }
    }

    private func begins(_ offset: Int, with word: StaticString) -> Bool {
        let limit = offset + word.utf8CodeUnitCount
        return limit <= end && matches(offset..<limit, word)
    }

    /// Whether a string goes on: white space with a line's end in it, and a quote, at which we stand then.
    private mutating func isContinued() -> Bool {
        var cursor = position
        var hasNewline = false
        while cursor < end {
            let byte = text.uint8(at: cursor)
            if Self.isSpace(byte) {
                if Self.isNewline(byte) { hasNewline = true }
                cursor += 1
            } else if byte == UInt8(ascii: "-"), cursor + 1 < end, text.uint8(at: cursor + 1) == byte {
                while cursor < end, !Self.isNewline(text.uint8(at: cursor)) { cursor += 1 }
            } else {
                break
            }
        }
        guard hasNewline, cursor < end, text.uint8(at: cursor) == UInt8(ascii: "'") else { return false }
        position = cursor
        return true
    }

    /// A quoted identifier, at whose opening quote we stand: what is between the quotes.
    @_lifetime(self: copy self)
    mutating func readQuoted() -> Range<Int> {
        let start = position + 1
        if position >= 2, text.uint8(at: position - 1) == UInt8(ascii: "&"), ends(position - 1, with: "u") {
            // U&"...": an escape may spell any name.
            mayDoAnything()
            effects.make(.unknownSettings)
        }
        position = start
        while position < end {
            if text.uint8(at: position) == UInt8(ascii: "\"") {
                guard isNext(UInt8(ascii: "\"")) else {
                    position += 1
                    return start..<position - 1
                }
                position += 1
            }
            position += 1
        }
        position = end
        return start..<max(start, end)
    }

    /// A dollar-quoted string, at whose first byte we stand: what is in it. Nil for a parameter, or a `$` within a word.
    @_lifetime(self: copy self)
    mutating func readDollarQuoted() -> Range<Int>? {
        let start = position
        if start > 0, Self.continuesWord(text.uint8(at: start - 1)) { return nil }
        if isTrailByte(start - 1) { mayDoAnything() }
        var cursor = start + 1
        while cursor < end, text.uint8(at: cursor) != UInt8(ascii: "$") {
            let byte = text.uint8(at: cursor)
            guard Self.continuesWord(byte), cursor > start + 1 || Self.startsWord(byte) else {
                if isTrailByte(cursor) { mayDoAnything() }
                return nil
            }
            cursor += 1
        }
        guard cursor < end else { return nil }
        let tagLength = cursor + 1 - start
        let bodyStart = cursor + 1
        cursor = bodyStart
        while cursor + tagLength <= end {
            if text.uint8(at: cursor) == UInt8(ascii: "$"), isSame(start, cursor, tagLength) {
                position = cursor + tagLength
                return bodyStart..<cursor
            }
            if text.uint8(at: cursor) == UInt8(ascii: "_") { noteHiddenFunction(cursor) }
            cursor += 1
        }
        position = end
        return bodyStart..<end
    }

    /// Whether a byte that is no letter may be half of one: in SJIS, BIG5, GBK, GB18030, UHC and JOHAB.
    private func isTrailByte(_ offset: Int) -> Bool {
        offset > 0 && text.uint8(at: offset - 1) >= 0x80 && (0x40..<0x7F).contains(text.uint8(at: offset))
    }

    private func isSame(_ left: Int, _ right: Int, _ count: Int) -> Bool {
        for index in 0..<count where text.uint8(at: left + index) != text.uint8(at: right + index) { return false }
        return true
    }

    private func isNext(_ byte: UInt8) -> Bool { position + 1 < end && text.uint8(at: position + 1) == byte }

    @inline(__always)
    static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }

    private static func isNewline(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    @inline(__always)
    static func startsWord(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    @inline(__always)
    static func continuesWord(_ byte: UInt8) -> Bool {
        startsWord(byte) || byte == UInt8(ascii: "$") || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }
}
