/// What a worker's token may stand for.
enum Registration {
    case mailbox
    case listener(Listener)
    case client(ClientConnection)
    /// A server whose address is being looked up.
    case pendingServer(PendingServer)
    case server(ServerConnection)
    case cancel(CancelConnection)
}

/// A server connection that has no socket yet.
struct PendingServer {
    let pool: WorkerPool
    /// The entry of the host list that was chosen; nil for the Unix socket in unix_socket_dir.
    let host: String?
    let since: Instant
}
