/// Sending, and what happens when the other side reads too slowly: what the kernel does not take is kept, and nothing more is
/// read from where it came from until it is gone.
extension Worker {
    /// Sends what the step has gathered for a peer.
    @inline(__always)
    func flush(_ assembly: Assembly, to connection: Connection) {
        guard !assembly.isEmpty else { return }
        assembly.withBytes(in: scratch) { send($0, to: connection) }
        assembly.clear()
    }

    /// Sends bytes of our own.
    func send(_ bytes: [UInt8], to connection: Connection) {
        guard !bytes.isEmpty else { return }
        unsafe bytes.withUnsafeBytes { unsafe send(RawSpan(_unsafeBytes: $0), to: connection) }
    }

    private func send(_ bytes: RawSpan, to connection: Connection) {
        guard connection.output.isEmpty else {
            connection.output.append(bytes, from: blocks)
            return
        }
        switch connection.transport.send(bytes) {
        case .bytes(let count):
            if count < bytes.byteCount { keep(bytes.slice(count..<bytes.byteCount), for: connection) }
            watchUnsent(connection)
        case .wouldBlock:
            keep(bytes, for: connection)
        case .endOfFile, .failed:
            // The reading side will find the end too, and before it what the peer may have said about its reasons.
            break
        }
    }

    @inline(never)
    private func keep(_ bytes: RawSpan, for connection: Connection) {
        connection.output.append(bytes, from: blocks)
        watchOutput(connection)
    }

    /// Ciphertext of what was sent may wait for room.
    @inline(__always)
    func watchUnsent(_ connection: Connection) {
        if connection.transport.hasUnsent { watchOutput(connection) }
    }

    private func watchOutput(_ connection: Connection) {
        guard !connection.isOutputWatched else { return }
        connection.isOutputWatched = true
        poller.watchOutput(connection.transport.descriptor.number, connection.token, true)
    }

    /// The socket has room again: sends what was kept. True when nothing is left.
    private func drain(_ connection: Connection) -> Bool {
        guard connection.transport.flush() else { return false }
        while !connection.output.isEmpty {
            let (result, available) = connection.output.withFront { front in
                (connection.transport.send(front), front.byteCount)
            }
            switch result {
            case .bytes(let count):
                connection.output.dropFront(count, to: blocks)
                if count < available { return false }
            case .wouldBlock:
                return false
            case .endOfFile, .failed:
                connection.output.removeAll(to: blocks)
            }
        }
        if connection.transport.hasUnsent { return false }
        if connection.isOutputWatched {
            connection.isOutputWatched = false
            poller.watchOutput(connection.transport.descriptor.number, connection.token, false)
        }
        return true
    }

    /// A client's socket has room: its server may be read again.
    func clientWritable(_ client: ClientConnection) {
        guard drain(client) else { return }
        if case .closing = client.phase {
            removeClient(client)
        } else if let server = client.server, server.hasUnreadInput {
            readServer(server)
        }
    }

    /// A server's socket has room: its client may be read again.
    func serverWritable(_ server: ServerConnection) {
        guard drain(server) else { return }
        if let client = server.client, client.hasUnreadInput { readClient(client) }
    }
}
