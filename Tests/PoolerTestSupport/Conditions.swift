import Testing

extension Pooler {
    /// Whether the program under test is pgvalet, not PgBouncer standing in as the oracle.
    public static let isPgvalet = !binary.hasSuffix("pgbouncer")

    /// PgBouncer's version, for what came later than the one that is installed; pgvalet has it all.
    public static let version: (major: Int, minor: Int) = {
        guard !isPgvalet, let output = try? ChildProcess.run([binary, "-V"]).output else { return (.max, .max) }
        let numbers = output.split(separator: " ").dropFirst().first?.split(separator: ".").compactMap { Int($0) } ?? []
        return numbers.count > 1 ? (numbers[0], numbers[1]) : (0, 0)
    }()
}

extension Trait where Self == ConditionTrait {
    /// For what pgvalet does otherwise than PgBouncer, on purpose.
    public static var pgvaletOnly: Self {
        .enabled(if: Pooler.isPgvalet, "PgBouncer does otherwise")
    }

    /// For what PgBouncer does since a version 1.x.
    public static func since(_ minor: Int) -> Self {
        .enabled(if: Pooler.version >= (1, minor), "PgBouncer has it since 1.\(minor)")
    }
}
