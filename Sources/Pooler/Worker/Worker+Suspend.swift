/// SUSPEND: nobody is read any further than the end of the message that is under way, and what was read goes out. Logins and
/// consoles go on.
extension Worker {
    /// From now on.
    func suspend() {
        standstill = .suspended
        updateAccepting()
    }

    /// RESUME: takes up everything where it was left.
    func endSuspension() {
        standstill = .none
        scratch.receiveLimit = scratch.receiveSize
        updateAccepting()
        for registration in Array(table.all) {
            switch registration {
            case .client(let client):
                // Whatever came meanwhile was announced then, and is not announced again.
                if client.phase.isSession, client.isOpen { clientEvent(client, .readable) }
            case .server(let server):
                if !server.phase.isLoggingIn, server.isOpen { readServer(server) }
            case .mailbox, .alarm, .listener, .pendingServer, .cancel, .secretLookUp: break
            }
        }
    }

    /// Whether a client is to be read although everything is suspended: up to the end of its message, or as ever.
    func readsOn(_ client: ClientConnection) -> Bool {
        guard client.phase.isSession else {
            scratch.receiveLimit = scratch.receiveSize
            return true
        }
        return readsOn(client as Connection)
    }

    /// Whether a server is to be read although everything is suspended.
    func readsOn(_ server: ServerConnection) -> Bool {
        if server.phase.isLoggingIn || (standstill == .handingOver && server.phase.isPassing) {
            scratch.receiveLimit = scratch.receiveSize
            return true
        }
        return readsOn(server as Connection)
    }

    private func readsOn(_ connection: Connection) -> Bool {
        // What has come of a message goes to the other process as it is.
        guard standstill == .suspended, let missing = bytesToBoundary(of: connection) else { return false }
        // TLS has its own records, which it takes as they are.
        scratch.receiveLimit = connection.transport.isTLS ? scratch.receiveSize : missing
        return true
    }

    /// How much is missing of the message that has begun to come; nil between messages.
    private func bytesToBoundary(of connection: Connection) -> Int? {
        if !connection.scanner.isAtBoundary {
            return min(max(1, connection.scanner.remaining), scratch.receiveSize)
        }
        let held = connection.held.count
        guard held > 0 else { return nil }
        guard held >= FrameHeader.size else { return FrameHeader.size - held }
        place(connection.held)
        let scratch = self.scratch
        let length = Int(scratch.bytes(0..<FrameHeader.size).uint32(at: 1)) + 1
        return length > held ? min(length - held, scratch.receiveSize) : nil
    }

    /// Whether nothing of anybody is on its way through this worker.
    var isDrained: Bool { undrained.isEmpty }

    /// suspend_timeout: whoever could not be drained has to go.
    func dropUndrained() {
        for connection in undrained {
            guard connection.isOpen else { continue }
            if let server = connection as? ServerConnection {
                if let client = server.client { drop(client) }
                closeServer(server, CloseReason.suspendTimeout.text, isOrderly: false)
            } else if let client = connection as? ClientConnection {
                drop(client)
            }
        }
    }

    private func drop(_ client: ClientConnection) {
        closeClient(client, .suspendTimeout)
        // Its last bytes are what could not be sent.
        removeClient(client)
    }

    private var undrained: [Connection] {
        var found: [Connection] = []
        for registration in table.all {
            switch registration {
            case .client(let client):
                switch client.phase {
                case .session: if !isDrained(client, keepsRequest: client.isWaitingForServer) { found.append(client) }
                case .closing: found.append(client)
                case .login, .welcomeWait, .console, .canceling: break
                }
            case .server(let server):
                if !server.phase.isLoggingIn, !isDrained(server, keepsRequest: false) { found.append(server) }
            case .mailbox, .alarm, .listener, .pendingServer, .cancel, .secretLookUp: break
            }
        }
        return found
    }

    /// A client in the queue keeps its request and its place there.
    private func isDrained(_ connection: Connection, keepsRequest: Bool) -> Bool {
        connection.output.isEmpty && !connection.transport.hasUnsent
            && (keepsRequest || connection.scanner.isAtBoundary && connection.held.isEmpty)
    }
}

/// Why a worker stands still.
enum Standstill: Equatable {
    case none
    /// SUSPEND: what is under way is finished.
    case suspended
    /// Another process is about to take over.
    case handingOver
}

extension ServerConnection.Phase {
    /// Whether a question of our own is being answered, which is over in a moment.
    var isPassing: Bool {
        switch self {
        case .aligning, .probing, .testing, .lookingUp, .beingCanceled: true
        case .connecting, .login, .idle, .active, .closed: false
        }
    }
}

extension ClientConnection.Phase {
    /// Logged in, and no console.
    var isSession: Bool {
        switch self {
        case .session: true
        case .login, .welcomeWait, .console, .canceling, .closing: false
        }
    }
}

extension ClientConnection {
    fileprivate var isWaitingForServer: Bool {
        switch link {
        case .waiting, .aligning: true
        case .none, .linked: (openedBooks?.statements.pause ?? .none) != .none
        }
    }
}
