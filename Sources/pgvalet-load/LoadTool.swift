import ArgumentParser

/// Load for poolers and servers, over libpq as real clients would make it.
@main
struct LoadTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgvalet-load",
        abstract: "Puts load on a PostgreSQL server or a pooler in front of it.",
        subcommands: [Burst.self, Idle.self])
}
