/// A command that the console understood.
enum ConsoleCommand: Equatable, Sendable {
    case show(ShowTable)
    case help
    /// SET of something that drivers set on their own: answered, never done.
    case ignoredSetting
    case run(ConsoleEffect)

    /// Reads a command for a user of the given role.
    ///
    /// - Throws: the error to answer. Whoever may not run a command hears that before its argument is looked at, except
    ///   where the table says otherwise.
    static func parse(_ text: String, for role: ConsoleRole) throws(ConsoleError) -> ConsoleCommand {
        guard let statement = ConsoleStatement(text) else { throw .invalidCommand(text) }
        guard statement.isWithinLimits else { throw .badArguments }
        guard let entry = ConsoleCommandTable.entry(named: statement.word), entry.takes(statement.arguments) else {
            throw .invalidCommand(text)
        }
        if entry.isForAdminsOnly && role != .admin { throw .adminAccessNeeded }
        guard let command = try entry.command(from: statement) else { throw .invalidCommand(text) }
        guard role == .admin || !command.needsAdmin else { throw .adminAccessNeeded }
        return command
    }

    private var needsAdmin: Bool {
        switch self {
        case .show(let table): !table.isForAll
        case .help, .ignoredSetting: false
        case .run: true
        }
    }

    /// The columns of the answer; nil when it has no rows.
    var table: ShowTable? {
        switch self {
        case .show(let table): table
        case .help, .ignoredSetting, .run: nil
        }
    }
}
