extension ConsoleCommandEntry {
    /// What a process that is started with -R says to the one that runs, with the version of the hand-over that it speaks: then
    /// the connection is no console any more. For programs, so SHOW HELP does not list it.
    static let takeOver = ConsoleCommandEntry(
        "TAKEOVER", syntax: [], isForAdminsOnly: true,
        grammar: .word { argument in argument.flatMap { UInt32($0) }.map { .run(.takeOver(version: $0)) } })
}
