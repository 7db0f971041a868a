/// A JSON text (RFC 8259), read strictly: for tokens of strangers, and the keys that they are checked with.
///
/// A reader of our own, since the daemon does without Foundation and the packages that do too are not kept up. It is small
/// because it only reads. What JSON leaves open is refused: an object with the same name twice, more than `depthLimit`
/// levels, numbers beyond a double, half of a surrogate pair. The size is bounded by whoever has the bytes.
enum JSONValue: Equatable, Sendable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case number(Double)
    case boolean(Bool)
    case null

    /// Where a text stops being JSON as we take it.
    struct Malformed: Error, Equatable {
        let position: Int
    }

    static let depthLimit = 16

    init(_ bytes: some Collection<UInt8>) throws(Malformed) {
        var reader = Reader(bytes: Array(bytes))
        self = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.isAtEnd else { throw reader.malformed }
    }

    /// The value of this name, if this is an object that has it.
    subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    /// The text, if this is a string.
    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
}

/// Walks the bytes once; each method leaves the position behind what it has read.
private struct Reader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }
    var malformed: JSONValue.Malformed { JSONValue.Malformed(position: position) }
    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    mutating func value(depth: Int) throws(JSONValue.Malformed) -> JSONValue {
        guard depth < JSONValue.depthLimit else { throw malformed }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try word("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default: return .number(try number())
        }
    }

    private mutating func members(depth: Int) throws(JSONValue.Malformed) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        position += 1
        skipSpace()
        if take("}") { return members }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw malformed }
            let name = try string()
            skipSpace()
            guard take(":") else { throw malformed }
            guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else { throw malformed }
            skipSpace()
        } while take(",")
        guard take("}") else { throw malformed }
        return members
    }

    private mutating func elements(depth: Int) throws(JSONValue.Malformed) -> [JSONValue] {
        var elements: [JSONValue] = []
        position += 1
        skipSpace()
        if take("]") { return elements }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw malformed }
        return elements
    }

    private mutating func string() throws(JSONValue.Malformed) -> String {
        var text: [UInt8] = []
        position += 1
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw malformed }
                return string
            case UInt8(ascii: "\\"): text += try escaped()
            case 0..<0x20: throw malformed
            default: text.append(byte)
            }
        }
        throw malformed
    }

    /// The character that a backslash begins, as UTF-8.
    private mutating func escaped() throws(JSONValue.Malformed) -> [UInt8] {
        guard let byte = next else { throw malformed }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"): break
        default: throw malformed
        }
        var code = try hexadecimal()
        if 0xD800..<0xDC00 ~= code {
            guard take("\\"), take("u") else { throw malformed }
            let low = try hexadecimal()
            guard 0xDC00..<0xE000 ~= low else { throw malformed }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw malformed }
        return Array(UTF8.encode(scalar).map { Array($0) } ?? [])
    }

    private mutating func hexadecimal() throws(JSONValue.Malformed) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch next {
            case .some(let byte) where UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte: digit = byte - 0x30
            case .some(let byte) where UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20: digit = (byte | 0x20) - 87
            default: throw malformed
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func number() throws(JSONValue.Malformed) -> Double {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)), number.isFinite else {
            throw malformed
        }
        return number
    }

    private mutating func digits() throws(JSONValue.Malformed) {
        let start = position
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
        guard position > start else { throw malformed }
    }

    private mutating func word(_ word: String) throws(JSONValue.Malformed) {
        guard bytes[position...].starts(with: word.utf8) else { throw malformed }
        position += word.utf8.count
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }
}
