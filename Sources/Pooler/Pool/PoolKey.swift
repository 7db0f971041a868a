/// What makes a pool: a `[databases]` entry and the user that its servers are logged in as.
struct PoolKey: Hashable, Sendable {
    let database: String
    let user: String
    /// The client that has the pool for itself, for replication, or `authQueryOwner`; 0 for a pool that is shared.
    var owner: UInt64 = 0

    /// The pool whose limits count: a replication client's connection counts with the shared ones. Those of auth_query do not:
    /// they would wait for connections that nobody gives up.
    var shared: PoolKey { isForAuthQuery ? self : PoolKey(database: database, user: user) }

    /// The owner of the pools in which `auth_query` runs: no client's session ever touches their servers.
    static let authQueryOwner = UInt64.max

    /// Whether `auth_query` runs in it.
    var isForAuthQuery: Bool { owner == Self.authQueryOwner }
}
