/// A name that was looked up: a row of SHOW DNS_HOSTS.
struct DNSHostReport: Sendable {
    var hostname: String
    /// Until the answer is stale; 0 when that is past.
    var timeToLive: Duration
    var addresses: [String]
}

/// A zone whose serial is watched: a row of SHOW DNS_ZONES.
struct DNSZoneReport: Sendable {
    var zone: String
    /// The SOA serial that was last seen.
    var serial: UInt32
    var hosts: Int
}

/// An entry of `[peers]`: a row of SHOW PEERS.
struct PeerReport: Sendable {
    var id: Int
    var host: String?
    var port: Int
    var poolSize: Int
}

/// The cancels on their way to one peer: a row of SHOW PEER_POOLS, or one worker's part of it.
struct PeerPoolReport: Sendable {
    var peerID: Int
    var activeCancels = 0
    var waitingCancels = 0
    var cancelServers = 0
    var loginServers = 0
}
