/// Something in a configuration file that does not stop it from being used, but that its author should know: one line
/// for the log, at level warning. It never holds a secret.
public struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
    /// Where it is; nil if it is in no file.
    public var location: SourceLocation?
    /// What is to be said.
    public var text: String

    /// A warning about `location`.
    public init(location: SourceLocation?, text: String) {
        self.location = location
        self.text = text
    }

    /// "pgbouncer.ini:12: text".
    public var description: String {
        location.map { "\($0): \(text)" } ?? text
    }
}

/// A line of a file.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The path, as it was given.
    public var file: String
    /// The line, from 1.
    public var line: Int

    /// Line `line` of `file`.
    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    /// "pgbouncer.ini:12".
    public var description: String { "\(file):\(line)" }
}
