import PoolerConfig

/// Cancel requests for another process of the group (PgBouncer's peers), on the one worker that forwards them.
final class PeerPool {
    var peer: Peer
    /// How many may be on their way at once; 0 is none.
    var size: Int
    var waiting = WaitingCancels()
    /// Connections whose address is being found, or that are being opened.
    var openingCount = 0
    /// Connections that have sent their request and wait for its end.
    var sendingCount = 0
    /// When the peer could not be reached last (server_login_retry).
    var failedAt: Instant?
    /// Which entry of the host list is next.
    var hostIndex = 0
    /// The peer is gone from the configuration: nothing that returns is kept.
    var isRemoved = false

    init(_ peer: Peer, size: Int) {
        self.peer = peer
        self.size = size
    }

    /// The entry of the host list for the next connection.
    func nextHost() -> String {
        defer { hostIndex &+= 1 }
        return peer.hosts[hostIndex % peer.hosts.count]
    }
}
