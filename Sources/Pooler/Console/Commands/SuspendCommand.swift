extension ConsoleCommandEntry {
    /// Stops accepting and reading; answered when all buffers are empty.
    static let suspend = bare("SUSPEND", .suspend)
}
