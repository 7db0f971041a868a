/// What a worker's token may stand for.
enum Registration {
    case mailbox
    case listener(Listener)
    case client(ClientConnection)
    /// A server whose address is being looked up.
    case pendingServer(WorkerPool)
    case server(ServerConnection)
    case cancel(CancelConnection)
}
