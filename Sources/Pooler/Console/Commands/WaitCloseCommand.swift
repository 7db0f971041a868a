extension ConsoleCommandEntry {
    /// Answered when no server connection is left that RECONNECT or RELOAD marked.
    static let waitClose = optionalDatabase("WAIT_CLOSE") { .waitClose($0) }
}
