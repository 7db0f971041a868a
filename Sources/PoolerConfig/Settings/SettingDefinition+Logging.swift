extension SettingDefinition {
    /// What operators see.
    static let logging: [SettingDefinition] = [
        SettingDefinition(
            "admin_users", \.adminUsers, .userNames, default: "", since: "<=1.0",
            "Users who may run every command of the console."
        ),
        SettingDefinition(
            "stats_users", \.statsUsers, .userNames, default: "", since: "<=1.0",
            "Users who may look at the console, and change nothing."
        ),
        SettingDefinition(
            "stats_period", \.statsPeriod, .integer(1...2_147_483_647), default: "60", since: "<=1.0",
            "Whole seconds over which averages are made, and between lines of statistics in the log."
        ),
        SettingDefinition(
            "log_stats", \.logStats, .boolean, default: "1", since: "1.11",
            "Logs a line of statistics every `stats_period`."
        ),
        SettingDefinition(
            "log_connections", \.logConnections, .boolean, default: "1", since: "1.0.3",
            "Logs each login, and each new server connection."
        ),
        SettingDefinition(
            "log_disconnections", \.logDisconnections, .boolean, default: "1", since: "1.0.3",
            "Logs each connection that ends, with the reason."
        ),
        SettingDefinition(
            "log_pooler_errors", \.logPoolerErrors, .boolean, default: "1", since: "1.0.3",
            "Logs each error that a client is sent."
        ),
        SettingDefinition(
            "logfile", \.logfile, .path, default: "", since: "<=1.0",
            "File that the log is appended to, beside stderr; opened anew on RELOAD."
        ),
        SettingDefinition(
            "syslog", \.syslog, .boolean, default: "0", since: "1.2",
            "Sends the log to syslog as well."
        ),
        SettingDefinition(
            "syslog_ident", \.syslogIdent, .text, default: "pgbouncer", since: "1.4",
            "Name of the program in syslog."
        ),
        SettingDefinition(
            "syslog_facility", \.syslogFacility, .choice(), default: "daemon", since: "1.2",
            "Facility in syslog."
        ),
        SettingDefinition(
            "verbose", \.verbose, .integer, default: nil, since: "<=1.0",
            "How much is logged, 0 to 3; the same as the number of `-v` options."
        ),
        SettingDefinition(
            "log_format", \.logFormat, .choice(), default: "pgbouncer",
            "Form of the log: PgBouncer's lines, or a JSON object for each (see docs/logging.md)."
        ),
        SettingDefinition(
            "metrics_listen", \.metricsListen, .hostAndPort, default: "",
            """
            Host and port of an HTTP endpoint that serves metrics for Prometheus at `/metrics` (see docs/metrics.md); \
            `*` is every address, empty is none. It asks for no password and has no TLS.
            """
        ),
    ]
}
