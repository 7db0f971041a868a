extension ConsoleCommandEntry {
    /// Undoes DISABLE.
    static let enable = requiredDatabase("ENABLE") { .enable($0) }
}
