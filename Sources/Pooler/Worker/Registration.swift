/// What a worker's token may stand for. Every payload is one reference, so that a look at the table costs one retain.
enum Registration {
    case mailbox
    /// What is due by itself is due.
    case alarm
    case listener(Listener)
    case client(ClientConnection)
    /// A server whose password or address is being looked up.
    case pendingServer(PendingServer)
    case server(ServerConnection)
    case cancel(CancelConnection)
    /// A run of auth_query, which waits for its server or has it.
    case secretLookUp(SecretLookUp)
}

/// A server connection that has no socket yet.
final class PendingServer {
    let pool: WorkerPool
    /// The entry of the host list that was chosen; nil for the Unix socket in unix_socket_dir.
    let host: String?
    /// When it came so far; nil while `password_command` runs, which has a limit of its own.
    var since: Instant?
    /// What `password_command` was asked for.
    var request: PasswordRequest?
    /// What it printed.
    var password: CommandPassword?
    /// It is a second try, after a server refused the password that was at hand.
    let isSecondTry: Bool

    init(pool: WorkerPool, host: String?, since: Instant, isSecondTry: Bool) {
        self.pool = pool
        self.host = host
        self.since = since
        self.isSecondTry = isSecondTry
    }
}

/// A password of `password_command`, in use for a login.
struct CommandPassword {
    let request: PasswordRequest
    let issued: IssuedPassword
}
