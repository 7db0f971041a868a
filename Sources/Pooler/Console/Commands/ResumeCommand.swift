extension ConsoleCommandEntry {
    /// Ends PAUSE, SUSPEND or the pause that KILL leaves.
    static let resume = optionalDatabase("RESUME") { .resume($0) }
}
