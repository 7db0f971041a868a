/// What a worker's token may stand for.
enum Registration {
    case mailbox
    case listener(Listener)
    case client(ClientConnection)
    /// A server of the pool whose host's address is being looked up.
    case pendingServer(WorkerPool, host: String?)
    case server(ServerConnection)
    case cancel(CancelConnection)
}
