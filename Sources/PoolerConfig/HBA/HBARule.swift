/// One line of the HBA file: whom it is about, and how they prove who they are.
public struct HBARule: Sendable, Equatable {
    /// How the client came in.
    public var connection: Connection
    /// Databases it is about, by their names in [databases].
    public var databases: [DatabasePattern]
    /// Users it is about, by the names that clients give.
    public var users: [UserPattern]
    /// Where the client is; `all` for `local` rules.
    public var address: AddressPattern
    /// What the client has to do.
    public var method: Method
    /// The ident map of `map=`, for cert and peer.
    public var map: String?
    /// What stands behind `ldap`.
    public var ldapOptions: LDAPOptions?
    /// The PAM service of `pamservice=`.
    public var pamService: String?
    /// Where the rule stands.
    public var location: SourceLocation

    /// The first field.
    public enum Connection: String, Sendable {
        /// Unix sockets.
        case local
        /// TCP, with and without TLS.
        case host
        /// TCP with TLS.
        case hostssl
        /// TCP without TLS.
        case hostnossl
    }

    /// One word of the database field.
    public enum DatabasePattern: Sendable, Equatable {
        /// Every database, but no physical replication.
        case all
        /// The database that is called as the user.
        case sameUser
        /// Physical replication.
        case replication
        /// The database of this name.
        case name(String)
    }

    /// One word of the user field.
    public enum UserPattern: Sendable, Equatable {
        /// Every user.
        case all
        /// The user of this name.
        case name(String)
    }

    /// The address field.
    public enum AddressPattern: Sendable, Equatable {
        /// Any address, IPv4 and IPv6.
        case all
        /// Addresses in this network.
        case network(IPNetwork)
    }

    /// The method field.
    public enum Method: String, Sendable, CaseIterable {
        /// Nothing.
        case trust
        /// Go away.
        case reject
        /// Postgres's MD5 exchange.
        case md5
        /// The password in clear.
        case password
        /// The Unix account at the other end of the socket.
        case peer
        /// A TLS client certificate.
        case cert
        /// SCRAM-SHA-256.
        case scramSHA256 = "scram-sha-256"
        /// The password in clear, checked by an LDAP server.
        case ldap
        /// The password in clear, checked by PAM.
        case pam
        /// A JSON Web Token in the place of the password.
        case jwt
    }
}

extension HBARule {
    /// True if this rule is about `request`.
    public func matches(_ request: HBARequest) -> Bool {
        matches(request.peer)
            && databases.contains { matches($0, request) }
            && users.contains { matches($0, request) }
    }

    private func matches(_ pattern: UserPattern, _ request: HBARequest) -> Bool {
        switch pattern {
        case .all: true
        case .name(let name): name.hasSameBytes(as: request.user)
        }
    }

    private func matches(_ peer: HBARequest.Peer) -> Bool {
        switch (connection, peer) {
        case (.local, .unix): true
        case (.host, .tcp(let client, _)), (.hostssl, .tcp(let client, tls: true)),
            (.hostnossl, .tcp(let client, tls: false)):
            switch address {
            case .all: true
            case .network(let network): network.contains(client)
            }
        case (.local, .tcp), (.host, .unix), (.hostssl, _), (.hostnossl, _): false
        }
    }

    private func matches(_ pattern: DatabasePattern, _ request: HBARequest) -> Bool {
        switch pattern {
        case .replication: request.isPhysicalReplication
        case .all: !request.isPhysicalReplication
        case .sameUser: !request.isPhysicalReplication && request.database.hasSameBytes(as: request.user)
        case .name(let name): !request.isPhysicalReplication && request.database.hasSameBytes(as: name)
        }
    }
}
