/// What makes a pool: a `[databases]` entry and the user that its servers are logged in as.
struct PoolKey: Hashable, Sendable {
    let database: String
    let user: String
    /// The client that has the pool for itself, for replication; 0 for a pool that is shared.
    var owner: UInt64 = 0

    /// The pool whose limits count: an owner's connections count with the shared ones.
    var shared: PoolKey { PoolKey(database: database, user: user) }
}
