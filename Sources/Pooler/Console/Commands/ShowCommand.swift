extension ConsoleCommandEntry {
    /// Every SHOW; HELP is the one without rows.
    static let show = ConsoleCommandEntry(
        "SHOW", syntax: ShowTable.syntax, isForAdminsOnly: false, grammar: .word(showCommand))

    /// SELECT is another word for SHOW.
    static let select = ConsoleCommandEntry("SELECT", syntax: [], isForAdminsOnly: false, grammar: .word(showCommand))

    @Sendable
    private static func showCommand(_ argument: String?) -> ConsoleCommand? {
        guard let argument else { return nil }
        if argument.uppercased() == "HELP" { return .help }
        return (ShowTable.named(argument) ?? ShowTable.fixed(argument)).map(ConsoleCommand.show)
    }
}
