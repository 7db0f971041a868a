/// Reads an HBA file. A bad line is a warning and is left out, as in PgBouncer; so is one that names a map that does
/// not exist. A bad line that was to keep somebody out is an error, since without it the rules below would let them in.
public struct HBAFile: Sendable {
    /// The rules, in order.
    public private(set) var rules = HBARules()
    /// What was wrong.
    public private(set) var warnings: [Diagnostic] = []
    /// Lines that were to reject somebody, nobody can tell whom. The file must not be used.
    public private(set) var errors: [ConfigurationError] = []

    /// Reads the bytes of the file at `path`; `readFile` reads the lists that it names with `@file`.
    public init(
        _ bytes: [UInt8], path: String, maps: IdentMaps, readFile: (String) throws(FileError) -> [UInt8]
    ) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let location = SourceLocation(file: path, line: index + 1)
            do {
                let words = try HBALine(line)
                guard !words.fields.isEmpty else { continue }
                rules.rules.append(try Self.rule(words, location, maps, readFile))
            } catch {
                reject(line, location, error)
            }
        }
    }

    /// A line that cannot be read.
    private mutating func reject(_ line: ArraySlice<UInt8>, _ location: SourceLocation, _ error: ValueError) {
        let words = line.prefix { $0 != UInt8(ascii: "#") }.split { Bytes.isSpace($0) || $0 == UInt8(ascii: ",") }
        if words.contains(where: { $0.elementsEqual(HBARule.Method.reject.rawValue.utf8) }) {
            errors.append(
                ConfigurationError(
                    file: location.file, line: location.line, key: HBARule.Method.reject.rawValue,
                    found: error.found, expected: error.expected))
        } else {
            warn(
                location,
                "could not parse hba config line \(location.line), the rule is not used: "
                    + "found \(error.found), expected \(error.expected)")
        }
    }

    private mutating func warn(_ location: SourceLocation, _ text: String) {
        warnings.append(Diagnostic(location: location, text: text))
    }

    private static func rule(
        _ line: HBALine, _ location: SourceLocation, _ maps: IdentMaps,
        _ readFile: (String) throws(FileError) -> [UInt8]
    ) throws(ValueError) -> HBARule {
        var fields = line.fields[...]
        guard let connection = fields.popFirst()?.keyword.flatMap(HBARule.Connection.init(rawValue:)) else {
            throw ValueError(found: "another type", expected: "local, host, hostssl or hostnossl")
        }
        guard let databases = fields.popFirst(), let users = fields.popFirst() else {
            throw ValueError(found: "a line that ends too early", expected: "type, database, user, address and method")
        }
        let names = NameLists(location: location)
        let rule = HBARule(
            connection: connection,
            databases: try names.expand(databases, readFile).map { word throws(ValueError) in try database(word) },
            users: try names.expand(users, readFile).map { word throws(ValueError) in try user(word) },
            address: connection == .local ? .all : try address(&fields),
            method: .reject, location: location)
        return try method(line, fields, maps, rule)
    }

    private static func database(_ word: HBALine.Word) throws(ValueError) -> HBARule.DatabasePattern {
        if word.isQuoted { return .name(try plainName(word)) }
        switch word.text {
        case "all": return .all
        case "sameuser": return .sameUser
        case "replication": return .replication
        case "samerole", "samegroup": throw unsupported(word)
        default: return .name(try plainName(word))
        }
    }

    private static func user(_ word: HBALine.Word) throws(ValueError) -> HBARule.UserPattern {
        return word.text == "all" && !word.isQuoted ? .all : .name(try plainName(word))
    }

    /// Groups and regular expressions cannot be judged here, and a name that no client can have is meant for another.
    private static func plainName(_ word: HBALine.Word) throws(ValueError) -> String {
        try EntryName.check(word.text)
        if word.isQuoted { return word.text }
        guard let first = word.text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "/") else {
            throw unsupported(word)
        }
        return word.text
    }

    private static func unsupported(_ word: HBALine.Word) -> ValueError {
        ValueError(found: "\(Phrase.quoted(word.text)), which is not supported", expected: "names, all or @file")
    }

    private static func address(_ fields: inout ArraySlice<HBALine.Field>) throws(ValueError) -> HBARule.AddressPattern
    {
        guard let text = fields.popFirst()?.word else { throw badAddress("no single address") }
        if text.text == "all", !text.isQuoted { return .all }
        let parts = text.text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard let address = IPAddress(parts[0]) else { throw badAddress(Phrase.quoted(text.text)) }
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let bits = Int(parts[1]),
                let network = IPNetwork(address: address, bits: bits)
            else { throw badAddress(Phrase.quoted(text.text)) }
            return .network(network)
        }
        guard parts.count == 1, let mask = fields.popFirst()?.word.flatMap({ IPAddress($0.text) }),
            let network = IPNetwork(address: address, mask: mask)
        else { throw badAddress("\(Phrase.quoted(text.text)) without its mask") }
        return .network(network)
    }

    private static func badAddress(_ found: String) -> ValueError {
        ValueError(found: found, expected: "all, address/bits, or an address and a mask")
    }

    /// The method and what stands behind it.
    private static func method(
        _ line: HBALine, _ rest: ArraySlice<HBALine.Field>, _ maps: IdentMaps, _ rule: HBARule
    ) throws(ValueError) -> HBARule {
        var fields = rest
        var rule = rule
        guard let field = fields.popFirst(), let method = field.keyword.flatMap(HBARule.Method.init(rawValue:)) else {
            throw ValueError(
                found: rest.first?.word.map { Phrase.quoted($0.text) } ?? "no method",
                expected: Phrase.alternatives(HBARule.Method.allCases.map(\.rawValue)))
        }
        rule.method = method
        if method == .ldap {
            rule.ldapOptions = try fields.isEmpty ? nil : LDAPOptions(line.text(after: field) ?? "")
            return rule
        }
        for option in fields { try read(option, maps, into: &rule) }
        return rule
    }

    private static func read(
        _ option: HBALine.Field, _ maps: IdentMaps, into rule: inout HBARule
    ) throws(ValueError) {
        let parts = option.keyword?.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        switch (parts?.first, parts?.dropFirst().first) {
        case ("map", let map?):
            guard maps.maps[map] != nil else {
                throw ValueError(found: "map \(Phrase.quoted(map))", expected: "a map of the ident file")
            }
            rule.map = map
        case ("pamservice", let service?) where rule.method == .pam:
            guard !service.isEmpty, !service.utf8.contains(UInt8(ascii: "/")) else {
                throw ValueError(found: "pamservice \(Phrase.quoted(service))", expected: "a file in /etc/pam.d")
            }
            rule.pamService = service
        default:
            throw ValueError(
                found: "an option that is not supported",
                expected: rule.method == .pam ? "map=name or pamservice=name" : "map=name")
        }
    }
}

/// Expands `@file` in a field: names separated by commas, on any number of lines; blank lines and comments are skipped.
private struct NameLists {
    /// The line that is being read: files are relative to its file.
    let location: SourceLocation

    func expand(
        _ field: HBALine.Field, _ readFile: (String) throws(FileError) -> [UInt8]
    ) throws(ValueError) -> [HBALine.Word] {
        var words: [HBALine.Word] = []
        for word in field.words {
            if !word.isQuoted, word.text.utf8.first == UInt8(ascii: "@") {
                words += try names(in: String(Substring(word.text.utf8.dropFirst())), readFile)
            } else {
                words.append(word)
            }
        }
        return words
    }

    private func names(
        in file: String, _ readFile: (String) throws(FileError) -> [UInt8]
    ) throws(ValueError) -> [HBALine.Word] {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path(of: file))
        } catch {
            throw ValueError(found: "a list that cannot be read (\(error))", expected: "a readable file")
        }
        var words: [HBALine.Word] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = try HBALine(line).fields
            words += fields.flatMap(\.words)
        }
        if words.contains(where: { !$0.isQuoted && $0.text.utf8.first == UInt8(ascii: "@") }) {
            throw ValueError(found: "a list within the list \(Phrase.quoted(file))", expected: "names")
        }
        return words
    }

    private func path(of file: String) -> String {
        guard file.utf8.first != UInt8(ascii: "/"), let slash = location.file.lastIndex(of: "/") else { return file }
        return String(location.file[...slash]) + file
    }
}
