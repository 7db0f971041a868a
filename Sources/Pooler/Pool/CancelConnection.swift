/// A connection that carries one cancel request to a server, and ends with it (PostgreSQL manual, "Canceling Requests in
/// Progress").
final class CancelConnection {
    let token: Token
    let descriptor: FileDescriptor
    let request: [UInt8]
    /// The server that is not reused until the request has been dealt with; nil for one that is closed already.
    let target: ServerConnection?
    let pool: PoolKey?
    let deadline: Instant
    var isSent = false

    init(
        token: Token, descriptor: consuming FileDescriptor, request: [UInt8], target: ServerConnection?, pool: PoolKey?,
        deadline: Instant
    ) {
        self.token = token
        self.descriptor = descriptor
        self.request = request
        self.target = target
        self.pool = pool
        self.deadline = deadline
    }
}
