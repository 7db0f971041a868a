/// An error that the console answers. The members below are the one table of codes and texts: PgBouncer's where it has
/// the error too, else those of Postgres.
struct ConsoleError: Error, Equatable, Sendable {
    let sqlState: String
    let message: String

    private init(_ sqlState: String, _ message: String) {
        self.sqlState = sqlState
        self.message = message
    }
}

extension ConsoleError {
    // MARK: Commands

    static func invalidCommand(_ query: String) -> Self {
        Self("08P01", "invalid command '\(shortened(query))', use SHOW HELP;")
    }
    /// A word, key or value is longer than the console takes.
    static let badArguments = Self("08P01", "bad arguments")
    static let adminAccessNeeded = Self("08P01", "admin access needed")
    static let databaseRequired = Self("08P01", "a database is required")
    static let invalidClientPointer = Self("08P01", "invalid client pointer supplied")
    /// For what only the one who runs a command can tell, such as which setting a configuration file got wrong.
    static func failed(sqlState: String, message: String) -> Self { Self(sqlState, message) }

    // MARK: Effects

    static let suspended = Self("55000", "pooler is suspended")
    static func takeoverVersion(_ wanted: UInt32, _ ours: UInt32) -> Self {
        Self("0A000", "the running process speaks version \(ours) of the hand-over, not \(wanted)")
    }
    static let takeoverUnderWay = Self("55006", "another process is taking over already")
    static let handedOver = Self("55000", "another process has taken over")
    static let takeoverNotAllowed = Self(
        "42501", "only a process of the same account may take over, over the Unix socket")
    static let alreadyPaused = Self("08P01", "already suspended/paused")
    static let notPaused = Self("08P01", "pooler is not paused/suspended")
    static func databaseNotPaused(_ name: String) -> Self { Self("08P01", "database \(name) is not paused") }
    static let databasesArePaused = Self("08P01", "cannot suspend with paused databases")
    static let shuttingDown = Self("08P01", "pooler is shutting down")
    static func noSuchDatabase(_ name: String) -> Self { Self("08P01", "no such database: \(name)") }
    static func consoleDatabase(_ text: String, _ name: String) -> Self { Self("08P01", "\(text): \(name)") }
    static let clientNotFound = Self("08P01", "client not found")
    static let setFailed = Self("08P01", "SET failed")
    static func settingNeedsRestart(_ key: String) -> Self {
        Self("55P02", "parameter \"\(key)\" cannot be changed without restarting pgvalet")
    }
    static let reloadFailed = Self("F0000", "RELOAD failed, see logs for additional details")
    /// A cancel request ended a command that waited.
    static let canceled = Self("57014", "canceling statement due to user request")
    /// A RESUME or SHUTDOWN from elsewhere ended a command that waited.
    static func ended(by command: String) -> Self { Self("57014", "canceling statement due to \(command)") }

    // MARK: Protocol

    static func unsupportedPacket(_ type: FrontendMessageType) -> Self {
        Self("08P01", "unsupported packet type for admin console: \(type.rawValue)")
    }
    static let badPacket = Self("08P01", "bad packet")
    static func brokenPacket(_ message: String) -> Self { Self("08P01", "broken \(message) packet") }
    static let tooManyMessages = Self("54000", "too many messages while a command is running")

    // MARK: Extended protocol

    static func duplicateStatement(_ name: String) -> Self {
        Self("42P05", "prepared statement \"\(shortened(name))\" already exists")
    }
    static func noSuchStatement(_ name: String) -> Self {
        name.isEmpty
            ? Self("26000", "unnamed prepared statement does not exist")
            : Self("26000", "prepared statement \"\(shortened(name))\" does not exist")
    }
    static func duplicatePortal(_ name: String) -> Self {
        Self("42P03", "portal \"\(shortened(name))\" already exists")
    }
    static func noSuchPortal(_ name: String) -> Self {
        Self("34000", "portal \"\(shortened(name))\" does not exist")
    }
    static func portalIsDone(_ name: String) -> Self { Self("55000", "portal \"\(shortened(name))\" cannot be run") }
    static func parameterCount(_ count: Int, statement: String) -> Self {
        Self(
            "08P01",
            "bind message supplies \(count) parameters, but prepared statement \"\(shortened(statement))\" requires 0"
        )
    }
    static func formatCount(_ count: Int, columns: Int) -> Self {
        Self("08P01", "bind message has \(count) result formats but query has \(columns) columns")
    }
    static func unsupportedFormat(_ code: Int16) -> Self { Self("22023", "unsupported format code: \(code)") }
    static let tooManyStatements = Self("54000", "too many prepared statements in the admin console")
    static let tooManyPortals = Self("54000", "too many portals in the admin console")

    /// What a client sent is repeated up to 1,000 characters.
    private static func shortened(_ text: String) -> Substring { text.prefix(1000) }
}
