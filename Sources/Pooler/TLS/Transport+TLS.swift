/// What a transport knows of its encryption.
extension Transport {
    /// Whether everything that is sent and received now is encrypted.
    var isEncrypted: Bool { tls?.isEstablished ?? false }

    /// Why TLS broke, for people; nil as long as it has not.
    var tlsFailure: TLSError? { tls?.failure }

    /// "TLSv1.3/TLS_AES_256_GCM_SHA384"; nil without TLS.
    var tlsSummary: String? { isEncrypted ? tls?.summary : nil }

    /// The host name that a client asked for (SNI).
    var serverName: String? { tls?.serverName }

    /// The common name of the peer's verified certificate.
    var peerCommonName: [UInt8]? { isEncrypted ? tls?.peerCommonName : nil }

    /// The settings that the stream began under.
    var tlsContext: TLSContext? { tls?.settings }

    /// What SCRAM binds to where we are the server, and where we are the client (tls-server-end-point).
    var ownEndpointHash: [UInt8]? { isEncrypted ? tls?.ownEndpointHash : nil }
    var peerEndpointHash: [UInt8]? { isEncrypted ? tls?.peerEndpointHash : nil }

    /// Whether an earlier session was resumed.
    var isResumed: Bool { tls?.isResumed ?? false }

    /// The session that the server offered for a later connection, once.
    func takeSession() -> TLSSession? { tls?.takeSession() }
}
