extension ConsoleCommandEntry {
    /// Refuses new logins to a database.
    static let disable = requiredDatabase("DISABLE") { .disable($0) }
}
