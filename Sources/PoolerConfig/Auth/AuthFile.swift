/// The records of an `auth_file`: `"name" "secret"`, the rest of the line is ignored.
///
/// Quotes within are doubled; a line that starts with ; is a comment. Anything else is broken: reading stops there, the
/// records before it count. Nothing here is fatal, and no text repeats a secret.
struct AuthFile {
    private(set) var secrets: [String: String] = [:]
    private(set) var warnings: [Diagnostic] = []

    /// The longest secret, in bytes.
    static let longestSecret = 65530

    init(_ bytes: [UInt8], path: String) {
        var lines: [String: Int] = [:]
        let split = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in split.enumerated() {
            var rest = line.drop(while: Bytes.isSpace)
            guard let first = rest.first, first != UInt8(ascii: ";") else { continue }
            let location = SourceLocation(file: path, line: index + 1)
            guard let name = Self.quoted(&rest), let secret = Self.quoted(&rest) else {
                warn(
                    location,
                    "broken auth file: expected \"name\" \"secret\"; this line and those after it are not used")
                return
            }
            guard let record = Self.record(name, secret) else {
                warn(location, Self.flaw(name, secret))
                continue
            }
            if let earlier = lines.updateValue(index + 1, forKey: record.name) {
                warn(
                    location,
                    "user \(Phrase.quoted(record.name)) is given again (first at line \(earlier)); this one counts")
            }
            secrets[record.name] = record.secret
        }
    }

    /// A quoted string after blanks, without its quotes; nil if there is none.
    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        let quote = UInt8(ascii: "\"")
        rest = rest.drop(while: Bytes.isBlank)
        guard rest.popFirst() == quote else { return nil }
        var result: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote {
                guard rest.first == quote else { return result }
                rest = rest.dropFirst()
            }
            result.append(byte)
        }
        return nil
    }

    private static func record(_ name: [UInt8], _ secret: [UInt8]) -> (name: String, secret: String)? {
        guard (1...EntryName.longestUser).contains(name.count), secret.count <= longestSecret, !name.contains(0),
            !secret.contains(0), let name = String(validating: name, as: UTF8.self), name.isUnambiguousName,
            let secret = String(validating: secret, as: UTF8.self)
        else { return nil }
        return (name, secret)
    }

    private static func flaw(_ name: [UInt8], _ secret: [UInt8]) -> String {
        if name.isEmpty { return "a record without a user name is not used" }
        if let text = String(validating: name, as: UTF8.self), !text.isUnambiguousName {
            return "user \(Phrase.quoted(text)) is not used: the name is not in Unicode normalization form C"
        }
        if name.count > EntryName.longestUser {
            return "username too long in auth file: "
                + "a user name of \(name.count) bytes is not used, the longest is \(EntryName.longestUser)"
        }
        if secret.count > longestSecret {
            return "password too long in auth file: "
                + "a secret of \(secret.count) bytes is not used, the longest is \(longestSecret)"
        }
        return "a record that is not UTF-8 text is not used"
    }

    private mutating func warn(_ location: SourceLocation, _ text: String) {
        warnings.append(Diagnostic(location: location, text: text))
    }
}
