/// A value that cannot be read: what was found (a phrase; never a secret) and what is expected.
struct ValueError: Error, Equatable {
    var found: String
    var expected: String
}

/// How one kind of value is read from text and printed again.
struct ValueFormat<Value: Equatable & Sendable>: Sendable {
    let kind: SettingKind
    let parse: @Sendable (String) throws(ValueError) -> Value
    let print: @Sendable (Value) -> String?

    /// The same format where a value may be absent: printed as NULL.
    var optional: ValueFormat<Value?> {
        ValueFormat<Value?>(kind: kind) { [parse] text throws(ValueError) in
            try parse(text)
        } print: { [print] value in
            value.flatMap(print)
        }
    }

    /// The same format where an empty text means that there is none.
    var unlessEmpty: ValueFormat<Value?> {
        ValueFormat<Value?>(kind: kind) { [parse] text throws(ValueError) in
            text.isEmpty ? nil : try parse(text)
        } print: { [print] value in
            value.flatMap(print)
        }
    }
}

extension ValueFormat where Value == Int {
    /// An integer as C's strtol reads it with base 0: decimal, 0x for hexadecimal, a leading 0 for octal.
    static func integer(_ range: ClosedRange<Int>) -> Self {
        ValueFormat(kind: .integer(range)) { text throws(ValueError) in
            guard let number = Number.cInteger(text), range.contains(number) else {
                throw ValueError(found: Phrase.value(text), expected: SettingKind.integer(range).expectation)
            }
            return number
        } print: {
            String($0)
        }
    }

    /// Any integer that fits into C's int.
    static var integer: Self { integer(SettingKind.int32) }
}

extension ValueFormat where Value == Bool {
    static var boolean: Self {
        ValueFormat(kind: .boolean) { text throws(ValueError) in
            switch text.lowercased() {
            case "on", "true", "yes": return true
            case "off", "false", "no": return false
            default: break
            }
            guard let number = Number.cInteger(text) else {
                throw ValueError(found: Phrase.value(text), expected: SettingKind.boolean.expectation)
            }
            return number != 0
        } print: {
            $0 ? "1" : "0"
        }
    }
}

extension ValueFormat where Value == Duration {
    static var time: Self {
        ValueFormat(kind: .time) { text throws(ValueError) in
            guard let seconds = Number.decimal(text), seconds >= 0 else {
                throw ValueError(found: Phrase.value(text), expected: SettingKind.time.expectation)
            }
            guard seconds <= Number.longestTime else {
                throw ValueError(
                    found: Phrase.value(text), expected: "at most \(Int(Number.longestTime)) seconds")
            }
            return .microseconds(Int64((seconds * 1_000_000).rounded()))
        } print: {
            Number.seconds($0)
        }
    }
}

extension ValueFormat where Value: SettingChoice {
    /// One word of an enumeration.
    static func choice() -> Self {
        let words = Value.allCases.map(\.rawValue)
        return ValueFormat(kind: .choice(words)) { text throws(ValueError) in
            let value =
                Value(rawValue: text.lowercased())
                ?? Value.allCases.first { $0.rawValue.lowercased() == text.lowercased() }
            guard let value else {
                throw ValueError(found: Phrase.value(text), expected: Phrase.alternatives(words))
            }
            return value
        } print: {
            $0.rawValue
        }
    }
}

extension ValueFormat {
    /// One word of an enumeration, or nothing.
    static func optionalChoice<Choice: SettingChoice>() -> Self where Value == Choice? {
        ValueFormat<Choice>.choice().optional
    }
}

extension ValueFormat where Value == [String] {
    /// Words separated by commas, blanks around them ignored.
    static var words: Self {
        ValueFormat(kind: .words) { text throws(ValueError) in
            Number.words(text)
        } print: {
            $0.joined(separator: ", ")
        }
    }

    /// Names, separated by commas or blanks.
    static var names: Self {
        ValueFormat(kind: .words) { text throws(ValueError) in
            Number.names(text)
        } print: {
            $0.joined(separator: ", ")
        }
    }

    /// Names of users, separated by commas or blanks.
    static var userNames: Self {
        ValueFormat(kind: .words) { text throws(ValueError) in
            let words = Number.names(text)
            for word in words { try EntryName.check(word) }
            return words
        } print: {
            $0.joined(separator: ", ")
        }
    }

    /// Names of parameters; `options` is a list of parameters itself.
    static var trackedParameters: Self {
        ValueFormat(kind: .words) { text throws(ValueError) in
            let words = Number.words(text)
            if words.contains(where: { $0.lowercased() == "options" }) {
                throw ValueError(found: "options", expected: "names of parameters that a server reports")
            }
            return words
        } print: {
            $0.joined(separator: ", ")
        }
    }
}

extension ValueFormat where Value == String {
    static var text: Self { verbatim(.text) }
    static var path: Self { verbatim(.path) }

    /// A list of TLS versions, kept as it was written (see `TLSProtocols`).
    static var tlsProtocols: Self {
        ValueFormat(kind: .text) { text throws(ValueError) in
            _ = try TLSProtocols(text)
            return text
        } print: {
            $0
        }
    }

    private static func verbatim(_ kind: SettingKind) -> Self {
        ValueFormat(kind: kind) { text throws(ValueError) in
            text
        } print: {
            $0
        }
    }
}

extension ValueFormat where Value == HostAndPort? {
    /// `host:port`, or nothing.
    static var hostAndPort: Self {
        ValueFormat(kind: .hostAndPort) { text throws(ValueError) in
            if text.isEmpty { return nil }
            guard let place = HostAndPort(text) else {
                throw ValueError(found: Phrase.value(text), expected: SettingKind.hostAndPort.expectation)
            }
            return place
        } print: {
            $0?.description ?? ""
        }
    }
}

extension ValueFormat where Value == String? {
    static var optionalText: Self { ValueFormat<String>.text.unlessEmpty }
    static var optionalPath: Self { ValueFormat<String>.path.unlessEmpty }

    /// The name of a user; nothing is none.
    static var optionalUser: Self {
        ValueFormat(kind: .text) { text throws(ValueError) in
            try EntryName.check(text)
            return text.isEmpty ? nil : text
        } print: {
            $0
        }
    }

    /// The name of a database where `auth_query` can run: not the console.
    static var authDatabase: Self {
        ValueFormat(kind: .text) { text throws(ValueError) in
            if Database.isReserved(text) {
                throw ValueError(found: "the console's name \(Phrase.quoted(text))", expected: "a real database")
            }
            return text.isEmpty ? nil : text
        } print: {
            $0
        }
    }
}
