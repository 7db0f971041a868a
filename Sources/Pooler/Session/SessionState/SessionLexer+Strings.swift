/// Strings and quoted identifiers.
extension SessionLexer {
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
            if byte.isSpace {
                if byte.isNewline { hasNewline = true }
                cursor += 1
            } else if byte == UInt8(ascii: "-"), cursor + 1 < end, text.uint8(at: cursor + 1) == byte {
                cursor = text.endOfLine(from: cursor)
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
        if start > 0, text.uint8(at: start - 1).continuesWord { return nil }
        if isTrailByte(start - 1) { mayDoAnything() }
        var cursor = start + 1
        while cursor < end, text.uint8(at: cursor) != UInt8(ascii: "$") {
            let byte = text.uint8(at: cursor)
            guard byte.continuesWord, cursor > start + 1 || byte.startsWord else {
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
}
