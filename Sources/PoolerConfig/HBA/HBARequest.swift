/// What an HBA rule is matched against.
public struct HBARequest: Sendable, Equatable {
    /// How the client came in, and from where.
    public var peer: Peer
    /// The database that it asks for.
    public var database: String
    /// The user that it wants to be.
    public var user: String
    /// `replication=true`: then only rules that name `replication` match.
    public var isPhysicalReplication: Bool

    /// How a client came in.
    public enum Peer: Sendable, Equatable {
        /// By the Unix socket.
        case unix
        /// By TCP, with or without TLS.
        case tcp(IPAddress, tls: Bool)
    }

    /// A login.
    public init(peer: Peer, database: String, user: String, isPhysicalReplication: Bool = false) {
        self.peer = peer
        self.database = database
        self.user = user
        self.isPhysicalReplication = isPhysicalReplication
    }
}
