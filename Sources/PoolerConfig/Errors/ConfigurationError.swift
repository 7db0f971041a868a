/// Why a configuration cannot be used: the first thing that is wrong. It never holds a secret.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, as it was given or included.
    public var file: String
    /// The line, from 1; nil if it is about the file as a whole.
    public var line: Int?
    /// The setting, or `section/entry` and the key of the connect string; nil if it is about none.
    public var key: String?
    /// What is there, as a phrase: a value stands in quotes.
    public var found: String
    /// What could be there instead; nil where nothing better can be said.
    public var expected: String?
    /// The same as PgBouncer says it, line by line, for those who search logs for its words.
    public var pgbouncerLines: [String]

    /// An error at `line` of `file`.
    public init(
        file: String, line: Int?, key: String?, found: String, expected: String?, pgbouncerLines: [String] = []
    ) {
        self.file = file
        self.line = line
        self.key = key
        self.found = found
        self.expected = expected
        self.pgbouncerLines = pgbouncerLines
    }

    /// One line: `pgbouncer.ini:12: pool_mode: found "sesion", expected session, transaction or statement`.
    public var description: String {
        var text = file
        if let line { text += ":\(line)" }
        if let key { text += ": \(key)" }
        text += ": found \(found)"
        if let expected { text += ", expected \(expected)" }
        return text
    }
}

/// Why a file cannot be read.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The path.
    public var path: String
    /// The reason, in the words of strerror(3).
    public var reason: String

    /// `path` cannot be read because of `reason`.
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// "users.txt: No such file or directory".
    public var description: String { "\(path): \(reason)" }
}

/// Why the console's SET is refused.
public enum SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no setting of that name.
    case unknown(String)
    /// Only a restart changes it.
    case notChangeable(String)
    /// The value cannot be read: what was found and what is expected, as phrases.
    case badValue(String, found: String, expected: String)

    /// One line for a person.
    public var description: String {
        switch self {
        case .unknown(let name): "unknown parameter: \(name)"
        case .notChangeable(let name): "\(name) cannot be changed while the daemon runs; set it in the file and restart"
        case .badValue(let name, let found, let expected): "\(name): found \(found), expected \(expected)"
        }
    }
}
