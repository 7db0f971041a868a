/// The program that prints the password for server logins (`password_command`), and its arguments.
///
/// Words are separated by blanks. What stands in double or single quotes belongs to one word, blanks and all; inside, the
/// doubled quote is a quote. Nothing else is special: no shell reads it. Whoever wants one writes `sh -c "..."`.
public struct PasswordCommand: Sendable, Hashable {
    /// The text as it was written.
    public let text: String
    /// The program, found along PATH unless it has a slash in it, and what it is given; never empty.
    public let arguments: [String]

    init(_ text: String) throws(ValueError) {
        var words: [[UInt8]] = []
        var rest = Array(text.utf8)[...]
        while true {
            rest = rest.drop(while: Bytes.isBlank)
            guard !rest.isEmpty else { break }
            guard let word = Self.word(&rest) else {
                throw ValueError(
                    found: "a quote that is not closed", expected: "a program and its arguments, quotes in pairs")
            }
            words.append(word)
        }
        guard let program = words.first, !program.isEmpty else {
            throw ValueError(found: "no program", expected: "a program and its arguments")
        }
        self.text = text
        arguments = words.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes up to the next blank outside quotes; nil if a quote stays open.
    private static func word(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var word: [UInt8] = []
        while let byte = rest.first, !Bytes.isBlank(byte) {
            rest = rest.dropFirst()
            guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else {
                word.append(byte)
                continue
            }
            var isOpen = true
            while isOpen {
                guard let inner = rest.popFirst() else { return nil }
                if inner != byte {
                    word.append(inner)
                } else if rest.first == byte {
                    word.append(byte)
                    rest = rest.dropFirst()
                } else {
                    isOpen = false
                }
            }
        }
        return word
    }
}

extension PasswordCommand: CustomStringConvertible {
    /// Nothing of it: an argument may be a secret.
    public var description: String { "(hidden)" }
}

extension ValueFormat where Value == PasswordCommand? {
    /// A program and its arguments; an empty value is none.
    static var passwordCommand: Self {
        ValueFormat<PasswordCommand>(kind: .text) { text throws(ValueError) in
            try PasswordCommand(text)
        } print: {
            $0.text
        }.unlessEmpty
    }
}
