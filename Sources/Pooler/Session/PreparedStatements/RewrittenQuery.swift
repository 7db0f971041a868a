/// A prepared statement under the name that a server knows, and the one that its client has given to it.
struct StatementAlias {
    let server: [UInt8]
    let client: [UInt8]
}

/// A query text in which names of prepared statements were replaced, as far as errors about it have to be told in the client's
/// own terms.
struct RewrittenQuery {
    private(set) var names: [StatementAlias] = []
    /// Which of them could not be prepared, and why.
    var failure: Failure?

    /// A statement that is not there when the text executes it.
    struct Failure {
        /// The server's name for it.
        let name: [UInt8]
        /// The server's error.
        let error: [UInt8]
    }

    /// Up to which character of the new text the names behind it are moved by how much.
    private var shifts: [(end: Int, growth: Int)] = []

    /// The statements that are named and the names put in their place, in the order of the text. Characters are counted as
    /// those of UTF-8.
    init(_ text: RawSpan, _ replacements: [(range: Range<Int>, alias: StatementAlias)]) {
        var cursor = 0
        var characters = 0
        for (range, alias) in replacements {
            characters += Self.characterCount(text, cursor..<range.lowerBound)
            let length = alias.server.count + 2
            characters += length
            shifts.append((characters, length - Self.characterCount(text, range)))
            cursor = range.upperBound
            names.append(alias)
        }
    }

    /// What the client is told instead of an error that comes of a statement which could not be prepared: why it could not. Outside
    /// a transaction it is missing, inside the transaction has failed.
    func cause(of error: ServerMessageFields) -> [UInt8]? {
        guard let failure else { return nil }
        let isMissing = error.sqlState == "26000" && error.message.utf8.contains(failure.name)
        return isMissing || error.sqlState == "25P02" ? failure.error : nil
    }

    /// Where a character of the new text, counted from 1, stands in the client's.
    func position(of character: Int) -> Int {
        character - shifts.reduce(0) { $0 + (character > $1.end ? $1.growth : 0) }
    }

    private static func characterCount(_ text: RawSpan, _ range: Range<Int>) -> Int {
        range.count { text.uint8(at: $0) & 0xC0 != 0x80 }
    }
}
