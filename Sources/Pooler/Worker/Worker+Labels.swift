/// Names for log lines.
extension Worker {
    /// `C-0x1f: db/user@127.0.0.1:33333`.
    func label(_ client: ClientConnection) -> SocketLabel {
        let endpoint: SocketLabel.Endpoint
        if client.isUnix {
            let process = Syscalls.peerCredentials(client.transport.descriptor.number)?.process
            endpoint = .unix(process: process, port: UInt16(clamping: configuration.settings.listenPort))
        } else {
            endpoint = .tcp(address: client.peer.host, port: UInt16(clamping: client.peer.port))
        }
        return SocketLabel(
            side: .client, id: client.id, database: client.identity?.database, user: client.identity?.user,
            endpoint: endpoint)
    }

    /// `S-0x20: db/user@127.0.0.1:5432`.
    func label(_ server: ServerConnection) -> SocketLabel {
        let endpoint: SocketLabel.Endpoint =
            server.address.isUnix
            ? .unix(process: nil, port: UInt16(clamping: server.pool.database.port))
            : .tcp(address: server.address.host, port: UInt16(clamping: server.address.port))
        return SocketLabel(
            side: .server, id: server.id, database: server.pool.key.database, user: server.pool.key.user,
            endpoint: endpoint)
    }

    /// `db/user`, for what happens to a pool rather than to one of its connections.
    func poolLabel(_ pool: WorkerPool) -> PoolLabel {
        PoolLabel(database: pool.key.database, user: pool.key.user)
    }

    /// Whole seconds since it was connected.
    func age(of connection: Connection) -> Int64 {
        (now - connection.connectedAt).components.seconds
    }
}
