/// How a SCRAM exchange is bound to the TLS connection that it runs over (RFC 5802, section 6): what the client says first,
/// its GS2 header, and the data that must follow the header in its last message.
enum ChannelBinding: Equatable, Sendable {
    /// The client cannot bind.
    case none
    /// The client could, and thinks that the server cannot.
    case unused
    /// Bound to the hash of the server's certificate (tls-server-end-point, RFC 5929). Postgres has no other kind.
    case serverEndpoint([UInt8])

    /// The GS2 header, without an authzid.
    var header: [UInt8] {
        switch self {
        case .none: Array("n,,".utf8)
        case .unused: Array("y,,".utf8)
        case .serverEndpoint: Array("p=tls-server-end-point,,".utf8)
        }
    }

    /// What the client's last message repeats in `c=`, before Base64.
    var input: [UInt8] {
        switch self {
        case .none, .unused: header
        case .serverEndpoint(let hash): header + hash
        }
    }
}
