/// What a client learns when it logs in to the console.
enum ConsoleGreeting {
    /// The name that the console's database, its user and its pool go by in every listing.
    static let database = "pgbouncer"

    /// Whether a client that asks for this database gets the console.
    static func isConsole(_ database: String) -> Bool {
        database == Self.database || database == "pgvalet"
    }

    /// The ParameterStatus messages between AuthenticationOk and BackendKeyData, in order.
    ///
    /// - Parameters:
    ///   - version: the PgBouncer version that we stand in for, such as "1.25.2"; tools parse it.
    ///   - tracked: the tracked parameters that the client sent.
    static func parameterStatuses(
        version: String, tracked: [(name: String, value: String)] = []
    ) -> [(name: String, value: String)] {
        [
            ("server_version", version + "/bouncer"),
            ("client_encoding", "UTF8"),
            ("server_encoding", "UTF8"),
            ("DateStyle", "ISO"),
            ("TimeZone", "GMT"),
            ("standard_conforming_strings", "on"),
            ("is_superuser", "on"),
        ] + tracked
    }
}
