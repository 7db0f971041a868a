/// One known user: a row of SHOW USERS. Overrides are nil where the user has none.
struct UserReport: Sendable {
    var name: String
    var poolSize: Int?
    var reservePoolSize: Int?
    var poolMode: String?
    /// The value in effect, 0 is no limit.
    var maxConnections: Int
    /// The value in effect, 0 is no limit.
    var maxClientConnections: Int
    /// Filled in when the workers' reports are merged.
    var currentConnections = 0
    /// Filled in when the workers' reports are merged.
    var currentClientConnections = 0
}
