/// What a `password_command` printed: the password on the first line, and perhaps on the second until when it is good.
struct PasswordOutput: Equatable {
    enum Problem: Error, Equatable {
        case nothing
        case notText

        var text: String {
            switch self {
            case .nothing: "it printed no password"
            case .notText: "its first line is not UTF-8 text"
            }
        }
    }

    let password: String
    /// Seconds since 1970; nil where nothing is said.
    let expires: Int64?
    /// Whether the second line is something else than a time.
    let hasStrayLine: Bool

    init(_ bytes: [UInt8]) throws(Problem) {
        let lines = bytes.split(
            separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false
        ).map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
        guard let first = lines.first, !first.isEmpty else { throw .nothing }
        guard !first.contains(0), let password = String(validating: first, as: UTF8.self) else { throw .notText }
        self.password = password
        let second = lines.dropFirst().first ?? []
        expires = RFC3339.secondsSince1970(second)
        hasStrayLine = !second.isEmpty && expires == nil
    }
}
