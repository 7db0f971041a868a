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
    let since: Instant
}
