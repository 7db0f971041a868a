/// A socket by its number: a row of SHOW FDS.
struct DescriptorReport: Sendable {
    var number: Int32
    /// pooler, client or server.
    var task: String
    var user: String?
    var database: String?
    var address: String
    var port: Int
    var cancelKey: UInt64 = 0
    /// The socket at the other end of the link, 0 without one.
    var link: Int32 = 0
    /// Tracked parameters by name.
    var parameters: [String: String] = [:]
}

extension Worker {
    /// The plain sockets of this worker's logged-in clients and of their servers.
    func descriptorReports() -> [DescriptorReport] {
        table.all.compactMap { registration in
            switch registration {
            case .client(let client): report(client)
            case .server(let server): report(server)
            case .mailbox, .alarm, .listener, .pendingServer, .cancel, .secretLookUp: nil
            }
        }
    }

    private func report(_ client: ClientConnection) -> DescriptorReport? {
        guard client.phase.isSession, !client.transport.isTLS else { return nil }
        return DescriptorReport(
            number: client.transport.descriptor.number, task: "client", user: client.identity?.user,
            database: client.identity?.database, address: client.peer.host,
            port: client.isUnix ? configuration.settings.listenPort : client.peer.port,
            cancelKey: number(of: client.cancelKey), link: client.server?.transport.descriptor.number ?? 0,
            parameters: texts(of: client.parameters))
    }

    private func report(_ server: ServerConnection) -> DescriptorReport? {
        guard !server.phase.isLoggingIn, !server.transport.isTLS else { return nil }
        return DescriptorReport(
            number: server.transport.descriptor.number, task: "server", user: server.pool.key.user,
            database: server.pool.key.database, address: server.address.host,
            port: server.address.isUnix ? server.pool.database.port : server.address.port,
            cancelKey: number(of: server.cancelKey), link: server.client?.transport.descriptor.number ?? 0,
            parameters: texts(of: server.parameters))
    }

    private func number(of key: CancelKey?) -> UInt64 {
        key.map { UInt64($0.process) << 32 | UInt64($0.secret) } ?? 0
    }

    private func texts(of parameters: ParameterSet?) -> [String: String] {
        var texts: [String: String] = [:]
        for (index, name) in shared.tracked.names.enumerated() { texts[name] = parameters?.text(index) }
        return texts
    }
}
