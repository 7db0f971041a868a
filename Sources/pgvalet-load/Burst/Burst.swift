import ArgumentParser

/// A serverless spike: many clients at once, each connects, runs one query, and leaves.
struct Burst: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Many clients at once, each connects, runs one short query and leaves.",
        discussion: """
            Each target is NAME=CONNINFO, for example pooled='host=127.0.0.1 port=6432 user=app dbname=app'. The targets \
            take their turns. The server's connections are counted over a connection of its own (--admin) meanwhile.
            """)

    @Option(help: "How many clients.")
    var clients = 500

    @Option(help: "The query that each runs.")
    var query = "select now()"

    @Option(help: "Conninfo of a direct superuser connection, over which the server's connections are counted.")
    var admin: String?

    @Option(help: "NAME:LIMIT, exit 1 if that target has an error or uses more than LIMIT server connections.")
    var check: [Check] = []

    @Option(help: "Give up after so many seconds.")
    var patience = 60

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    @Argument(help: "What to connect to, NAME=CONNINFO.")
    var targets: [Target]

    func validate() throws {
        guard clients > 0, patience > 0 else { throw ValidationError("--clients and --patience are at least 1") }
        guard !targets.isEmpty else { throw ValidationError("name at least one target, NAME=CONNINFO") }
        for check in check where !targets.contains(where: { $0.name == check.name }) {
            throw ValidationError("--check \(check.name): there is no such target")
        }
    }

    func run() throws {
        raiseDescriptorLimit()
        var reports: [BurstReport] = []
        for target in targets {
            let sampler = try admin.map { try ServerSampler($0) }
            var crowd = BurstCrowd(clients: clients, query: query, conninfo: target.conninfo)
            try crowd.run(within: .seconds(patience))
            reports.append(BurstReport(target.name, crowd, maxServerConnections: sampler?.finish()))
        }
        print(json ? try BurstReport.json(reports) : BurstReport.table(reports))
        for check in check {
            for report in reports where report.name == check.name && !report.passes(limit: check.limit) {
                throw ExitCode.failure
            }
        }
    }
}

/// `NAME=CONNINFO` on the command line.
struct Target: ExpressibleByArgument {
    let name: String
    let conninfo: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        (name, conninfo) = (String(parts[0]), String(parts[1]))
    }
}

/// `NAME:LIMIT` on the command line.
struct Check: ExpressibleByArgument {
    let name: String
    let limit: Int

    init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let limit = Int(parts[1]) else { return nil }
        (name, self.limit) = (String(parts[0]), limit)
    }
}
