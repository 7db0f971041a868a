/// What decides whether a command can be obeyed now: the global mode, and the databases that commands can name.
struct PoolerCondition: Sendable {
    /// The global mode; PAUSE of one database does not change it.
    enum Mode: String, CaseIterable, Sendable {
        case active, paused, suspended
    }

    /// What PAUSE and RESUME need to know of an entry.
    struct Database: Sendable {
        var isPaused = false
    }

    var mode: Mode = .active
    var isShuttingDown = false
    /// The entries by name, automatic ones as well; the console's own is not needed.
    var databases: [String: Database] = [:]
    /// Whether there is a `*` entry: PAUSE, DISABLE and the like then make the database that they name.
    var makesDatabases = false

    /// Why the command cannot be obeyed, or nil. The order of the checks is the one that PgBouncer's answers show.
    func refusal(of effect: ConsoleEffect) -> ConsoleError? {
        switch effect {
        case .pause(let name): stopped ?? missing(name) ?? own(name, "cannot pause admin db")
        case .kill(let name): stopped ?? missing(name) ?? own(name, "cannot kill admin db")
        case .suspend: stopped ?? (databases.values.contains(where: \.isPaused) ? .databasesArePaused : nil)
        case .resume(let name): resumeRefusal(name)
        case .disable(let name): missing(name) ?? own(name, "cannot disable admin db")
        case .enable(let name): missing(name) ?? own(name, "cannot enable admin db")
        case .reconnect(let name): missing(name) ?? own(name, "cannot reconnect admin db")
        case .waitClose(let name): missing(name) ?? own(name, "cannot wait in admin db")
        case .killClient, .reload, .set, .shutdown: nil
        case .takeOver: isShuttingDown ? .shuttingDown : mode == .suspended ? .suspended : nil
        }
    }

    private var stopped: ConsoleError? {
        switch mode {
        case .active: nil
        case .paused, .suspended: .alreadyPaused
        }
    }

    private func resumeRefusal(_ name: String?) -> ConsoleError? {
        if isShuttingDown { return .shuttingDown }
        guard let name else { return stopped == nil ? .notPaused : nil }
        if ConsoleGreeting.isConsole(name) { return .databaseNotPaused(name) }
        guard let database = databases[name] else { return .noSuchDatabase(name) }
        return database.isPaused ? nil : .databaseNotPaused(name)
    }

    private func missing(_ name: String?) -> ConsoleError? {
        guard let name, !makesDatabases, !ConsoleGreeting.isConsole(name), databases[name] == nil else { return nil }
        return .noSuchDatabase(name)
    }

    private func own(_ name: String?, _ text: String) -> ConsoleError? {
        guard let name, ConsoleGreeting.isConsole(name) else { return nil }
        return .consoleDatabase(text, name)
    }
}
