/// How much memory one kind of object takes: a row of SHOW MEM.
struct MemoryReport: Sendable {
    /// The kinds, under the names and in the order that PgBouncer lists.
    enum Slab: String, CaseIterable, Sendable {
        case users = "user_cache"
        case credentials = "credentials_cache"
        case databases = "db_cache"
        case peers = "peer_cache"
        case peerPools = "peer_pool_cache"
        case pools = "pool_cache"
        case outstandingRequests = "outstanding_request_cache"
        case servers = "server_cache"
        case clients = "client_cache"
        case buffers = "iobuf_cache"
        case parameters = "var_list_cache"
        case serverStatements = "server_prepared_statement_cache"
    }

    var slab: Slab
    /// Bytes for each object.
    var objectSize = 0
    var used = 0
    var free = 0
    /// Bytes held.
    var total = 0

    /// Objects that come and go one by one.
    static func used(_ slab: Slab, count: Int, size: Int) -> MemoryReport {
        MemoryReport(slab: slab, objectSize: size, used: count, total: size * count)
    }
}
