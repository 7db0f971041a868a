extension ConsoleCommandEntry {
    /// Closes every client and server of a database, or of all, and leaves the entries paused.
    static let kill = optionalDatabase("KILL") { .kill($0) }
}
