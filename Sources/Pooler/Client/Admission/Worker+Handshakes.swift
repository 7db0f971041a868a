/// When a client's TLS handshake may begin.
extension Worker {
    /// Whether a client whose ClientHello is there may go on; if not, it stands in line and is not read meanwhile.
    func mayBeginHandshake(_ client: ClientConnection) -> Bool {
        guard case .login(var login) = client.phase else { return false }
        let pending = client.login ?? PendingLogin()
        client.login = pending
        if pending.mayHandshake { return true }
        if handshakes.isFull { sweepHandshakes() }
        if handshakes.arrived(client.token, from: address(of: client)?.network, now: now) { return true }
        login.delayed()
        client.phase = .login(login)
        return false
    }

    /// Three times a second: those who keep others waiting make room for them.
    func tendHandshakes() {
        guard !handshakes.isEmpty else { return }
        sweepHandshakes()
        for token in handshakes.overdue(now: now) {
            guard case .client(let client) = table[token] else { continue }
            closeClient(client, .tls(TLSError("TLS handshake not finished in time, and others waited for its place")))
        }
        sweepHandshakes()
        for token in handshakes.admitted(now: now) {
            guard case .client(let client) = table[token], case .login(var login) = client.phase else { continue }
            client.login?.mayHandshake = true
            login.delayEnded()
            client.phase = .login(login)
            resumeLogin(client)
        }
    }

    private func sweepHandshakes() {
        handshakes.sweep { token in
            guard case .client(let client) = table[token], case .login = client.phase else { return false }
            return client.transport.isTLS && !client.transport.isEncrypted
        } isWaiting: { token in
            guard case .client(let client) = table[token], case .login = client.phase else { return false }
            return !client.transport.isTLS
        }
    }
}
