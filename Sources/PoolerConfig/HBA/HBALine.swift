/// The fields of one line of an HBA or ident file. Blanks separate fields, commas the words within one; # starts a
/// comment outside of quotes; in double quotes a doubled one stands for itself.
struct HBALine {
    struct Word: Equatable {
        var text: String
        /// Began with a quote: then it is a name, whatever it says.
        var isQuoted: Bool
    }

    struct Field: Equatable {
        var words: [Word]
        /// Where the line goes on after it.
        var end: Int

        /// The only word of the field; nil if there are several.
        var word: Word? { words.count == 1 ? words.first : nil }

        /// The only word, if it is not quoted.
        var keyword: String? { word.flatMap { $0.isQuoted ? nil : $0.text } }
    }

    private(set) var fields: [Field] = []
    private let line: ArraySlice<UInt8>

    init(_ line: ArraySlice<UInt8>) throws(ValueError) {
        self.line = line
        var rest = line
        var words: [Word] = []
        while true {
            rest = rest.drop(while: Bytes.isSpace)
            guard let first = rest.first, first != UInt8(ascii: "#") else { break }
            words.append(try Self.word(&rest))
            let next = rest.drop(while: Bytes.isSpace)
            if next.first == UInt8(ascii: ",") {
                rest = next.dropFirst()
            } else {
                fields.append(Field(words: words, end: rest.startIndex))
                words = []
            }
        }
        guard words.isEmpty else { throw ValueError(found: "a comma at the end", expected: "another name") }
    }

    /// What stands after `field`, as it is.
    func text(after field: Field) -> String? {
        String(validating: Bytes.trimmed(line[field.end...]), as: UTF8.self)
    }

    private static func word(_ rest: inout ArraySlice<UInt8>) throws(ValueError) -> Word {
        let quote = UInt8(ascii: "\"")
        let startsQuoted = rest.first == quote
        var bytes: [UInt8] = []
        var isInside = false
        while let byte = rest.first {
            if byte == quote {
                rest = rest.dropFirst()
                if isInside, rest.first == quote {
                    bytes.append(quote)
                    rest = rest.dropFirst()
                } else {
                    isInside.toggle()
                }
                continue
            }
            if !isInside, Bytes.isSpace(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "#") { break }
            bytes.append(byte)
            rest = rest.dropFirst()
        }
        guard !isInside else { throw ValueError(found: "a quote that is not closed", expected: "\"") }
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw ValueError(found: "bytes that are not text", expected: "UTF-8")
        }
        guard startsQuoted || !text.isEmpty else { throw ValueError(found: "an empty name", expected: "a name") }
        return Word(text: text, isQuoted: startsQuoted)
    }
}
