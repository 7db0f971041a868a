/// The functions that change a session, and INTO.
extension SessionLexer {
    @_lifetime(self: copy self)
    mutating func readFunction() {
        guard let word = readWord() else { return }
        functionNamed(word)
    }

    func hasFunctionPrefix(_ word: Range<Int>) -> Bool {
        guard word.count > 6 else { return false }
        switch text.uint8(at: word.lowerBound) | 0x20 {
        case UInt8(ascii: "p"), UInt8(ascii: "q"), UInt8(ascii: "s"), UInt8(ascii: "t"): return true
        default: return false
        }
    }

    /// A word that may name one of the functions that change a session.
    @_lifetime(self: copy self)
    mutating func functionNamed(_ word: Range<Int>) {
        if matches(word, "set_config") {
            readSetConfig()
        } else if matches(word, "pg_advisory_lock") || matches(word, "pg_advisory_lock_shared")
            || matches(word, "pg_try_advisory_lock") || matches(word, "pg_try_advisory_lock_shared")
        {
            effects.make(.advisoryLock)
        } else if matches(word, "pg_advisory_unlock") || matches(word, "pg_advisory_unlock_shared")
            || matches(word, "pg_advisory_unlock_all")
        {
            effects.ends.insert(.advisoryLock)
        } else if matches(word, "pg_settings") {
            // An UPDATE of it sets parameters.
            effects.touches.insert(.settings)
        } else if matches(word, "pg_create_physical_replication_slot")
            || matches(word, "pg_create_logical_replication_slot") || matches(word, "pg_copy_physical_replication_slot")
            || matches(word, "pg_copy_logical_replication_slot")
        {
            // Whether it is a temporary one, an argument says.
            effects.touches.insert(.slot)
        } else if matches(word, "pg_drop_replication_slot") {
            effects.ends.insert(.slot)
        } else if namesTemporarySchema(word) {
            effects.touches.insert(.temporary)
        } else if matches(word, "query_to_xml") || matches(word, "query_to_xmlschema")
            || matches(word, "query_to_xml_and_xmlschema") || matches(word, "ts_stat") || matches(word, "ts_rewrite")
        {
            // They run a query that is a value.
            mayDoAnything()
        }
    }

    /// `pg_temp`, or `pg_temp_3`.
    private func namesTemporarySchema(_ word: Range<Int>) -> Bool {
        guard word.count >= 7, matches(word.lowerBound..<word.lowerBound + 7, "pg_temp") else { return false }
        guard word.count > 8 else { return word.count == 7 }
        let digit = text.uint8(at: word.lowerBound + 8)
        return text.uint8(at: word.lowerBound + 7) == UInt8(ascii: "_") && digit >= UInt8(ascii: "0")
            && digit <= UInt8(ascii: "9")
    }

    mutating func mayDoAnything() {
        effects.touches.formUnion(SessionEffects.anything.touches)
        effects.ends.formUnion(SessionEffects.anything.ends)
    }

    /// `set_config('name', value, is_local)`: nothing when it is local for certain. The arguments are read again behind it,
    /// since they may call functions themselves.
    @_lifetime(self: copy self)
    private mutating func readSetConfig() {
        setConfigCount += 1
        let start = position
        guard setConfigCount <= SessionEffects.nameLimit * 2 else { return effects.make(.unknownSettings) }
        skipSpace()
        guard position < end, text.uint8(at: position) == UInt8(ascii: "(") else { return }
        position += 1
        skipSpace()
        var name: Range<Int>?
        if position < end, text.uint8(at: position) == UInt8(ascii: "'") {
            let first = position
            readString()
            name = first + 1..<max(first + 1, position - 1)
            skipSpace()
            // A part of an expression is no name.
            if position < end, text.uint8(at: position) != UInt8(ascii: ",") { name = nil }
        }
        let isLocal = isLastArgumentTrue(limit: position + Self.argumentLimit)
        position = start + 1
        if isLocal { return }
        effects.touches.insert(.settings)
        if let name, isPlain(name) {
            let bytes = name.map { text.uint8(at: $0) }
            effects.setsParameter(String(decoding: bytes, as: UTF8.self).lowercased())
        } else {
            effects.make(.unknownSettings)
        }
    }

    /// Longest arguments of set_config that are looked through.
    private static var argumentLimit: Int { 1024 }

    /// Whether the last of the arguments that are being read, at whose first we stand, is the word TRUE.
    @_lifetime(self: copy self)
    private mutating func isLastArgumentTrue(limit: Int) -> Bool {
        var depth = 0
        var isTrue = false
        while position < min(limit, end) {
            let byte = text.uint8(at: position)
            switch byte {
            case UInt8(ascii: "("):
                depth += 1
                position += 1
            case UInt8(ascii: ")"):
                if depth == 0 { return isTrue }
                depth -= 1
                position += 1
            case UInt8(ascii: ",") where depth == 0:
                position += 1
                isTrue = readWord().map { matches($0, "true") } ?? false
            case UInt8(ascii: "'"): readString()
            case UInt8(ascii: "\""): _ = readQuoted()
            case UInt8(ascii: "$"): if readDollarQuoted() == nil { position += 1 }
            case UInt8(ascii: " "), 9...13: position += 1
            case UInt8(ascii: "-"), UInt8(ascii: "/"):
                let start = position
                skipSpace()
                if position == start { position += 1 }
            default:
                isTrue = false
                position += 1
            }
        }
        return false
    }

    /// A name between quotes that reads as it stands.
    private func isPlain(_ name: Range<Int>) -> Bool {
        guard !name.isEmpty, name.count < 256 else { return false }
        return name.allSatisfy { offset in
            let byte = text.uint8(at: offset)
            return byte.continuesWord || byte == UInt8(ascii: ".")
        }
    }

    /// INTO, behind the word: that of INSERT and MERGE makes no table.
    @_lifetime(self: copy self)
    mutating func readInto() {
        let after = position
        if after < end, text.uint8(at: after).continuesWord { return }
        var before = after - 4
        while before > 0, text.uint8(at: before - 1).isSpace { before -= 1 }
        if ends(before, with: "insert") || ends(before, with: "merge") { return }
        // Where it is made may depend on search_path.
        effects.touches.insert(.temporary)
        var word = readWord()
        if let present = word, matches(present, "local") || matches(present, "global") { word = readWord() }
        if let word, matches(word, "temp") || matches(word, "temporary") || matches(word, "pg_temp") {
            effects.make(.temporary)
        }
        position = after
    }
}
