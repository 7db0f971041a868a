import PoolerConfig

/// What other threads tell a worker.
enum WorkerMessage: Sendable {
    /// A freshly accepted client.
    case adopt(AcceptedSocket)
    /// The outcome of a look-up that a pending server waits for.
    case resolved(Token, HostResolver.Outcome)
    /// What `password_command` printed for a pending server.
    case passwordArrived(Token, PasswordCommands.Outcome)
    /// Another worker's clients wait for this many servers of a pool.
    case serversWanted(PoolKey, count: Int, by: Int)
    /// A server that another worker gave up.
    case serverGiven(PoolKey, Handover<MovedServer>)
    /// Another worker has given what idle servers it had.
    case serversAnswered(PoolKey)
    /// Connections came free under a limit at which somebody was turned away.
    case budgetFreed
    /// A connection is needed under this database's or user's limit: close an idle one of another pool.
    case evictIdle(database: String?, user: String?)
    /// A pinned client of a pool is so no more, or for certain: those who wait for its place try again.
    case pinSettled(PoolKey)
    /// A pool's first server has logged in.
    case welcomeArrived(PoolKey)
    /// A pool's server said no; its waiting clients are told.
    case loginRefused(PoolKey, ServerFailure)
    /// The password of a client that logs in has been judged.
    case verdictArrived(Token, PasswordCheck.Verdict)
    /// What auth_query told of the user of a client that logs in.
    case secretArrived(Token, SecretBook.Key, SecretQuery.Outcome)
    /// Nobody waits for an auth_query any more.
    case lookUpUnwanted(SecretBook.Key)
    /// There is a place for a client that waits to log in.
    case loginAdmitted(Token)
    /// A cancel request; whoever has the client acts.
    case cancel(CancelRequest)
    /// Everybody has dealt with the cancel request that a client of this worker sent.
    case cancelSettled(Token, CancelRequest.Outcome)
    /// The result type of a prepared statement has changed.
    case statementChanged([UInt8], at: UInt64)
    /// Runs on the worker, for what the control thread rarely asks.
    case run(@Sendable (Worker) -> Void)
}

/// A socket on its way from the accepting thread to its worker.
struct AcceptedSocket: Sendable {
    let descriptor: Int32
    let peer: SocketAddress
    /// Its listener may have had none of our options when it came.
    var lacksOptions = false
}

/// One object on its way from one thread to another. The sender lets go of it: that is what makes it safe.
final class Handover<Value>: @unchecked Sendable {
    private var value: Value?

    init(_ value: Value) {
        self.value = value
    }

    /// Takes the object; nil the second time.
    func take() -> Value? {
        defer { value = nil }
        return value
    }
}
