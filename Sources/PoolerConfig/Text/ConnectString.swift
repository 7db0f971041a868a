/// The `key=value` pairs of an entry of [databases], [users] or [peers], in their order.
///
/// Blanks separate pairs and may stand around the `=`. A value goes to the next blank, or stands in single quotes,
/// where a doubled quote is a quote and a backslash is nothing special. An empty value is an error.
struct ConnectString: Equatable {
    struct Pair: Equatable {
        var key: String
        var value: String
    }

    var pairs: [Pair] = []

    /// Found texts never repeat a value, it may be a password.
    init(_ text: String) throws(ValueError) {
        var rest = Array(text.utf8)[...]
        while true {
            rest = rest.drop(while: Bytes.isBlank)
            guard !rest.isEmpty else { return }
            let key = rest.prefix { $0 != UInt8(ascii: "=") && !Bytes.isBlank($0) }
            rest = rest[key.endIndex...].drop(while: Bytes.isBlank)
            guard !key.isEmpty, rest.popFirst() == UInt8(ascii: "=") else {
                throw Self.error("\(key.isEmpty ? "no key before \"=\"" : "a word without \"=\"")\(position)")
            }
            rest = rest.drop(while: Bytes.isBlank)
            let name = String(decoding: key, as: UTF8.self)
            guard let value = Self.value(&rest) else {
                throw Self.error("a quote that is not closed, or closed within a value\(position)")
            }
            guard !value.isEmpty else { throw Self.error("an empty value\(position)") }
            pairs.append(Pair(key: name, value: String(decoding: value, as: UTF8.self)))
        }
    }

    /// The bytes of one value; nil if its quotes are wrong.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.first == UInt8(ascii: "'") else {
            let value = rest.prefix { !Bytes.isBlank($0) }
            rest = rest[value.endIndex...]
            return Array(value)
        }
        var value: [UInt8] = []
        rest = rest.dropFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "'") {
                guard rest.first == byte else {
                    return rest.first.map(Bytes.isBlank) ?? true ? value : nil
                }
                rest = rest.dropFirst()
            }
            value.append(byte)
        }
        return nil
    }

    private var position: String {
        pairs.last.map { " after \($0.key)" } ?? ""
    }

    private static func error(_ detail: String) -> ValueError {
        ValueError(
            found: "syntax error in connection string: \(detail)",
            expected: "key=value pairs, a value with blanks in single quotes")
    }
}
