extension SettingDefinition {
    /// What a client's session looks like.
    static let sessions: [SettingDefinition] = [
        SettingDefinition(
            "server_reset_query", \.serverResetQuery, .text, default: "DISCARD ALL", since: "1.1",
            "Query that cleans a server connection when a session-mode client leaves it; empty is none."
        ),
        SettingDefinition(
            "server_reset_query_always", \.serverResetQueryAlways, .boolean, default: "0", since: "1.6.1",
            "Runs `server_reset_query` in every pool mode."
        ),
        SettingDefinition(
            "ignore_startup_parameters", \.ignoreStartupParameters, .names, default: "", since: "1.2",
            """
            Startup parameters that are dropped instead of refused; `options` drops the unknown settings in \
            options.
            """
        ),
        SettingDefinition(
            "track_extra_parameters", \.trackExtraParameters, .trackedParameters, default: "IntervalStyle",
            isChangeable: false, since: "1.20",
            """
            Parameters tracked for each client beside client_encoding, DateStyle, TimeZone, \
            standard_conforming_strings and application_name.
            """
        ),
        SettingDefinition(
            "application_name_add_host", \.applicationNameAddHost, .boolean, default: "0", since: "1.6",
            "Appends the client's address and port to the application_name given at login."
        ),
        SettingDefinition(
            "max_prepared_statements", \.maxPreparedStatements, .integer, default: "200", since: "1.21",
            """
            Named statements kept prepared on each server connection in transaction and statement mode; 0 \
            switches the tracking off.
            """
        ),
        SettingDefinition(
            "disable_pqexec", \.disablePqexec, .boolean, default: "0", isChangeable: false, since: "1.4",
            "Refuses the simple query protocol, on the console too."
        ),
        SettingDefinition(
            "max_packet_size", \.maxPacketSize, .integer(0...4_294_967_295), default: "2147483647", since: "1.5.3",
            "Longest protocol message, in bytes, taken from either side."
        ),
        SettingDefinition(
            "login_notify_message", \.loginNotifyMessage, .text, default: "", since: "after 1.25",
            "Sent as a NOTICE at the end of every login; empty is none."
        ),
        SettingDefinition(
            "session_state", \.sessionState, .choice(), default: "track", overrides: [.database, .user],
            """
            What becomes of session state (`SET`, temporary tables, LISTEN, advisory locks, ...) in transaction and \
            statement mode: `track` takes parameters from server to server, and keeps a client on its server for what \
            cannot be taken along; `pin` keeps it there for either; `reset` ends it with the transaction; `passthrough` \
            leaves it to the next client, as PgBouncer does.
            """
        ),
        SettingDefinition(
            "max_pinned", \.maxPinned, .integer(-1...2_147_483_647), default: "-1", overrides: [.database],
            """
            Clients of one pool that may be kept on their server because of session state; -1 is half of the pool size, \
            rounded up. Beyond that the statement that would need it fails (53400).
            """
        ),
    ]
}
