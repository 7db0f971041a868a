/// A place in a query text where a prepared statement is named.
struct StatementReference: Equatable {
    enum Verb {
        case prepare
        case execute
        case deallocate
    }

    let verb: Verb
    /// As Postgres reads it: unquoted letters made small, cut to 63 bytes. Nil for DEALLOCATE ALL.
    let name: [UInt8]?
    /// Where the name stands in the text, quotes included.
    let range: Range<Int>

    /// What comes behind the verb; nil where that is no name that we can read.
    init?(_ verb: Verb, in text: RawSpan, from start: Int) {
        self.verb = verb
        var words = SQLWords(text, from: start)
        var word = words.nextWord()
        if verb == .deallocate, case .plain(Self.prepare) = word {
            // The word PREPARE means nothing, unless it is the name.
            word = words.nextWord() ?? word
        }
        switch word {
        case .plain(Self.all) where verb == .deallocate:
            name = nil
        case .plain(let bytes), .quoted(let bytes):
            name = Array(bytes.prefix(ClientStatements.nameLimit))
        case nil:
            return nil
        }
        range = words.lastWord
    }

    private static let prepare = Array("prepare".utf8)
    private static let all = Array("all".utf8)
}
