/// One connection, of a client or to a server: a row of SHOW CLIENTS, SERVERS and SOCKETS.
struct SocketReport: Sendable {
    /// What the connection is doing, in PgBouncer's words.
    enum State: Sendable, CaseIterable {
        /// A client that has not finished its login; only SHOW SOCKETS lists it.
        case clientLogin
        /// A client linked to a server.
        case clientActive
        /// A client that is logged in and holds no server.
        case clientIdle
        case clientWaiting
        case clientActiveCancel
        case clientWaitingCancel
        case serverActive
        case serverIdle
        case serverUsed
        case serverTested
        /// A server that is being connected to or logged in to.
        case serverLogin
        case serverActiveCancel
        case serverBeingCanceled
    }

    /// A connection's `replication` startup parameter.
    enum Replication: String, Sendable {
        case none, logical, physical
    }

    /// How much of the connection's buffer is in use, in bytes.
    struct Buffer: Sendable {
        var receivePosition = 0
        var packetPosition = 0
        /// What is still to come of the current message.
        var packetRemainder = 0
        var sendPosition = 0
        /// Bytes that were not parsed yet.
        var unparsed = 0
        /// Bytes that were parsed and not sent yet.
        var unsent = 0

        var isEmpty: Bool { unparsed == 0 && unsent == 0 && packetRemainder == 0 && receivePosition == 0 }
    }

    /// Counts up over all workers, never reused; KILL_CLIENT takes it.
    var id: UInt64
    var state: State
    /// The login user; nil before it is known.
    var user: String?
    /// The name of the `[databases]` entry; nil before it is known and for a peer.
    var database: String?
    /// The user of the connection's pool, where it is another one than `user` (a forced user).
    var poolUser: String?
    var replication: Replication = .none
    /// The peer's address, or "unix".
    var address: String
    var port: Int
    var localAddress: String
    var localPort: Int
    /// Seconds since 1970.
    var connectTime: Int64
    /// When the peer's last message came, in seconds since 1970.
    var requestTime: Int64
    /// How long ago the client's current query began; nil for a server and when there is none.
    var wait: Duration?
    var closeNeeded = false
    /// A number that names the connection among the living ones; printed as an address.
    var pointer: UInt64
    /// The `pointer` of the connection at the other end of the link.
    var link: UInt64?
    var remotePID: Int32 = 0
    /// "version/cipher", nil without TLS.
    var tls: String?
    /// The tracked application_name.
    var applicationName: String?
    var preparedStatements = 0
    var buffer = Buffer()
}

extension SocketReport.State {
    var isClient: Bool {
        switch self {
        case .clientLogin, .clientActive, .clientIdle, .clientWaiting, .clientActiveCancel, .clientWaitingCancel: true
        case .serverActive, .serverIdle, .serverUsed, .serverTested, .serverLogin, .serverActiveCancel,
            .serverBeingCanceled:
            false
        }
    }

    /// The word of SHOW CLIENTS and SHOW SERVERS.
    var word: String {
        switch self {
        case .clientLogin: "login"
        case .clientActive, .serverActive: "active"
        case .clientIdle, .serverIdle: "idle"
        case .clientWaiting: "waiting"
        case .clientActiveCancel: "active_cancel_req"
        case .clientWaitingCancel: "waiting_cancel_req"
        case .serverUsed: "used"
        case .serverTested: "tested"
        case .serverLogin: "new"
        case .serverActiveCancel: "active_cancel"
        case .serverBeingCanceled: "being_canceled"
        }
    }

    /// The word of SHOW SOCKETS and SHOW ACTIVE_SOCKETS, which tell both sides apart and know no idle client.
    var socketWord: String {
        switch self {
        case .clientIdle: "cl_active"
        case .clientLogin, .clientActive, .clientWaiting, .clientActiveCancel, .clientWaitingCancel: "cl_" + word
        case .serverLogin: "sv_login"
        case .serverActive, .serverIdle, .serverUsed, .serverTested, .serverActiveCancel, .serverBeingCanceled:
            "sv_" + word
        }
    }

    /// The place of the state in a listing: a pool's clients before its servers, in the order of PgBouncer's lists.
    fileprivate var rank: Int {
        switch self {
        case .clientActive, .clientIdle: 0
        case .clientWaiting: 1
        case .clientActiveCancel: 2
        case .clientWaitingCancel: 3
        case .clientLogin: 4
        case .serverActive: 5
        case .serverIdle: 6
        case .serverUsed: 7
        case .serverTested: 8
        case .serverLogin: 9
        case .serverActiveCancel: 10
        case .serverBeingCanceled: 11
        }
    }
}

extension SocketReport {
    /// The order of the listings: by pool, then state, then id. What has no database (a peer's cancel) comes last.
    static func precedes(_ left: Self, _ right: Self) -> Bool {
        switch (left.database, right.database) {
        case (nil, .some): return false
        case (.some, nil): return true
        case (nil, nil): break
        case (.some, .some):
            if left.pool != right.pool { return left.pool < right.pool }
        }
        return (left.state.rank, left.id) < (right.state.rank, right.id)
    }

    private var pool: PoolReport.ID {
        PoolReport.ID(database: database ?? "", user: poolUser ?? user ?? "")
    }
}
