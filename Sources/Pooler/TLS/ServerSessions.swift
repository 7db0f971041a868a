/// The TLS sessions that servers offered to one worker, the last one of each pool and address: resuming one spares the
/// server its signature, and us the checking of certificates that were checked before.
struct ServerSessions {
    private struct Key: Hashable {
        let pool: PoolKey
        let host: String?
        let address: String
    }

    /// More than any worker has in use; beyond, all are forgotten.
    private static let limit = 4096

    private var sessions: [Key: TLSSession] = [:]
    /// The settings under which the sessions came about. Under others they hold no more: what was checked then may not be
    /// all that is to be checked now.
    private var context: TLSContext?

    /// The session to resume in a new connection.
    mutating func session(for server: ServerConnection, _ context: TLSContext) -> TLSSession? {
        guard context === self.context else { return nil }
        return sessions[key(server)]
    }

    /// Keeps what a server has offered, if anything.
    mutating func keep(_ server: ServerConnection) {
        guard let session = server.transport.takeSession(), let context = server.transport.tlsContext else { return }
        if context !== self.context || sessions.count >= Self.limit { sessions = [:] }
        self.context = context
        sessions[key(server)] = session
    }

    private func key(_ server: ServerConnection) -> Key {
        Key(pool: server.pool.key, host: server.host, address: "\(server.address.host):\(server.address.port)")
    }
}
