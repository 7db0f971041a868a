import COpenSSL

/// A session that a server offered to resume (SSL_SESSION), with one reference.
@safe
final class TLSSession: @unchecked Sendable {
    fileprivate let pointer: OpaquePointer

    /// Takes over a reference.
    init(adopting pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe SSL_SESSION_free(pointer)
    }

    /// Offers it in a handshake that has not begun, unless the server's certificate has expired since: it would not be looked at
    /// again.
    func offer(in ssl: OpaquePointer) {
        guard unsafe SSL_SESSION_is_resumable(pointer) == 1, unsafe openssl_session_is_fresh(pointer) == 1 else {
            return
        }
        unsafe SSL_set_session(ssl, pointer)
        ERR_clear_error()
    }
}
