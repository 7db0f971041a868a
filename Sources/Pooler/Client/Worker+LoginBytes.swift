import PoolerConfig

/// From the bytes of a client that is not logged in to the packets that `ClientLogin` decides about, by way of TLS where the client
/// wants it.
extension Worker {
    /// Walks the packets of a client that logs in: each is seen whole, and none is long.
    func processLogin(_ client: ClientConnection, _ received: Range<Int>) {
        if isTooShort(received, from: client) { return }
        let range = withCarried(received, of: client)
        let scratch = self.scratch
        let bytes = scratch.bytes(0..<range.upperBound)
        var cursor = range.lowerBound
        while cursor < range.upperBound, client.isOpen {
            guard case .login(var login) = client.phase else {
                // Logged in, or waiting for a welcome: what follows belongs to the session.
                hold(cursor..<range.upperBound, for: client)
                if case .session = client.phase { processHeld(client) }
                if case .console = client.phase { processHeld(client) }
                return
            }
            if login.isSuspended {
                carry(cursor..<range.upperBound, for: client)
                return
            }
            if login.awaitsHandshake, !client.transport.isTLS {
                takeHandshake(cursor..<range.upperBound, from: client, isDirect: login.isDirectTLS)
                return
            }
            let isStartup = login.expectsStartupPacket
            if isStartup, bytes.uint8(at: cursor) == ClientLogin.handshakeRecord,
                let action = login.handshakeReceived(encryption(for: client))
            {
                perform(action, of: login, on: client)
                continue
            }
            let length: Int
            switch loginFrame(
                in: bytes, at: cursor, end: range.upperBound, isStartup: isStartup, limit: login.messageLimit)
            {
            case .complete(let frameLength):
                length = frameLength
            case .incomplete(let whole):
                carry(cursor..<range.upperBound, for: client, until: whole)
                return
            case .broken(let reason):
                closeClient(client, reason)
                return
            }
            if !isStartup, delaysPassword(of: client, login) {
                carry(cursor..<range.upperBound, for: client)
                return
            }
            let frame = bytes.slice(cursor..<cursor + length)
            cursor += length
            let action =
                isStartup
                ? login.startupPacketReceived(
                    frame, next: cursor < range.upperBound ? bytes.uint8(at: cursor) : nil, encryption(for: client))
                : login.messageReceived(
                    FrontendMessageType(rawValue: frame.uint8(at: 0)), frame.slice(FrameHeader.size..<length))
            perform(action, of: login, on: client)
        }
    }

    /// Puts what was carried in front of what has been received, in the scratch block.
    private func withCarried(_ range: Range<Int>, of client: ClientConnection) -> Range<Int> {
        guard let login = client.login, !login.carried.isEmpty else { return range }
        let scratch = self.scratch
        let bytes = login.carried + scratch.bytes(range).array()
        login.carried = []
        login.wanted = 0
        unsafe scratch.place(bytes.span.bytes, at: 0)
        return 0..<bytes.count
    }

    /// Keeps bytes until so many have come, or until the login goes on.
    private func carry(_ range: Range<Int>, for client: ClientConnection, until whole: Int = 0) {
        guard !range.isEmpty else { return }
        let login = client.login ?? PendingLogin()
        client.login = login
        let scratch = self.scratch
        login.carried = scratch.bytes(range).array()
        login.wanted = whole
    }

    /// Whether a message is still not whole; then what has come of it is kept.
    private func isTooShort(_ received: Range<Int>, from client: ClientConnection) -> Bool {
        guard let login = client.login, !login.carried.isEmpty, !received.isEmpty,
            login.carried.count + received.count < login.wanted
        else { return false }
        let scratch = self.scratch
        login.carried += scratch.bytes(received).array()
        return true
    }

    /// A login goes on that was suspended: takes up what has come meanwhile.
    func resumeLogin(_ client: ClientConnection) {
        guard client.isOpen else { return }
        if client.login?.carried.isEmpty == false { processLogin(client, 0..<0) }
        if client.isOpen { processHeld(client) }
    }

    /// Begins TLS once its first record is there, or more than a client says at first: until then a silent client has cost
    /// nothing.
    private func takeHandshake(_ range: Range<Int>, from client: ClientConnection, isDirect: Bool) {
        let scratch = self.scratch
        let bytes = scratch.bytes(range)
        let whole = bytes.byteCount < 5 ? 5 : min(5 + Int(bytes.uint16(at: 3)), Self.longestHello + 1)
        guard bytes.byteCount >= whole || bytes.uint8(at: 0) != ClientLogin.handshakeRecord else {
            return carry(range, for: client, until: whole)
        }
        guard mayBeginHandshake(client) else { return carry(range, for: client) }
        startTLS(client, early: bytes, isDirect: isDirect)
    }

    /// A ClientHello with a post-quantum key share is below 2 kB.
    private static let longestHello = 4096

    /// What a client may expect that asks for TLS now.
    private func encryption(for client: ClientConnection) -> ClientLogin.Encryption {
        guard !client.isUnix, configuration.tls.client != nil else { return .unavailable }
        switch configuration.settings.clientTlsSslmode {
        case .disable: return .unavailable
        case .allow, .prefer: return .offered
        case .require, .verifyCA, .verifyFull: return .demanded
        }
    }

    /// Hands the client's stream to the TLS engine, beginning with what has come of it.
    private func startTLS(_ client: ClientConnection, early: RawSpan, isDirect: Bool) {
        guard let context = configuration.tls.client else { return }
        do throws(TLSError) {
            try client.transport.startTLS(context, .accepting(demandsALPN: isDirect), early: early.array())
            // What has come already is announced by no event.
            client.hasUnreadInput = true
        } catch {
            closeClient(client, .tls(error))
        }
    }

    private enum LoginFrame {
        case complete(Int)
        /// So many bytes are needed to know more.
        case incomplete(Int)
        case broken(CloseReason)
    }

    private func loginFrame(
        in bytes: RawSpan, at cursor: Int, end: Int, isStartup: Bool, limit messageLimit: Int
    ) -> LoginFrame {
        let available = end - cursor
        let headerSize = isStartup ? 4 : FrameHeader.size
        // The length of a startup packet begins with a zero byte; anything else is a message out of turn, or no Postgres.
        if isStartup, available >= FrameHeader.size, bytes.uint8(at: cursor) != 0 {
            return .broken(messageBeforeStartup(bytes.slice(cursor..<end), limit: messageLimit))
        }
        // No message has the type 0, with which the length of a startup packet begins.
        if !isStartup, bytes.uint8(at: cursor) == 0 { return .broken(.repeatedStartup) }
        guard available >= headerSize else { return .incomplete(headerSize) }
        let length = Int(bytes.uint32(at: cursor + headerSize - 4)) + headerSize - 4
        let minimum = isStartup ? StartupPacket.lengthMinimum : FrameHeader.size
        let limit = isStartup ? StartupPacket.lengthLimit : messageLimit
        guard length >= minimum, length <= limit else {
            return .broken(.badPacketHeader(hexadecimal(bytes.slice(cursor..<end), upTo: 8)))
        }
        return available >= length ? .complete(length) : .incomplete(length)
    }

    private func messageBeforeStartup(_ bytes: RawSpan, limit: Int) -> CloseReason {
        guard case .frame = FrameScanner.header(in: bytes, at: 0, limit: limit) else {
            return .badPacketHeader(hexadecimal(bytes, upTo: 8))
        }
        let isPassword = bytes.uint8(at: 0) == FrontendMessageType.password.rawValue
        return isPassword ? .passwordBeforeStartup : .unexpectedLoginMessage
    }
}
