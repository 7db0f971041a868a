/// An error (or notice) as Postgres's protocol carries it.
public struct PostgresError: Error, Equatable, CustomStringConvertible, Sendable {
    /// ERROR, FATAL, PANIC, NOTICE ...
    public let severity: String
    /// The SQLSTATE, five characters; empty when the message came from libpq itself.
    public let sqlState: String
    /// The primary message.
    public let message: String
    /// The DETAIL or empty.
    public var detail = ""
    /// The HINT or empty.
    public var hint = ""

    /// An error to compare with.
    public init(_ severity: String, _ sqlState: String, _ message: String) {
        self.severity = severity
        self.sqlState = sqlState
        self.message = message
    }

    /// From an ErrorResponse's or NoticeResponse's body (PostgreSQL manual, "Error and Notice Message Fields").
    init(fields body: [UInt8]) {
        var fields: [UInt8: String] = [:]
        for field in body.split(separator: 0) {
            if let code = field.first { fields[code] = String(decoding: field.dropFirst(), as: UTF8.self) }
        }
        func value(_ code: Character) -> String { code.asciiValue.flatMap { fields[$0] } ?? "" }
        self.init(value("S"), value("C"), value("M"))
        detail = value("D")
        hint = value("H")
    }

    /// The same severity, code and message; details may differ.
    public static func == (left: Self, right: Self) -> Bool {
        (left.severity, left.sqlState, left.message) == (right.severity, right.sqlState, right.message)
    }

    /// For people.
    public var description: String { "\(severity) \(sqlState) \(message)" }
}
