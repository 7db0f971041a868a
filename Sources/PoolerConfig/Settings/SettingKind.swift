/// What the value of a setting looks like.
public enum SettingKind: Sendable, Equatable {
    /// A whole number; 0x starts a hexadecimal, 0 an octal one where the value stands in a line of its own.
    case integer(ClosedRange<Int>)
    /// 0 or 1, any other integer is 1; also on, off, true, false, yes, no.
    case boolean
    /// Seconds, fractions and exponents allowed.
    case time
    /// One of these words, in any case.
    case choice([String])
    /// Words separated by commas.
    case words
    /// Anything, to the end of the line.
    case text
    /// Where to listen: `host:port`, or nothing.
    case hostAndPort
    /// The path of a file or directory, relative to the working directory of the process.
    case path

    /// True where ` ; ...` after the value is a comment; in the others it may be part of the value.
    var allowsInlineComment: Bool {
        switch self {
        case .integer, .boolean, .time, .choice, .hostAndPort: true
        case .words, .text, .path: false
        }
    }

    /// What SHOW CONFIG shows of a value that it shows as it was given: of a yes or no its number, which is often another
    /// one than 1 (`tcp_defer_accept = 45`).
    func shown(_ text: String) -> String? {
        guard self == .boolean else { return text }
        let number = Number.cInteger(text) ?? 0
        return number == 0 || number == 1 ? nil : String(number)
    }

    /// What a person is told to write, for error messages and the documentation.
    var expectation: String {
        switch self {
        case .integer(SettingKind.int32): "an integer"
        case .integer(let range) where range.upperBound == SettingKind.int32.upperBound:
            "an integer, \(range.lowerBound) or more"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "0 or 1"
        case .time: "seconds, such as 10 or 1.5"
        case .choice(let words): Phrase.alternatives(words)
        case .words: "words separated by commas"
        case .text: "text"
        case .hostAndPort: "host:port, such as 127.0.0.1:9127 or [::1]:9127"
        case .path: "a path"
        }
    }

    /// The range of C's int, which PgBouncer's integers have.
    static let int32 = -2_147_483_648...2_147_483_647
}
