/// Bytes of SQL (PostgreSQL manual, "Lexical Structure").
extension UInt8 {
    /// Whether a word may begin with it: letters, `_`, and whatever is not ASCII.
    @inline(__always)
    var startsWord: Bool {
        let letter = self | 0x20
        return (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")) || self == UInt8(ascii: "_") || self >= 0x80
    }

    /// Whether it may stand within a word.
    @inline(__always)
    var continuesWord: Bool {
        startsWord || self == UInt8(ascii: "$") || (self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9"))
    }

    @inline(__always)
    var isSpace: Bool { self == UInt8(ascii: " ") || (9...13).contains(self) }

    @inline(__always)
    var isNewline: Bool { self == UInt8(ascii: "\n") || self == UInt8(ascii: "\r") }

    /// The small letter for a capital one of ASCII.
    @inline(__always)
    var lowercase: UInt8 { self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self }
}

/// What stands between the words of SQL.
extension RawSpan {
    /// Where white space and comments end that begin here.
    @inline(__always)
    func endOfSpace(from start: Int) -> Int {
        var cursor = start
        while cursor < byteCount {
            let byte = uint8(at: cursor)
            if byte.isSpace {
                cursor += 1
            } else if byte == UInt8(ascii: "-"), isByte(UInt8(ascii: "-"), at: cursor + 1) {
                cursor = endOfLine(from: cursor)
            } else if byte == UInt8(ascii: "/"), isByte(UInt8(ascii: "*"), at: cursor + 1) {
                cursor = endOfComment(from: cursor)
            } else {
                break
            }
        }
        return cursor
    }

    /// Where the next line break stands, or the end.
    func endOfLine(from start: Int) -> Int {
        var cursor = start
        while cursor < byteCount, !uint8(at: cursor).isNewline { cursor += 1 }
        return cursor
    }

    /// Where a comment ends that begins here with `/*`. Comments nest.
    private func endOfComment(from start: Int) -> Int {
        var cursor = start
        var depth = 0
        while cursor < byteCount {
            let byte = uint8(at: cursor)
            if byte == UInt8(ascii: "/"), isByte(UInt8(ascii: "*"), at: cursor + 1) {
                depth += 1
                cursor += 2
            } else if byte == UInt8(ascii: "*"), isByte(UInt8(ascii: "/"), at: cursor + 1) {
                depth -= 1
                cursor += 2
                if depth == 0 { break }
            } else {
                cursor += 1
            }
        }
        return cursor
    }

    private func isByte(_ byte: UInt8, at offset: Int) -> Bool { offset < byteCount && uint8(at: offset) == byte }
}
