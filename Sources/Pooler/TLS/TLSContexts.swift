import PoolerConfig

/// The TLS contexts that a configuration asks for.
struct TLSContexts: Sendable {
    /// Nil where clients get no TLS.
    let client: TLSContext?
    /// Nil where no server is ever asked for TLS.
    let server: TLSContext?

    /// No TLS at all.
    static let none = TLSContexts(client: nil, server: nil)

    private init(client: TLSContext?, server: TLSContext?) {
        self.client = client
        self.server = server
    }

    /// Makes them all, or fails as a whole. A context of `old` stays where neither settings nor files have changed.
    init(_ configuration: Configuration, _ keys: TicketKeys, keeping old: TLSContexts) throws(TLSSetupError) {
        let settings = configuration.settings
        do throws(TLSError) {
            if settings.authType == .cert {
                guard settings.clientTlsSslmode == .verifyFull, !settings.clientTlsCaFile.isEmpty else {
                    throw TLSError(
                        "auth_type=cert requires client_tls_sslmode=SSLMODE_VERIFY_FULL (verify-full) and client_tls_ca_file"
                    )
                }
            }
            client =
                settings.clientTlsSslmode == .disable
                ? nil : try Self.make(TLSParameters(clientSideOf: settings), .accepting(keys), unless: old.client)
            let isDirect = configuration.allDatabases.contains { $0.sslNegotiation == .direct }
            server =
                settings.serverTlsSslmode == .disable && !isDirect
                ? nil : try Self.make(TLSParameters(serverSideOf: settings), .connecting, unless: old.server)
        } catch {
            throw TLSSetupError(reason: error)
        }
    }

    private static func make(
        _ parameters: TLSParameters, _ role: TLSContext.Role, unless old: TLSContext?
    ) throws(TLSError) -> TLSContext {
        if let old, old.fingerprint == (try parameters.fingerprint()) { return old }
        return try TLSContext(parameters, role)
    }
}
