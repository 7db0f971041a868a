/// A connection to Postgres: the shell around its login, and what it owes to whom. It belongs to one worker at a time.
final class ServerConnection: Connection {
    /// Where the connection stands. Successors: connecting → login → idle; idle ↔ active; active → testing → idle;
    /// active → probing → active | idle; idle → testing (check query); idle ↔ lookingUp; any → closed.
    enum Phase {
        /// The address is being looked up, or connect(2) is in progress.
        case connecting
        indirect case login(ServerLogin)
        case idle
        /// Linked to a client.
        case active(ClientConnection)
        /// Its parameters are made to fit a client that waits for it.
        case aligning(ClientConnection, ParameterSet)
        /// Its client's transaction is over, or it is new and has no client yet: it is asked what its session holds.
        case probing(ClientConnection?, SessionProbe)
        /// A reset or check query of ours runs.
        case testing(ServerTest)
        /// It runs auth_query.
        case lookingUp(SecretLookUp)
        /// A cancel request is aimed at it: it is not reused until that is over.
        case beingCanceled
        case closed

        /// Whether it counts for max_server_logins.
        var isLoggingIn: Bool {
            switch self {
            case .connecting, .login: true
            case .idle, .active, .aligning, .probing, .testing, .lookingUp, .beingCanceled, .closed: false
            }
        }
    }

    let address: SocketAddress
    /// The entry of the host list that the address belongs to; nil for a Unix socket.
    let host: String?
    /// What it logs in with where the pool has a `password_command`; nil once that has gone well.
    var commandPassword: CommandPassword?
    /// It is a second try, after a server refused the password that was at hand.
    let isSecondTry: Bool
    /// What the query of ours that runs failed with.
    var testFailure: String?
    /// How many queries its present alignment takes: each of them is done or not by itself.
    var alignmentCount = 0
    /// The part of its pool that its present worker holds.
    var pool: WorkerPool

    var phase = Phase.connecting
    var replies = ReplyQueue()
    /// The prepared statements that it holds, where they are tracked.
    var statements = ServerStatements()
    /// What else its session holds.
    var session = ServerSession()
    var transactionStatus = TransactionStatus.idle
    var parameters: ParameterSet
    var cancelKey: CancelKey?
    /// To be closed as soon as nobody uses it.
    var isCloseNeeded = false
    /// Cancel requests that are on their way to it.
    var cancelsInFlight = 0
    /// When the request that is running was sent; nil between requests.
    var queryStartedAt: Instant?
    /// When the transaction that is open began.
    var transactionStartedAt: Instant?

    init(
        token: Token, id: UInt64, transport: consuming Transport, address: SocketAddress, pending: PendingServer,
        parameters: ParameterSet, now: Instant
    ) {
        self.address = address
        host = address.isUnix ? nil : pending.host
        pool = pending.pool
        commandPassword = pending.password
        isSecondTry = pending.isSecondTry
        self.parameters = parameters
        super.init(token: token, id: id, transport: transport, now: now)
    }

    /// The client that it works for.
    var client: ClientConnection? {
        switch phase {
        case .active(let client), .aligning(let client, _): client
        case .connecting, .login, .idle, .probing, .testing, .lookingUp, .beingCanceled, .closed: nil
        }
    }
}

/// A query of ours between two clients.
enum ServerTest: Equatable {
    /// server_reset_query.
    case reset
    /// What takes the state of a session away that its client has left.
    case clean
    /// server_check_query; a client waits for the outcome in the queue.
    case check
}
