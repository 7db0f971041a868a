/// What makes a pool: a `[databases]` entry and the user that its servers are logged in as.
struct PoolKey: Hashable, Sendable {
    let database: String
    let user: String
}
