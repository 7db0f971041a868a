import COpenSSL

/// The name that we were started under, which decides what we call ourselves: tools that know PgBouncer's texts find
/// them when the binary is called `pgbouncer`.
public enum ProgramName: String, Sendable, CaseIterable {
    case pgbouncer
    case pgvalet

    /// pgvalet's own version.
    public static let version = "0.1.0"

    /// The PgBouncer whose behaviour we have.
    public static let compatibleVersion = "1.25.2"

    /// The name of this process.
    public static let current = ProgramName(argument: CommandLine.arguments.first ?? "")

    /// - Parameter argument: `argv[0]`; anything whose last component is not `pgbouncer` is pgvalet.
    public init(argument: String) {
        let base = argument.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
        self = base == Self.pgbouncer.rawValue ? .pgbouncer : .pgvalet
    }

    /// The name in sentences for people.
    public var productName: String {
        switch self {
        case .pgbouncer: "PgBouncer"
        case .pgvalet: "pgvalet"
        }
    }

    /// Name and version, as `-V` and SHOW VERSION print them first.
    public var versionText: String {
        switch self {
        case .pgbouncer: "PgBouncer \(Self.compatibleVersion)"
        case .pgvalet: "pgvalet \(Self.version) (compatible with PgBouncer \(Self.compatibleVersion))"
        }
    }

    /// What `-V` prints: the version, then one line for each library that matters to an operator.
    public var versionLines: [String] { [versionText, "adns: libc"] + Self.libraries + ["systemd: yes"] }

    /// The log line that says that the listeners are open.
    public var processUp: String {
        "process up: " + ([versionText, "adns: libc"] + Self.libraries).joined(separator: ", ")
    }

    private static var libraries: [String] {
        guard let tls = unsafe OpenSSL_version(OPENSSL_VERSION) else { return [] }
        return ["tls: \(unsafe String(cString: tls))"]
    }
}
