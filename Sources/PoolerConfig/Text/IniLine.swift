/// What one line of an ini file says.
enum IniLine: Equatable {
    /// Nothing, or a comment: the first byte that is no blank is ; or #.
    case blank
    /// `[name]`.
    case section(String)
    /// `%include path`.
    case include(String)
    /// `key = value`; the value is cut at both ends, may be empty, and is not known to be text yet.
    case entry(key: String, value: [UInt8])

    /// Reads a line without its newline. Found texts never repeat the line, it may hold a password.
    init(_ line: ArraySlice<UInt8>) throws(ValueError) {
        let bytes = Bytes.trimmed(line)
        guard let first = bytes.first, first != UInt8(ascii: ";"), first != UInt8(ascii: "#") else {
            self = .blank
            return
        }
        switch first {
        case UInt8(ascii: "["): self = .section(try Self.sectionName(Self.text(bytes)))
        case UInt8(ascii: "%"): self = .include(try Self.includedPath(bytes))
        default: self = try Self.entry(bytes)
        }
    }

    /// The text that `bytes` are: UTF-8, without NUL.
    static func text(_ bytes: some Collection<UInt8>) throws(ValueError) -> String {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw ValueError(found: "bytes that are not text", expected: "UTF-8")
        }
        return text
    }

    private static func sectionName(_ text: String) throws(ValueError) -> String {
        guard text.utf8.last == UInt8(ascii: "]") else {
            throw ValueError(found: "syntax error in configuration: a section without its \"]\"", expected: "[section]")
        }
        return String(text.dropFirst().dropLast())
    }

    private static func includedPath(_ bytes: ArraySlice<UInt8>) throws(ValueError) -> String {
        let word = "%include".utf8
        let path = bytes.dropFirst(word.count)
        guard bytes.starts(with: word), let separator = path.first, Bytes.isBlank(separator) else {
            throw ValueError(found: "syntax error in configuration after \"%\"", expected: "%include file")
        }
        return try text(Bytes.trimmed(path))
    }

    private static func entry(_ bytes: ArraySlice<UInt8>) throws(ValueError) -> IniLine {
        var rest = bytes
        let key = try key(&rest)
        rest = rest.drop(while: Bytes.isBlank)
        guard rest.popFirst() == UInt8(ascii: "=") else {
            throw ValueError(
                found: "syntax error in configuration: no \"=\" after \(Phrase.quoted(key))", expected: "key = value")
        }
        return .entry(key: key, value: Array(Bytes.trimmed(rest)))
    }

    /// A bare key, or one in quotes. In double quotes a doubled one stands for itself, as in SQL; in single quotes
    /// there is no way to write one.
    private static func key(_ rest: inout ArraySlice<UInt8>) throws(ValueError) -> String {
        guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            let name = rest.prefix(while: isBare)
            guard !name.isEmpty else {
                throw ValueError(
                    found: "syntax error in configuration: a key of other characters",
                    expected: "letters, digits, _ . - or *, anything else in quotes")
            }
            rest = rest[name.endIndex...]
            return try text(name)
        }
        var name: [UInt8] = []
        rest = rest.dropFirst()
        while let byte = rest.popFirst() {
            if byte == quote {
                if quote == UInt8(ascii: "\""), rest.first == quote {
                    rest = rest.dropFirst()
                } else {
                    guard !name.isEmpty else { break }
                    return try text(name)
                }
            }
            name.append(byte)
        }
        throw ValueError(
            found:
                "syntax error in configuration: \(name.isEmpty ? "an empty name" : "a name without its closing quote")",
            expected: "a name in quotes")
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "*"):
            true
        default: false
        }
    }

    /// `value` up to a ` ;` (or a `;` at its start), where a comment may stand after the value.
    static func withoutComment(_ value: String) -> String {
        var isAfterBlank = true
        for index in value.utf8.indices {
            let byte = value.utf8[index]
            if byte == UInt8(ascii: ";"), isAfterBlank {
                return String(Substring(Bytes.trimmed(value.utf8[..<index])))
            }
            isAfterBlank = Bytes.isBlank(byte)
        }
        return value
    }
}
