/// A glance at a query text for what it may do to its session's state.
///
/// It is no parser. Of each statement it knows the leading words, and in the rest it looks for the names of a few functions; it
/// knows comments, strings and quoted identifiers well enough not to take them for SQL (PostgreSQL manual, "Lexical
/// Structure"). What is guessed wrong costs a question to the server and no more. A plain statement is walked once, byte by
/// byte, and allocates nothing.
struct SessionLexer: ~Escapable {
    let text: RawSpan
    let end: Int
    /// standard_conforming_strings is off: a backslash escapes in every string.
    let hasBackslashes: Bool
    var position = 0
    var effects = SessionEffects.none
    /// Calls of set_config that were looked into: each is a look ahead, and a hostile text may have thousands.
    var setConfigCount = 0
    /// Where its strings end depends on standard_conforming_strings, which may be on its way.
    var isAmbiguous = false
    /// Where prepared statements are named, if that is wanted.
    private var references: [StatementReference]?

    @_lifetime(copy text)
    init(_ text: RawSpan, hasBackslashes: Bool = false) {
        self.text = text
        self.end = text.byteCount
        self.hasBackslashes = hasBackslashes
    }

    /// What a text does, which may end with a zero byte.
    static func effects(of text: RawSpan, hasBackslashes: Bool = false) -> SessionEffects {
        var lexer = SessionLexer(text, hasBackslashes: hasBackslashes)
        lexer.readText()
        return lexer.effects
    }

    /// The same, but nil for the many texts that leave a session as it is.
    @inline(__always)
    static func changes(by text: RawSpan, hasBackslashes: Bool) -> SessionEffects? {
        var lexer = SessionLexer(text, hasBackslashes: hasBackslashes)
        lexer.readText()
        return lexer.effects.isEmpty ? nil : lexer.effects
    }

    /// Where a text names prepared statements, in its order, up to where it can be read in two ways.
    static func statementReferences(in text: RawSpan, hasBackslashes: Bool = false) -> [StatementReference] {
        var lexer = SessionLexer(text, hasBackslashes: hasBackslashes)
        lexer.references = []
        lexer.readStatements()
        return lexer.references ?? []
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func readText() {
        readStatements()
        if isAmbiguous { addOtherReading() }
    }

    @inline(never)
    @_lifetime(self: copy self)
    private mutating func addOtherReading() {
        var other = SessionLexer(text, hasBackslashes: !hasBackslashes)
        other.readStatements()
        effects.formUnion(other.effects)
    }

    @_lifetime(self: copy self)
    private mutating func readStatements() {
        while true {
            skipSpace(and: true)
            guard position < end else { return }
            readStatement()
        }
    }

    /// Reads a statement up to its semicolon.
    @_lifetime(self: copy self)
    private mutating func readStatement() {
        guard let word = readWord() else { return readRest() }
        switch text.uint8(at: word.lowerBound) | 0x20 {
        case UInt8(ascii: "s"): if matches(word, "set") { readSetStatement() }
        case UInt8(ascii: "r"): if matches(word, "reset") { readReset() }
        case UInt8(ascii: "l"):
            if matches(word, "listen") { effects.make(.listen) }
            if matches(word, "load") { effects.touches.insert(.settings) }
        case UInt8(ascii: "u"): if matches(word, "unlisten") { effects.ends.insert(.listen) }
        case UInt8(ascii: "p"): if matches(word, "prepare") { readPrepare() }
        case UInt8(ascii: "d"): readD(word)
        case UInt8(ascii: "c"):
            if matches(word, "create") { readCreate() }
            if matches(word, "copy") { effects.copies = true }
            if matches(word, "close") { effects.ends.insert(.cursor) }
            // Names of parameters that a procedure sets are known to nobody, so that all are reset behind it.
            if matches(word, "call") { effects.touches.formUnion([.knowable, .unread]) }
        case UInt8(ascii: "e"):
            if matches(word, "execute") { readExecute() }
            if matches(word, "explain") { readExplain() }
        case UInt8(ascii: "i"): if matches(word, "insert") { return readRest(mayCreate: false) }
        default: break
        }
        readRest()
    }

    @_lifetime(self: copy self)
    private mutating func readD(_ word: Range<Int>) {
        if matches(word, "do") {
            readBlock()
        } else if matches(word, "declare") {
            readDeclare()
        } else if matches(word, "drop") {
            effects.ends.insert(.temporary)
        } else if matches(word, "deallocate") {
            effects.ends.insert(.statement)
            noteStatement(.deallocate)
        } else if matches(word, "discard") {
            guard let what = readWord() else { return }
            if matches(what, "all") {
                effects.ends = .all
                effects.resets = true
            } else if matches(what, "temp") || matches(what, "temporary") {
                effects.ends.insert(.temporary)
            }
        }
    }

    // MARK: - Parameters

    /// SET, behind the word, and whether it sets to DEFAULT.
    @_lifetime(self: copy self)
    private mutating func readSetStatement() {
        readSet()
        while let word = nextWord() {
            if matches(word, "default") || matches(word, "local") { effects.resets = true }
        }
    }

    @_lifetime(self: copy self)
    mutating func readSet() {
        let start = position
        guard let word = readWord() else { return readName(from: start) }
        if isDotNext() { return readName(from: start) }
        if matches(word, "local") || matches(word, "transaction") || matches(word, "constraints") { return }
        if matches(word, "session") {
            let second = position
            guard let word = readWord() else { return readName(from: second) }
            if isDotNext() { return readName(from: second) }
            if matches(word, "characteristics") {
                effects.touches.insert(.settings)
            } else if matches(word, "authorization") {
                effects.touches.insert(.role)
            } else {
                readParameter(word, from: second)
            }
        } else {
            readParameter(word, from: start)
        }
    }

    @_lifetime(self: copy self)
    private mutating func readReset() {
        effects.resets = true
        let start = position
        guard let word = readWord() else { return readName(from: start) }
        if isDotNext() { return readName(from: start) }
        if matches(word, "all") {
            effects.ends.insert(.settings)
        } else if matches(word, "session") {
            effects.touches.insert(.role)
        } else {
            readParameter(word, from: start)
        }
    }

    /// Whether the word that was read is the first of a name.
    @_lifetime(self: copy self)
    private mutating func isDotNext() -> Bool {
        skipSpace()
        return position < end && text.uint8(at: position) == UInt8(ascii: ".")
    }

    /// A parameter's name, or one of the words that stand for one.
    @_lifetime(self: copy self)
    private mutating func readParameter(_ word: Range<Int>, from start: Int) {
        if matches(word, "time") {
            effects.setsParameter("timezone")
        } else if matches(word, "names") {
            effects.setsParameter("client_encoding")
        } else if matches(word, "schema") {
            effects.setsParameter("search_path")
        } else if matches(word, "xml") {
            effects.setsParameter("xmloption")
        } else {
            readName(from: start)
        }
    }

    /// A name of one or more words with dots between them.
    @_lifetime(self: copy self)
    private mutating func readName(from start: Int) {
        position = start
        var name: [UInt8] = []
        while true {
            skipSpace()
            if position < end, text.uint8(at: position) == UInt8(ascii: "\"") {
                let content = readQuoted()
                for offset in content { name.append(text.uint8(at: offset)) }
            } else if let word = readWord() {
                for offset in word { name.append(text.uint8(at: offset).lowercase) }
            } else {
                break
            }
            skipSpace()
            guard position < end, text.uint8(at: position) == UInt8(ascii: ".") else { break }
            name.append(UInt8(ascii: "."))
            position += 1
        }
        if name.isEmpty {
            effects.touches.insert(.settings)
        } else {
            effects.setsParameter(String(decoding: name, as: UTF8.self).lowercased())
        }
    }

    // MARK: - Other statements

    @_lifetime(self: copy self)
    private mutating func readPrepare() {
        let start = position
        if let word = readWord(), matches(word, "transaction") { return }
        position = start
        noteStatement(.prepare)
        effects.make(.statement)
    }

    @_lifetime(self: copy self)
    private mutating func readDeclare() {
        var isWith = false
        while let word = nextWord() {
            if matches(word, "for") { return }
            if isWith, matches(word, "hold") { return effects.make(.cursor) }
            isWith = matches(word, "with")
        }
    }

    @_lifetime(self: copy self)
    private mutating func readCreate() {
        var word = readWord()
        while let present = word {
            guard
                matches(present, "or") || matches(present, "replace") || matches(present, "local")
                    || matches(present, "global")
            else { break }
            word = readWord()
        }
        // Where it is made may depend on search_path.
        effects.touches.insert(.temporary)
        guard let word, matches(word, "temp") || matches(word, "temporary") else {
            // In a schema: `create table pg_temp.t`.
            while let word = nextWord() {
                if matches(word, "pg_temp") { effects.make(.temporary) }
                if matches(word, "as") {
                    let start = position
                    if let word = readWord(), matches(word, "execute") { return readExecute() }
                    position = start
                    return
                }
            }
            return
        }
        var isExecute = false
        defer { if isExecute { executesStatement() } }
        var isCommit = false
        var isAs = false
        while let word = nextWord() {
            if matches(word, "execute") {
                isExecute = true
                if isAs { noteStatement(.execute) }
            }
            isAs = matches(word, "as")
            if isCommit, matches(word, "drop") { return }
            isCommit = matches(word, "commit")
        }
        effects.make(.temporary)
    }

    /// EXECUTE, behind the word. A statement of ours may be any client's.
    @_lifetime(self: copy self)
    private mutating func readExecute() {
        executesStatement()
        noteStatement(.execute)
        skipSpace()
        guard position < end, text.uint8(at: position) == UInt8(ascii: "\"") else { return }
        let name = readQuoted()
        let prefix = PreparedStatement.namePrefix.utf8.count
        if name.count >= prefix, matches(name.lowerBound..<name.lowerBound + prefix, "pgbouncer_") {
            effects.make(.unknownSettings)
        }
    }

    /// The name of a prepared statement comes next.
    @_lifetime(self: copy self)
    private mutating func noteStatement(_ verb: StatementReference.Verb) {
        effects.namesStatements = true
        if references != nil, !isAmbiguous, let reference = StatementReference(verb, in: text, from: position) {
            references?.append(reference)
        }
    }

    private mutating func executesStatement() {
        effects.executes = true
        effects.touches.formUnion(.knowable.subtracting(.statement))
    }

    /// EXPLAIN ANALYZE runs what it explains.
    @_lifetime(self: copy self)
    private mutating func readExplain() {
        while let word = nextWord() {
            if matches(word, "create") { return readCreate() }
            if matches(word, "execute") { return readExecute() }
            if matches(word, "declare") { return readDeclare() }
            if matches(word, "select") || matches(word, "with") || matches(word, "insert") { return }
        }
    }

    /// DO: its body is a string, in which every word counts.
    @_lifetime(self: copy self)
    private mutating func readBlock() {
        effects.touches.formUnion(.knowable)
        effects.ends.formUnion(.knowable)
        while position < end, text.uint8(at: position) != UInt8(ascii: ";") {
            let byte = text.uint8(at: position)
            var body: Range<Int>?
            if byte == UInt8(ascii: "$") {
                body = readDollarQuoted()
                if body == nil { position += 1 }
            } else if byte == UInt8(ascii: "'") {
                let start = position
                readString()
                readBlockInString(start + 1..<max(start + 1, position - 1))
            } else if byte.startsWord, let word = readWord() {
                guard matches(word, "language") else { continue }
                // Nothing is known of other languages.
                if let name = readWord(), matches(name, "plpgsql") { continue }
                effects.make(.unknownSettings)
            } else if byte == UInt8(ascii: "\"") {
                _ = readQuoted()
            } else if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/") {
                let start = position
                skipSpace()
                if position == start { position += 1 }
            } else {
                position += 1
            }
            if let body { readBody(text.slice(body)) }
        }
    }

    /// A body between quotes, in which each quote stands twice.
    @_lifetime(self: copy self)
    private mutating func readBlockInString(_ body: Range<Int>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count)
        var isQuote = false
        for offset in body {
            let byte = text.uint8(at: offset)
            isQuote = byte == UInt8(ascii: "'") && !isQuote
            if !isQuote { bytes.append(byte) }
            // An escape may spell any word.
            if byte == UInt8(ascii: "\\") { effects.make(.unknownSettings) }
        }
        unsafe bytes.withUnsafeBytes { unsafe readBody(RawSpan(_unsafeBytes: $0)) }
    }

    private mutating func readBody(_ body: RawSpan) {
        var inner = SessionLexer(body, hasBackslashes: hasBackslashes)
        inner.readWordsOfBlock()
        isAmbiguous = isAmbiguous || inner.isAmbiguous
        for name in inner.effects.names { effects.setsParameter(name) }
        if inner.effects.touches.contains(.unknownSettings) { effects.make(.unknownSettings) }
        if inner.effects.touches.contains(.unread) { effects.touches.insert(.unread) }
    }

    @_lifetime(self: copy self)
    private mutating func readWordsOfBlock() {
        while position < end {
            while let word = nextWord() {
                if matches(word, "set") { readSet() }
                if matches(word, "execute") || matches(word, "prepare") { effects.make(.unknownSettings) }
            }
            position += 1
        }
    }
}
