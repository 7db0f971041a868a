/// A connection that carries one cancel request to a server, and ends with it (PostgreSQL manual, "Canceling Requests in
/// Progress"). It is encrypted as the pool's other connections are, so that nobody on the way learns the key.
final class CancelConnection {
    let token: Token
    var transport: Transport
    let request: [UInt8]
    /// The entry of the host list that it goes to; nil for a Unix socket.
    let host: String?
    /// The server that is not reused until the request has been dealt with; nil for one that is closed already.
    let target: ServerConnection?
    /// The pool whose requests are counted; nil for a server that is closed already.
    let pool: PoolKey?
    let deadline: Instant
    var isConnected = false
    var encryption: ServerEncryption
    var isSent = false

    init(
        token: Token, descriptor: consuming FileDescriptor, request: [UInt8], encryption: ServerEncryption,
        host: String?, target: ServerConnection?, pool: PoolKey?, deadline: Instant
    ) {
        self.token = token
        transport = Transport(descriptor)
        self.request = request
        self.encryption = encryption
        self.host = host
        self.target = target
        self.pool = pool
        self.deadline = deadline
    }
}
