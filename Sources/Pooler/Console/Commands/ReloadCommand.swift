extension ConsoleCommandEntry {
    /// Reads all configuration files again.
    static let reload = bare("RELOAD", .reload)
}
