/// The SQL that gives a server the parameter values that its next client believes in.
struct Alignment: Equatable {
    private(set) var sql: [UInt8] = []
    /// Whether servers have accepted all these values before. If so, the statement travels in front of the client's first
    /// query, in the same send; if not, its outcome is awaited, so that no query runs under values that it does not expect.
    var isVerified = true
    /// Whether a server may refuse a value that others have accepted: it may depend on rights, or on the database.
    private var mayBeRefused = false

    var isEmpty: Bool { sql.isEmpty }

    mutating func set(_ name: String, to value: [UInt8]) {
        sql += Array("SET \(Self.identifier(name)) TO ".utf8)
        sql += Self.listParameters.contains(name.lowercased()) ? Self.list(value) : Self.literal(value)
        sql.append(UInt8(ascii: ";"))
        if !Self.lastingParameters.contains(name.lowercased()) { mayBeRefused = true }
    }

    /// Parameters whose values, once accepted, are accepted by every server and from everybody.
    private static let lastingParameters: Set<String> = [
        "datestyle", "timezone", "standard_conforming_strings", "application_name", "intervalstyle",
    ]

    mutating func reset(_ name: String) {
        sql += Array("RESET \(Self.identifier(name));".utf8)
    }

    /// A Query message with the statement. Where that travels in front of a query, a refusal ends the session, since the query must
    /// not run without what it expects.
    var message: [UInt8] {
        var writer = MessageWriter()
        writer.message(FrontendMessageType.query) { body in
            if isVerified, mayBeRefused { body.raw("SET LOCAL exit_on_error TO on;".utf8) }
            body.cString(sql)
        }
        return writer.bytes
    }

    /// A parameter's name as SQL: each part of a dotted name quoted, unless it is a plain word.
    private static func identifier(_ name: String) -> String {
        name.split(separator: ".", omittingEmptySubsequences: false).map { part in
            let isPlain = !part.isEmpty && part.utf8.allSatisfy { isWordByte($0) }
            return isPlain
                ? String(part)
                : "\""
                    + part.split(separator: "\"", omittingEmptySubsequences: false)
                    .joined(separator: "\"\"") + "\""
        }.joined(separator: ".")
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// A string literal that reads the same whatever standard_conforming_strings says (`quote_literal`): an escape string as
    /// soon as a backslash is in it.
    static func literal(_ value: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "'")
        let backslash = UInt8(ascii: "\\")
        var result: [UInt8] = value.contains(backslash) ? Array("E'".utf8) : [quote]
        for byte in value where byte != 0 {
            if byte == quote || byte == backslash { result.append(byte) }
            result.append(byte)
        }
        result.append(quote)
        return result
    }

    /// Settings whose value SET takes as a list of names, each quoted by itself (GUC_LIST_QUOTE in the server).
    private static let listParameters: Set<String> = [
        "search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries",
    ]

    /// Whether a SET leaves a value spelled as it is: one of letters that every encoding has, or a list as Postgres itself writes it.
    static func keeps(_ value: [UInt8], of name: String) -> Bool {
        guard value.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return false }
        guard listParameters.contains(name.lowercased()) else { return true }
        return String(decoding: value, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false)
            .enumerated()
            .allSatisfy { index, item in
                let name = index == 0 ? item : item.dropFirst()
                guard index == 0 || item.first == " " else { return false }
                return name == "\"$user\"" || (!name.isEmpty && name.utf8.allSatisfy { isWordByte($0) && $0 >= 0x5F })
            }
    }

    /// A list of names as the server reports it, or as a client gives it: `"$user", public`. Read as the server's
    /// SplitIdentifierString does, and each quoted anew, so that nothing but names can come through.
    private static func list(_ value: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        var names: [[UInt8]] = [[]]
        var isQuoted = false
        /// Right behind a closing quote, where another one stands for itself.
        var isBehindQuote = false
        for byte in value where byte != 0 {
            let last = names.count - 1
            switch byte {
            case quote:
                if isBehindQuote { names[last].append(quote) }
                isBehindQuote = isQuoted
                isQuoted.toggle()
                continue
            case _ where isQuoted: names[last].append(byte)
            case UInt8(ascii: ","): names.append([])
            case UInt8(ascii: " "), 9...13: break
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): names[last].append(byte | 0x20)
            default: names[last].append(byte)
            }
            isBehindQuote = false
        }
        let quoted = names.map { literal($0) }
        return Array(quoted.joined(separator: [UInt8(ascii: ",")]))
    }
}
