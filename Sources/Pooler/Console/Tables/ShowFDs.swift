extension ShowTable {
    /// SHOW FDS: the sockets by number, for those who look into the process from outside. The secrets and keys that PgBouncer
    /// shows are never shown, and the descriptors do not travel along.
    static let fds = ShowTable(
        "FDS",
        columns: [
            .int4("fd") { Int($0.number) },
            .text("task") { $0.task },
            .text("user") { $0.user },
            .text("database") { $0.database },
            .text("addr") { $0.address },
            .int4("port") { $0.port },
            .int8("cancel") { Int64(bitPattern: $0.cancelKey) },
            .int4("link") { Int($0.link) },
            .text("client_encoding") { $0.parameters["client_encoding"] },
            .text("std_strings") { $0.parameters["standard_conforming_strings"] },
            .text("datestyle") { $0.parameters["DateStyle"] },
            .text("timezone") { $0.parameters["TimeZone"] },
            .text("password") { _ in nil },
            .bytea("scram_client_key") { _ in nil },
            .bytea("scram_server_key") { _ in nil },
        ]
    ) { $0.globals.listeners + $0.descriptors }
}
