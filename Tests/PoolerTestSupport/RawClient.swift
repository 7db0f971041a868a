/// A client that speaks bytes by hand: for malformed packets, exact message sequences and rude ends.
public final class RawClient: WireChannel {
    private let port: Int
    private let owner: AnyObject
    /// What CancelRequest needs, once logged in.
    public private(set) var cancelKey: [UInt8] = []

    /// Connects over TCP; nothing is said yet. A small receive buffer makes backpressure felt soon. `source` is the last number of
    /// the address that it comes from, 127.0.0.1 otherwise.
    public convenience init(_ pooler: Pooler, receiveBuffer: Int32? = nil, from source: UInt8? = nil) throws {
        try self.init(port: pooler.port, owner: pooler, receiveBuffer: receiveBuffer, from: source)
    }

    /// As above, straight to Postgres.
    public convenience init(_ postgres: Postgres) throws {
        try self.init(port: postgres.port, owner: postgres)
    }

    private init(port: Int, owner: AnyObject, receiveBuffer: Int32? = nil, from source: UInt8? = nil) throws {
        (self.port, self.owner) = (port, owner)
        let socket = try Socket.tcp()
        if let receiveBuffer { socket.setReceiveBuffer(receiveBuffer) }
        if let source { try socket.claim(loopback: source) }
        try socket.connect(port: port)
        super.init(socket)
    }

    /// Connects over the Unix socket.
    public init(unix pooler: Pooler) throws {
        (port, owner) = (pooler.port, pooler)
        let socket = try Socket.unix()
        try socket.connect(path: "\(pooler.directory)/.s.PGSQL.\(pooler.port)")
        super.init(socket)
    }

    /// Connects and logs in without a password.
    public static func loggedIn(
        _ pooler: Pooler, user: String = "app", database: String = "app", receiveBuffer: Int32? = nil
    ) throws -> RawClient {
        let client = try RawClient(pooler, receiveBuffer: receiveBuffer)
        try client.logIn([("user", user), ("database", database)])
        return client
    }

    /// Sends a StartupMessage and reads to the first ReadyForQuery; all that came. A refusal is thrown.
    @discardableResult
    public func logIn(_ parameters: [(String, String)], version: Int32 = 0x0003_0000) throws -> [WireMessage] {
        try send(startupPacket(parameters, version: version))
        var messages: [WireMessage] = []
        while let message = try read() {
            messages.append(message)
            switch message.type {
            case "K": cancelKey = message.body
            case "E": throw message.error
            case "Z": return messages
            default: break
            }
        }
        throw SystemError("the stream ended in the login, after \(messages)")
    }

    /// Sends a simple query and reads to ReadyForQuery.
    public func query(_ sql: String, within limit: Duration = patience) throws -> [WireMessage] {
        try send(.query(sql))
        return try readUntil("Z", within: limit)
    }

    /// The error that must come next, before the stream ends. Notices are passed over.
    public func readFatal(within limit: Duration = patience) throws -> PostgresError {
        while let message = try read(within: limit) {
            if message.type == "E" { return message.error }
        }
        throw SystemError("the stream ended without an error")
    }

    /// Nothing more comes, and the stream has ended.
    public func isClosed(within limit: Duration = patience) throws -> Bool { try receive(1, within: limit) == nil }

    /// Asks for the cancel of this client's query, over a connection of its own, and waits until it is closed.
    public func cancel() throws { try cancel(key: cancelKey) }

    /// Sends a CancelRequest with any key.
    public func cancel(key: [UInt8]) throws {
        let client = try RawClient(port: port, owner: owner)
        try client.send(untyped(RequestCode.cancel, key))
        _ = try client.readToEnd()
    }
}
