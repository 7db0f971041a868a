/// A connection that carries one cancel request, to a server or to a peer, and ends with it (PostgreSQL manual, "Canceling
/// Requests in Progress"). To a server it is encrypted as the pool's other connections are, so that nobody on the way learns the
/// key.
final class CancelConnection {
    /// Who is to deal with the request.
    enum Destination {
        /// A server, which is not reused until then.
        case server(ServerConnection, WorkerPool)
        /// A server that is closed already.
        case closedServer
        /// Another process of the group.
        case peer(PeerPool)
    }

    /// Where it goes, and how.
    struct Route {
        let address: SocketAddress
        /// The entry of the host list; nil for a Unix socket.
        let host: String?
        let policy: ServerEncryption.Policy
    }

    let token: Token
    var transport: Transport
    let packet: [UInt8]
    let host: String?
    let destination: Destination
    /// Whose sender waits; nil for what we cancel by ourselves.
    let request: CancelRequest?
    /// When it was made.
    let since: Instant
    /// It ends then, as it is.
    var deadline: Instant
    var isConnected = false
    var encryption: ServerEncryption
    var isSent = false

    init(
        token: Token, descriptor: consuming FileDescriptor, packet: [UInt8], route: Route, to destination: Destination,
        request: CancelRequest?, since: Instant, deadline: Instant
    ) {
        self.token = token
        transport = Transport(descriptor)
        self.packet = packet
        host = route.host
        encryption = ServerEncryption(route.policy)
        self.destination = destination
        self.request = request
        self.since = since
        self.deadline = deadline
    }
}
