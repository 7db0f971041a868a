import ArgumentParser

/// Load for poolers and servers: over libpq as real clients make it, or over the bare wire where libpq's own work would be in the way.
@main
struct LoadTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgvalet-load",
        abstract: "Puts load on a PostgreSQL server or a pooler in front of it.",
        subcommands: [Burst.self, Logins.self, Steady.self, Idle.self, NullServer.self])
}
