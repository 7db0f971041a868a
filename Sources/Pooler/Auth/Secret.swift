/// What is known of a user's password, recognised by its shape as `pg_authid.rolpassword` and userlist.txt have it.
enum Secret: Sendable, Equatable {
    /// Nothing: authenticates nobody, opens no server that asks.
    case none
    /// The password itself.
    case plain(String)
    /// "md5" and the 32 lower-case hexadecimal digits of MD5(password, user).
    case md5(String)
    /// A SCRAM-SHA-256 verifier.
    indirect case scram(SCRAMSecret)

    /// Anything that is neither empty, nor md5, nor a SCRAM secret that decodes fully is a plain password.
    init(_ text: String) {
        if text.isEmpty {
            self = .none
        } else if Self.isMD5(text) {
            self = .md5(text)
        } else if let secret = SCRAMSecret(text) {
            self = .scram(secret)
        } else {
            self = .plain(text)
        }
    }

    /// Byte for byte: String's own `==` would hold two spellings of an accented letter for the same password.
    static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.none, .none): true
        case (.plain(let left), .plain(let right)), (.md5(let left), .md5(let right)):
            left.utf8.elementsEqual(right.utf8)
        case (.scram(let left), .scram(let right)): left == right
        case (.none, _), (.plain, _), (.md5, _), (.scram, _): false
        }
    }

    private static func isMD5(_ text: String) -> Bool {
        guard text.utf8.count == 35, text.utf8.starts(with: "md5".utf8) else { return false }
        return text.utf8.dropFirst(3).allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte || (UInt8(ascii: "a")...UInt8(ascii: "f")) ~= byte
        }
    }
}

/// Neither logs nor errors nor dumps ever show more than the kind.
extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String {
        switch self {
        case .none: "no secret"
        case .plain: "plain secret (hidden)"
        case .md5: "md5 secret (hidden)"
        case .scram: "SCRAM secret (hidden)"
        }
    }

    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
