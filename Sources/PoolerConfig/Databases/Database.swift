/// An entry of [databases]: where its servers are, and what is different there from the global settings.
///
/// An optional value that is nil is inherited, see `Configuration.poolSettings(database:user:)`.
public struct Database: Sendable, Equatable {
    /// The name that clients ask for; `*` in the fallback itself.
    public var name: String
    /// The database's name on the server.
    public var dbname: String
    /// Hosts of the list: names, addresses, `/directory` or `@abstract` of a Unix socket. Empty is the Unix socket in
    /// `unix_socket_dir`.
    public var hosts: [String] = []
    /// Port of all hosts, 1 to 65535.
    public var port = 5432
    /// The forced user, as whom every server connection logs in.
    public var user: String?
    /// Secret of the forced user; empty takes the one of `auth_file`.
    public var password = ""
    /// Role that runs `auth_query`.
    public var authUser: String?
    /// Query that finds a user's secret.
    public var authQuery: String?
    /// Entry in which `auth_query` runs.
    public var authDbname: String?
    /// Server connections for each pool; 0 is no limit.
    public var poolSize: Int?
    /// Server connections that each pool keeps.
    public var minPoolSize: Int?
    /// Server connections beyond the pool size.
    public var reservePoolSize: Int?
    /// Query that is run once on each new server connection.
    public var connectQuery: String?
    /// When a server connection goes back.
    public var poolMode: PoolMode?
    /// Server connections over all pools.
    public var maxDbConnections: Int?
    /// Client connections.
    public var maxDbClientConnections: Int?
    /// Age at which server connections are closed.
    public var serverLifetime: Duration?
    /// Longest wait of a client; zero is forever.
    public var queryWaitTimeout: Duration?
    /// Which host of the list a new connection goes to.
    public var loadBalanceHosts = LoadBalanceHosts.roundRobin
    /// Goes into the startup packet to the server.
    public var clientEncoding: String?
    /// Goes into the startup packet to the server.
    public var datestyle: String?
    /// Goes into the startup packet to the server.
    public var timezone: String?
    /// Goes into the startup packet to the server.
    public var applicationName: String?
    /// How TLS begins on a server connection; `direct` demands it.
    public var sslNegotiation = SSLNegotiation.postgres
    /// What becomes of session state.
    public var sessionState: SessionStateMode?
    /// Clients of a pool that may be pinned; -1 is half of the pool size.
    public var maxPinned: Int?
    /// Program that prints the password for server logins.
    public var passwordCommand: PasswordCommand?
    /// Made from `*` when a client asked for it.
    public var isAutomatic = false

    /// An entry with nothing in its connect string.
    public init(name: String) {
        self.name = name
        self.dbname = name
    }

    /// True if a server connection made for `other` is of no use here: it has to be closed when it is free.
    public func differsInConnection(from other: Database) -> Bool {
        DatabaseKey.all.contains { $0.isPartOfConnection && !$0.isSame(self, other) }
    }

    /// Names of the console, which no entry can have.
    public static func isReserved(_ name: String) -> Bool {
        name == "pgbouncer" || name == "pgvalet"
    }

    /// The automatic database that this fallback entry makes for `name`.
    func automatic(named name: String) -> Database {
        var database = self
        database.name = name
        if dbname == Self.fallbackName { database.dbname = name }
        database.isAutomatic = true
        return database
    }

    /// The name of the fallback entry.
    static let fallbackName = "*"
}

extension Database: CustomStringConvertible {
    /// Its name: the values may hold a secret, so interpolation must not print them.
    public var description: String { "database \(name)" }
}
