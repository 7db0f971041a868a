import COpenSSL
import Glibc

/// One TLS connection: an SSL of OpenSSL and its way to the socket.
///
/// The handshake runs by itself inside `receive`. It belongs to one transport, and may move to another thread with it
/// between two calls. A class, because what only some connections have should cost the others no more than a pointer.
@safe
final class TLSStream {
    /// Who we are in the handshake.
    enum Role {
        /// The server's side, towards a client. `demandsALPN` where the handshake comes in the place of the first packet.
        case accepting(demandsALPN: Bool)
        /// The client's side, towards a server of this name (the name as configured; nil where none is known); `session` is
        /// offered to be resumed.
        case connecting(host: String?, session: TLSSession?, demandsALPN: Bool)
    }

    /// The head of the receive block that plaintext may run into before the ciphertext behind it is read: what is left of
    /// one record inside OpenSSL (at most 16 KiB) and room to go on.
    private static let headStart = 20 * 1024
    private static let recordSize = 16 * 1024
    /// Receives in a row that may bring nothing but handshake.
    private static let idleRounds = 4

    private let ssl: OpaquePointer
    private let link: TLSLink
    /// Keeps what the SSL_CTX calls alive.
    private let context: TLSContext
    private let demandsALPN: Bool
    /// How the stream ended; what was decrypted before is delivered first.
    private var ending: IOResult?
    /// Whether the handshake is over, well.
    private(set) var isEstablished = false
    /// Whether input may be left that no event will announce.
    private(set) var mayHoldMore = true
    /// Why the stream broke, for people.
    private(set) var failure: TLSError?

    /// Begins on a connected socket. `early` is ciphertext that has come already.
    init(_ context: TLSContext, _ role: Role, descriptor: Int32, early: [UInt8] = []) throws(TLSError) {
        self.context = context
        link = TLSLink(descriptor: descriptor, early: early)
        unsafe ssl = try context.makeSSL()
        switch role {
        case .accepting(let demands), .connecting(_, _, let demands): demandsALPN = demands
        }
        unsafe try link.attach(to: ssl)
        switch role {
        case .accepting:
            unsafe SSL_set_accept_state(ssl)
        case .connecting(let host, let session, _):
            unsafe SSL_set_connect_state(ssl)
            if let host {
                unsafe try Self.name(host, in: ssl, isChecked: context.checksHostName)
            } else if context.checksHostName {
                throw TLSError("the server has no host name to check")
            }
            if let session { unsafe session.offer(in: ssl) }
        }
    }

    deinit {
        unsafe SSL_free(ssl)
        ERR_clear_error()
    }

    /// Tells OpenSSL whom to expect: SNI for names (RFC 6066 wants no addresses there), and the check of the certificate
    /// (RFC 6125: the subject alternative names, or the common name if there are none; `*` stands for one whole label).
    private static func name(_ host: String, in ssl: OpaquePointer, isChecked: Bool) throws(TLSError) {
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        let parameters = unsafe SSL_get0_param(ssl)
        let isAddress = unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1
        ERR_clear_error()
        if isAddress {
            if !isChecked { unsafe X509_VERIFY_PARAM_set1_ip(parameters, nil, 0) }
            return
        }
        unsafe _ = openssl_set_server_name(ssl, name)
        ERR_clear_error()
        guard isChecked else { return }
        // A leading dot would mean "any name below" to OpenSSL.
        guard !name.isEmpty, !name.hasPrefix(".") else { throw TLSError("\"\(host)\" is no host name to check") }
        unsafe SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        guard unsafe SSL_set1_host(ssl, name) == 1 else {
            throw TLSError.fromQueue("\"\(host)\" is no host name to check")
        }
    }

    /// Whether ciphertext waits for room in the kernel.
    var hasUnsent: Bool { link.hasUnsent }

    /// Sends ciphertext that waits. True when nothing is left.
    func flush() -> Bool { link.flush() }

    /// Says the first word of a handshake in which we are the client.
    func begin() {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        if result != 1 { interpret(result) }
    }

    // MARK: Reading

    /// Receives until there is data, and decrypts all that came into `buffer`. `.bytes(0)` says that there was much input
    /// without any data in it, and that others should have their turn.
    ///
    ///     buffer   | plaintext ...  | ciphertext                     |
    ///              0            headStart                         count
    ///
    /// The ciphertext lies in the same block, so far behind that its plaintext never overtakes it.
    func receive(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        if let ending { return ending }
        let early = link.takeEarly()
        if unsafe !early.isEmpty || (isEstablished && SSL_pending(ssl) > 0) {
            mayHoldMore = true
            let count = unsafe early.withUnsafeBytes { unsafe decrypt($0, into: buffer) }
            return count > 0 ? .bytes(count) : ending ?? .bytes(0)
        }
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[min(Self.headStart, buffer.count)...])
        for _ in 0..<Self.idleRounds {
            let result = unsafe receiveOnce(descriptor, into: buffer, through: room)
            if result != .bytes(0) { return result }
        }
        mayHoldMore = true
        return .bytes(0)
    }

    private func receiveOnce(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, through room: UnsafeMutableRawBufferPointer
    ) -> IOResult {
        switch unsafe Syscalls.receive(descriptor, into: room) {
        case .bytes(let received):
            let input = unsafe UnsafeRawBufferPointer(rebasing: room[..<received])
            let count = unsafe decrypt(input, into: buffer)
            mayHoldMore = received == room.count || !link.early.isEmpty || ending != nil
            return count > 0 ? .bytes(count) : ending ?? .bytes(0)
        case .wouldBlock:
            mayHoldMore = false
            return .wouldBlock
        case .endOfFile:
            if !isEstablished { failure = TLSError("the peer ended the TLS handshake") }
            ending = .endOfFile
            return .endOfFile
        case .failed(let error):
            ending = .failed(error)
            return .failed(error)
        }
    }

    /// Gives OpenSSL its input and takes the plaintext of it; how many bytes that is.
    private func decrypt(_ input: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let start = buffer.baseAddress else { return 0 }
        let end = unsafe UnsafeRawPointer(start) + buffer.count
        var filled = 0
        unsafe link.withInput(input) {
            while ending == nil {
                // Up to the unread input, if that lies in this block.
                var limit = unsafe end
                if let next = unsafe link.inputStart, unsafe next >= UnsafeRawPointer(start), unsafe next < end {
                    unsafe limit = next
                }
                let room = unsafe limit - UnsafeRawPointer(start) - filled
                guard room > 0 else { return }
                ERR_clear_error()
                let count = unsafe SSL_read(ssl, start + filled, Int32(clamping: room))
                if !isEstablished, unsafe SSL_is_init_finished(ssl) == 1 {
                    handshakeEnded()
                    // What came behind a handshake that is refused is nobody's.
                    guard isEstablished else { return }
                }
                if count > 0 {
                    filled += Int(count)
                } else if !interpret(count) {
                    return
                }
            }
        }
        return filled
    }

    private func handshakeEnded() {
        if demandsALPN {
            var name: UnsafePointer<UInt8>?
            var length: UInt32 = 0
            unsafe SSL_get0_alpn_selected(ssl, &name, &length)
            guard length > 0 else {
                failure = TLSError("the peer does not speak postgresql over direct TLS (ALPN)")
                ending = .failed(Errno(code: EPROTO))
                return
            }
        }
        isEstablished = true
    }

    /// What a call that brought nothing means; true if another one makes sense. Only input can be missing: see `TLSLink`.
    @discardableResult
    private func interpret(_ result: Int32) -> Bool {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_NONE:
            break
        case SSL_ERROR_ZERO_RETURN:
            ending = .endOfFile
        case SSL_ERROR_SYSCALL:
            let error = link.writeError ?? Errno(code: EPROTO)
            failure = TLSError("\(isEstablished ? "TLS" : "TLS handshake") failed: \(error)")
            ending = .failed(error)
        default:
            failure = TLSError("\(isEstablished ? "TLS" : "TLS handshake") failed: \(reason)")
            ending = .failed(Errno(code: EPROTO))
        }
        ERR_clear_error()
        return false
    }

    private var reason: String {
        let verdict = unsafe SSL_get_verify_result(ssl)
        if verdict != Int(X509_V_OK), let text = unsafe X509_verify_cert_error_string(verdict) {
            return "certificate not accepted: \(unsafe String(cString: text))"
        }
        return TLSError.queuedReason ?? "unknown error"
    }

    // MARK: Writing

    /// Encrypts and sends. What is taken counts as sent, even if its last record still waits for room in the kernel.
    func send(_ bytes: RawSpan) -> IOResult {
        if case .failed(let error)? = ending { return .failed(error) }
        // Nobody hears us before the handshake is over.
        guard isEstablished else { return .failed(Errno(code: ENOTCONN)) }
        guard link.flush() else { return .wouldBlock }
        var sent = 0
        while sent < bytes.byteCount, !link.hasUnsent {
            ERR_clear_error()
            let chunk = bytes.slice(sent..<min(bytes.byteCount, sent + Self.recordSize))
            let count = unsafe chunk.withUnsafeBytes { unsafe SSL_write(ssl, $0.baseAddress, Int32($0.count)) }
            guard count > 0 else {
                interpret(count)
                if case .failed(let error)? = ending { return .failed(error) }
                return .failed(Errno(code: EPROTO))
            }
            sent += Int(count)
        }
        return .bytes(sent)
    }

    /// Says goodbye (close_notify) as far as the kernel takes it.
    func close() {
        guard isEstablished, failure == nil else { return }
        ERR_clear_error()
        unsafe SSL_shutdown(ssl)
        ERR_clear_error()
    }

    // MARK: What came of the handshake

    /// "TLSv1.3/TLS_AES_256_GCM_SHA384".
    var summary: String {
        guard isEstablished, let version = unsafe SSL_get_version(ssl), let cipher = unsafe openssl_cipher_name(ssl)
        else {
            return ""
        }
        return unsafe "\(String(cString: version))/\(String(cString: cipher))"
    }

    /// The name that the client asked for (SNI), as it sent it.
    var serverName: String? {
        guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return nil }
        return unsafe String(cString: name)
    }

    /// The settings that it began under.
    var settings: TLSContext { context }

    /// What SCRAM binds to where we are the server.
    var ownEndpointHash: [UInt8]? { context.endpointHash }

    /// What SCRAM binds to where we are the client.
    var peerEndpointHash: [UInt8]? {
        unsafe withPeerCertificate { unsafe PeerCertificate.endpointHash(of: $0) }
    }

    /// The common name in the peer's certificate, which was verified; nil without one.
    var peerCommonName: [UInt8]? {
        guard unsafe SSL_get_verify_result(ssl) == Int(X509_V_OK) else { return nil }
        return unsafe withPeerCertificate { unsafe PeerCertificate.commonName(of: $0) }
    }

    /// Whether an earlier session was resumed.
    var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// The session that the server offered, once.
    func takeSession() -> TLSSession? {
        defer { link.session = nil }
        return link.session
    }

    private func withPeerCertificate<Result>(_ body: (OpaquePointer) -> Result?) -> Result? {
        guard let certificate = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        defer { unsafe X509_free(certificate) }
        return unsafe body(certificate)
    }
}
