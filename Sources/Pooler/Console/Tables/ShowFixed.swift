extension ShowTable {
    /// Parameters that drivers ask for on every connection. The console answers SHOW with a constant, and ignores SET.
    private static let fixedParameters = [
        "client_encoding": "UTF-8",
        "default_transaction_isolation": "read committed",
        "standard_conforming_strings": "on",
        "datestyle": "ISO",
        "timezone": "GMT",
    ]

    /// One row with the constant, or nil when there is no such parameter. The column's name is in small letters.
    static func fixed(_ parameter: String) -> ShowTable? {
        let name = parameter.lowercased()
        guard let value = fixedParameters[name] else { return nil }
        return ShowTable(name, columns: [.text(name) { $0 }]) { _ in [value] }
    }
}
