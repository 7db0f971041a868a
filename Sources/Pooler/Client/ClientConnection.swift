import PoolerConfig

/// A client and its socket: the shell around the machines of its login and session. It belongs to one worker.
final class ClientConnection: Connection {
    /// Where the client stands. What only a login or a console needs is boxed: the phase is looked at for every event.
    ///
    /// Successors: login → welcomeWait | session | console | canceling; welcomeWait → session; any → closing.
    enum Phase {
        indirect case login(ClientLogin)
        /// Authenticated, but its pool has never had a server that could say what to welcome it with.
        case welcomeWait
        /// Logged in.
        case session
        indirect case console(ConsoleSession)
        /// It is no client, but has sent a cancel request, and waits until that has been dealt with.
        case canceling
        /// The last bytes are on their way out.
        case closing
    }

    /// What a logged-in client has to do with servers. Successors: none → waiting | linked; waiting → linked | none;
    /// linked → none.
    enum Link {
        case none
        case waiting(WaitQueue.Ticket)
        /// It has a server, whose parameters are being aligned or whose session is being looked at; its own bytes wait.
        case aligning(ServerConnection)
        case linked(ServerConnection)
    }

    // Behind the bytes that `Connection` ends with, these take no room.
    /// Its next request is answered with an error of ours, up to its Sync.
    var refusal = RequestRefusal.none
    /// Whether the notice of query_wait_notify has gone out in this wait.
    var wasNotifiedOfWait = false
    let isUnix: Bool
    /// Whether its turn to log in is due: it stands among `Worker.loginsReady`.
    var isLoginReady = false

    let peer: SocketAddress
    var phase = Phase.login(ClientLogin())
    /// What its login waits for; nil before the startup packet and after the login.
    var login: PendingLogin?
    var identity: ClientIdentity?
    var pool: WorkerPool?
    var parameters: ParameterSet?
    /// What it believes of its session; nil until it has asked something, as of most idle clients.
    private(set) var openedBooks: ClientBooks?
    var limits = ClientLimits.none
    /// `requestStartedAt`, or `never`: an optional of it takes twice the room.
    private var requestStart = Instant.never
    var link = Link.none
    var cancelKey: CancelKey?

    init(token: Token, id: UInt64, transport: consuming Transport, peer: SocketAddress, now: Instant) {
        self.peer = peer
        isUnix = peer.isUnix
        super.init(token: token, id: id, transport: transport, now: now)
    }

    /// What it believes of its session. Opened by the first look, so whoever goes through all clients asks `openedBooks`.
    @inline(__always)
    var books: ClientBooks {
        if let openedBooks { return openedBooks }
        let books = ClientBooks()
        openedBooks = books
        return books
    }

    /// When the request that it waits for, or for the answer of, came; nil between requests.
    var requestStartedAt: Instant? {
        @inline(__always) get { requestStart == .never ? nil : requestStart }
        @inline(__always) set { requestStart = newValue ?? .never }
    }

    /// The server that it is linked to or being aligned with.
    var server: ServerConnection? {
        switch link {
        case .none, .waiting: nil
        case .aligning(let server), .linked(let server): server
        }
    }
}

/// What a client believes its session to hold.
final class ClientBooks {
    /// When its first request came; `never` before.
    var firstRequestAt = Instant.never
    /// The prepared statements, where they are tracked.
    var statements = ClientStatements()
    /// Everything else.
    var session = ClientSession()
    /// What has come of a Parse that is too long for the scratch block, up to the whole frame.
    var largeParse: [UInt8] = []
}

/// A request that is refused without a server: which one, and what is left of it to discard.
enum RequestRefusal: UInt8 {
    case none
    /// The next request, since it was cancelled while it waited.
    case cancelled
    /// The error is out; the rest goes until Sync, which is answered.
    case untilSync
    /// The next request, since its client believes in state that it has no more.
    case stateLost
}
