import COpenSSL
import PoolerConfig

/// One side's TLS settings, made ready for many connections (SSL_CTX): certificate, authorities, versions, ciphers.
///
/// Immutable once made, and shared by all workers; connections keep the one that they began with over a RELOAD.
@safe
final class TLSContext: @unchecked Sendable {
    /// Which side of the handshake we are, and what belongs to it.
    enum Role {
        /// Towards clients.
        case accepting(TicketKeys)
        /// Towards servers.
        case connecting
    }

    /// A digest of the settings and of the contents of every file: equal for contexts that do the same.
    let fingerprint: SHA256Value
    /// The hash of our own certificate that SCRAM binds to; nil where there is none (RFC 5929, section 4).
    let endpointHash: [UInt8]?
    /// Whether a server's name is checked against its certificate.
    let checksHostName: Bool

    private let pointer: OpaquePointer
    /// Must outlive the context, which calls it.
    private let ticketKeys: TicketKeys?

    init(_ parameters: TLSParameters, _ role: Role) throws(TLSError) {
        let method: OpaquePointer?
        switch role {
        case .accepting(let keys):
            unsafe method = TLS_server_method()
            ticketKeys = keys
        case .connecting:
            unsafe method = TLS_client_method()
            ticketKeys = nil
        }
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(method) else { throw TLSError.fromQueue("no context") }
        do throws(TLSError) {
            fingerprint = try parameters.fingerprint()
            unsafe try Self.applyCommon(parameters, to: context)
            unsafe try Self.loadCertificate(parameters, into: context)
            switch role {
            case .accepting(let keys):
                unsafe try Self.applyAccepting(parameters, keys, fingerprint, to: context)
            case .connecting:
                unsafe try Self.applyConnecting(parameters, to: context)
            }
        } catch {
            unsafe SSL_CTX_free(context)
            throw error
        }
        unsafe pointer = context
        checksHostName = parameters.mode == .verifyFull
        endpointHash = unsafe SSL_CTX_get0_certificate(context).flatMap { unsafe PeerCertificate.endpointHash(of: $0) }
        ERR_clear_error()
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
    }

    /// A new connection.
    func makeSSL() throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let ssl = unsafe SSL_new(pointer) else { throw TLSError.fromQueue("no connection") }
        return unsafe ssl
    }

    /// Postgres's name in ALPN, as the extension has it (length first).
    static let protocolName: [UInt8] = [10] + Array("postgresql".utf8)

    // MARK: What both sides share

    private static func applyCommon(_ parameters: TLSParameters, to context: OpaquePointer) throws(TLSError) {
        unsafe openssl_ctx_set_safe_options(context)
        unsafe openssl_ctx_set_mode(
            context,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
                | Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_NO_AUTO_CHAIN))
        unsafe SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
        unsafe applyVersions(parameters.versions, to: context)
        if !parameters.usesDefaultCiphers {
            guard unsafe SSL_CTX_set_cipher_list(context, parameters.ciphers) == 1 else {
                throw TLSError.fromQueue("\(parameters.side)_tls_ciphers: cannot use \"\(parameters.ciphers)\"")
            }
        }
        if let suites = parameters.suites, unsafe !setSuites(suites, of: context) {
            throw TLSError.fromQueue("\(parameters.side)_tls13_ciphers: cannot use \"\(suites)\"")
        }
    }

    private static func setSuites(_ suites: String, of context: OpaquePointer) -> Bool {
        let names = Set(suites.split(separator: ":"))
        return unsafe SSL_CTX_set_ciphersuites(context, suites) == 1
            && openssl_ctx_tls13_suite_count(context) == names.count
    }

    /// The lowest and highest version by their own calls, since the system's defaults may forbid what is asked for.
    private static func applyVersions(_ versions: TLSProtocols, to context: OpaquePointer) {
        let all: [(TLSProtocols, Int32)] = [
            (.tls10, TLS1_VERSION), (.tls11, TLS1_1_VERSION), (.tls12, TLS1_2_VERSION), (.tls13, TLS1_3_VERSION),
        ]
        let allowed = all.filter { versions.contains($0.0) }
        if let lowest = allowed.first, let highest = allowed.last {
            unsafe _ = openssl_ctx_set_min_version(context, lowest.1)
            unsafe _ = openssl_ctx_set_max_version(context, highest.1)
        }
        for (version, number) in all where !versions.contains(version) {
            unsafe openssl_ctx_forbid_version(context, number)
        }
    }

    private static func loadCertificate(_ parameters: TLSParameters, into context: OpaquePointer) throws(TLSError) {
        let side = parameters.side
        guard !parameters.certificateFile.isEmpty || !parameters.keyFile.isEmpty else { return }
        guard !parameters.certificateFile.isEmpty else {
            throw TLSError("\(side)_tls_key_file is given without \(side)_tls_cert_file")
        }
        guard !parameters.keyFile.isEmpty else {
            throw TLSError("\(side)_tls_cert_file is given without \(side)_tls_key_file")
        }
        guard unsafe SSL_CTX_use_certificate_chain_file(context, parameters.certificateFile) == 1 else {
            throw TLSError.fromQueue("\(side)_tls_cert_file: cannot use \"\(parameters.certificateFile)\"")
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(context, parameters.keyFile, SSL_FILETYPE_PEM) == 1 else {
            throw TLSError.fromQueue("\(side)_tls_key_file: cannot use \"\(parameters.keyFile)\"")
        }
        guard unsafe SSL_CTX_check_private_key(context) == 1 else {
            throw TLSError.fromQueue("\(side)_tls_key_file does not belong to \(side)_tls_cert_file")
        }
    }

    private static func loadAuthorities(_ parameters: TLSParameters, into context: OpaquePointer) throws(TLSError) {
        guard unsafe SSL_CTX_load_verify_file(context, parameters.authorityFile) == 1 else {
            throw TLSError.fromQueue("\(parameters.side)_tls_ca_file: cannot use \"\(parameters.authorityFile)\"")
        }
    }

    // MARK: Towards clients

    private static func applyAccepting(
        _ parameters: TLSParameters, _ keys: TicketKeys, _ fingerprint: SHA256Value, to context: OpaquePointer
    ) throws(TLSError) {
        guard !parameters.certificateFile.isEmpty else {
            throw TLSError(
                "To allow TLS connections from clients, client_tls_key_file and client_tls_cert_file must be set.")
        }
        if !parameters.authorityFile.isEmpty {
            unsafe try loadAuthorities(parameters, into: context)
            guard unsafe openssl_ctx_set_client_authorities(context, parameters.authorityFile) == 1 else {
                throw TLSError.fromQueue("client_tls_ca_file: cannot use \"\(parameters.authorityFile)\"")
            }
            // A certificate that comes is checked in every mode; the strict ones insist on one.
            let strictness = parameters.verifiesPeer ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | strictness, nil)
        } else if parameters.verifiesPeer {
            throw TLSError("client_tls_sslmode=\(parameters.mode.rawValue) needs client_tls_ca_file")
        }
        // Intermediates that are not in the certificate's file are sought once, here, and not in every handshake.
        if unsafe openssl_ctx_has_chain(context) == 0, !parameters.authorityFile.isEmpty {
            unsafe _ = openssl_ctx_build_chain(context)
            ERR_clear_error()
        }
        try unsafe applyKeyExchange(parameters, to: context)
        unsafe SSL_CTX_set_alpn_select_cb(context, selectProtocol, nil)
        // Sessions live in tickets alone. A ticket holds only under settings and certificates that are the same: what
        // the client proved when it got the ticket must still be what we ask for.
        unsafe openssl_ctx_set_session_cache(context, Int(SSL_SESS_CACHE_OFF))
        unsafe SSL_CTX_set_session_id_context(context, fingerprint.bytes, 32)
        unsafe SSL_CTX_set_timeout(context, Int(TicketKeys.lifetime.components.seconds))
        unsafe SSL_CTX_set_num_tickets(context, 1)
        unsafe keys.attach(to: context)
        // Certificates are looked at in full handshakes alone, and each resumption brings a new ticket.
        guard unsafe openssl_ctx_judge_tickets(context) == 1 else { throw TLSError.fromQueue("no session tickets") }
    }

    private static func applyKeyExchange(_ parameters: TLSParameters, to context: OpaquePointer) throws(TLSError) {
        unsafe openssl_ctx_set_dh_auto(context, parameters.usesDHE ? 1 : 0)
        let groups: String
        switch parameters.curve.lowercased() {
        case "auto": return
        case "none": groups = "ffdhe2048:ffdhe3072:ffdhe4096"
        default: groups = parameters.curve
        }
        guard unsafe openssl_ctx_set_groups(context, groups) == 1 else {
            throw TLSError.fromQueue("client_tls_ecdhcurve: cannot use \"\(parameters.curve)\"")
        }
    }

    // MARK: Towards servers

    private static func applyConnecting(_ parameters: TLSParameters, to context: OpaquePointer) throws(TLSError) {
        unsafe SSL_CTX_set_alpn_protos(context, protocolName, UInt32(protocolName.count))
        if parameters.verifiesPeer {
            if !parameters.authorityFile.isEmpty {
                unsafe try loadAuthorities(parameters, into: context)
            } else if parameters.mode == .verifyFull {
                unsafe SSL_CTX_set_default_verify_paths(context)
            } else {
                // Any public certificate would do, for any name.
                throw TLSError("server_tls_sslmode=verify-ca needs server_tls_ca_file")
            }
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        }
        unsafe openssl_ctx_set_session_cache(context, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
        unsafe SSL_CTX_sess_set_new_cb(context) { ssl, session in
            guard let session = unsafe session, let link = unsafe TLSLink.of(ssl) else { return 0 }
            link.session = unsafe TLSSession(adopting: session)
            return 1
        }
    }
}

/// Chooses `postgresql` where the client offers it; a client that speaks only something else is turned away (RFC 7301).
private let selectProtocol: SSL_CTX_alpn_select_cb_func = { _, out, outLength, offered, offeredLength, _ in
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredLength))
    var rest = unsafe list[...]
    while let length = unsafe rest.first, unsafe rest.count > Int(length) {
        if unsafe rest.prefix(1 + Int(length)).elementsEqual(TLSContext.protocolName) {
            unsafe out?.pointee = UnsafeBufferPointer(rebasing: rest.dropFirst()).baseAddress
            unsafe outLength?.pointee = length
            return SSL_TLSEXT_ERR_OK
        }
        unsafe rest = rest.dropFirst(1 + Int(length))
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
