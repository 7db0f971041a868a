extension ConsoleCommandEntry {
    /// No server is given out any more, of one database or of all; answered when none is in use.
    static let pause = optionalDatabase("PAUSE") { .pause($0) }
}
