extension ConsoleCommandEntry {
    /// Replaces every server connection, the idle ones now and the others when they are released.
    static let reconnect = optionalDatabase("RECONNECT") { .reconnect($0) }
}
