/// The `key=value` pairs of LDAP options: a value goes to the next blank or comma, or stands in double quotes, where a doubled
/// one is a quote. `#` in the place of a key starts a comment.
struct LDAPOptionList {
    private var values: [String: String] = [:]

    private static let keys = [
        "ldapserver", "ldapport", "ldapscheme", "ldaptls", "ldapprefix", "ldapsuffix", "ldapbasedn", "ldapbinddn",
        "ldapbindpasswd", "ldapsearchattribute", "ldapsearchfilter", "ldapurl",
    ]

    /// Found texts never repeat a value, it may be a password.
    init(_ text: String) throws(ValueError) {
        var rest = Array(text.utf8)[...]
        var previous: String?
        while true {
            rest = rest.drop(while: Self.isSeparator)
            guard let first = rest.first, first != UInt8(ascii: "#") else { return }
            let key = rest.prefix { $0 != UInt8(ascii: "=") && !Self.isSeparator($0) }
            rest = rest[key.endIndex...]
            let name = String(decoding: key, as: UTF8.self)
            guard Self.keys.contains(name), rest.popFirst() == UInt8(ascii: "=") else {
                throw ValueError(
                    found: "an unknown word\(previous.map { " after \($0), whose value may need quotes" } ?? "")",
                    expected: "\(Phrase.alternatives(Self.keys)), each with = and a value")
            }
            guard let value = Self.value(&rest) else {
                throw ValueError(found: "\(name) with a quote that is not closed", expected: "quotes in pairs")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw ValueError(found: "\(name) twice", expected: "it once")
            }
            previous = name
        }
    }

    /// The value of a key, which counts as read.
    mutating func take(_ key: String) -> String? { values.removeValue(forKey: key) }

    /// Every key has its reader; one that is left is a fault of ours.
    func refuseRest() throws(ValueError) {
        if let key = values.keys.min() { throw ValueError(found: key, expected: "an option that is known") }
    }

    private static func value(_ rest: inout ArraySlice<UInt8>) -> String? {
        let quote = UInt8(ascii: "\"")
        guard rest.first == quote else {
            let value = rest.prefix { !isSeparator($0) }
            rest = rest[value.endIndex...]
            return String(decoding: value, as: UTF8.self)
        }
        var value: [UInt8] = []
        rest = rest.dropFirst()
        while let byte = rest.popFirst() {
            if byte == quote {
                guard rest.first == quote else {
                    return rest.first.map(isSeparator) ?? true ? String(decoding: value, as: UTF8.self) : nil
                }
                rest = rest.dropFirst()
            }
            value.append(byte)
        }
        return nil
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { Bytes.isBlank(byte) || byte == UInt8(ascii: ",") }
}

/// `ldap[s]://host[:port]/basedn?attribute?scope?filter` (RFC 4516), as far as it can say what the options say.
struct LDAPURL {
    let scheme: String
    let host: String?
    let port: Int?
    let base: String?
    let attribute: String?
    let scope: LDAPOptions.Scope?
    let filter: String?

    init(_ text: String) throws(ValueError) {
        let expected = "ldap[s]://host[:port]/basedn?attribute?scope?filter"
        func wrong(_ what: String) -> ValueError { ValueError(found: "an ldapurl with \(what)", expected: expected) }
        guard let mark = text.firstRange(of: "://") else { throw wrong("no scheme") }
        scheme = text[..<mark.lowerBound].lowercased()
        guard scheme == "ldap" || scheme == "ldaps" else { throw wrong("another scheme") }
        let rest = text[mark.upperBound...]
        let place = rest.prefix { $0 != "/" && $0 != "?" }
        let fields = rest.dropFirst(place.count + (rest.dropFirst(place.count).first == "/" ? 1 : 0))
            .split(separator: "?", omittingEmptySubsequences: false).map(String.init)
        guard fields.count <= 4 else { throw wrong("extensions") }
        (host, port) = try Self.place(place, wrong)
        func field(_ index: Int) throws(ValueError) -> String? {
            guard index < fields.count, !fields[index].isEmpty else { return nil }
            guard let text = Self.decoded(fields[index]) else { throw wrong("a bad % escape") }
            return text
        }
        base = try field(0)
        attribute = try field(1)
        guard attribute?.contains(",") != true else { throw wrong("several attributes") }
        switch try field(2)?.lowercased() {
        case nil: scope = nil
        case "base": scope = .base
        case "one": scope = .one
        case "sub": scope = .subtree
        default: throw wrong("another scope")
        }
        filter = try field(3)
    }

    private static func place(
        _ text: Substring, _ wrong: (String) -> ValueError
    ) throws(ValueError) -> (host: String?, port: Int?) {
        // The colons of an IPv6 address stand in brackets.
        let colon = text.lastIndex(of: ":").flatMap { text[$0...].contains("]") ? nil : $0 }
        let host = text[..<(colon ?? text.endIndex)]
        guard let colon else { return (host.isEmpty ? nil : String(host), nil) }
        guard let port = Number.decimalInteger(String(text[text.index(after: colon)...])), 1...65535 ~= port else {
            throw wrong("a bad port")
        }
        return (host.isEmpty ? nil : String(host), port)
    }

    /// Without its %XX escapes; nil if one of them is wrong, or it is no text.
    private static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                value != 0
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
