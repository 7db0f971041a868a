import COpenSSL

/// How TLS is asked for: without a look at certificates, since only the server's work is measured.
@safe final class TLSClientContext: Sendable {
    /// OpenSSL counts references to it by itself, and locks.
    fileprivate nonisolated(unsafe) let context: OpaquePointer

    init() throws {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw LoadError("SSL_CTX_new failed") }
        unsafe self.context = context
        unsafe openssl_ctx_set_session_cache(context, Int(SSL_SESS_CACHE_CLIENT))
    }

    deinit { unsafe SSL_CTX_free(context) }
}

/// One TLS connection over a blocking socket.
@safe final class TLSSession {
    private let ssl: OpaquePointer

    init(_ context: TLSClientContext, on descriptor: Int32, resuming session: OpaquePointer?) throws {
        guard let ssl = unsafe SSL_new(context.context) else { throw LoadError("SSL_new failed") }
        unsafe self.ssl = ssl
        unsafe SSL_set_fd(ssl, descriptor)
        if let session = unsafe session { unsafe SSL_set_session(ssl, session) }
        guard unsafe SSL_connect(ssl) == 1 else { throw LoadError("the TLS handshake failed") }
    }

    deinit {
        // Or OpenSSL takes the session for one that broke, and forgets it.
        unsafe SSL_set_quiet_shutdown(ssl, 1)
        unsafe SSL_shutdown(ssl)
        unsafe SSL_free(ssl)
        ERR_clear_error()
    }

    /// Whether an earlier session was resumed.
    var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// What a later connection can resume, once there was an answer: the caller frees it with SSL_SESSION_free.
    @unsafe func takeSession() -> OpaquePointer? { unsafe SSL_get1_session(ssl) }

    func send(_ bytes: [UInt8]) throws {
        let sent = unsafe bytes.withUnsafeBytes { unsafe SSL_write(ssl, $0.baseAddress, Int32($0.count)) }
        guard sent == bytes.count else { throw LoadError("sending over TLS failed") }
    }

    /// How many bytes have come; 0 at the end.
    func receive(into buffer: inout [UInt8]) throws -> Int {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe SSL_read(ssl, $0.baseAddress, Int32($0.count)) }
        if count > 0 { return Int(count) }
        guard unsafe SSL_get_error(ssl, count) == SSL_ERROR_ZERO_RETURN else {
            throw LoadError("receiving over TLS failed")
        }
        return 0
    }
}
