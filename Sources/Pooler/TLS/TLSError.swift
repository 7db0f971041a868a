import COpenSSL

/// Why TLS cannot be set up or did not come about, in words for an operator. It holds nothing secret.
struct TLSError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// What OpenSSL's queue of this thread has to say, which is empty afterwards.
    static func fromQueue(_ what: String) -> TLSError {
        defer { ERR_clear_error() }
        guard let reason = queuedReason else { return TLSError(what) }
        return TLSError("\(what): \(reason)")
    }

    /// The reason of the last error in the queue: the one nearest to the call that failed.
    static var queuedReason: String? {
        let code = ERR_peek_last_error()
        guard code != 0 else { return nil }
        if let reason = unsafe ERR_reason_error_string(code) { return unsafe String(cString: reason) }
        return "OpenSSL error \(code)"
    }
}

/// Why the configuration's TLS settings cannot be used; PgBouncer's words in front.
struct TLSSetupError: Error, CustomStringConvertible {
    let reason: TLSError

    var description: String { "TLS setup failed: \(reason)" }
}
