/// Names a connection at the start of a log line as PgBouncer does: `C-0x1f: db/user@127.0.0.1:33333`.
///
/// Written in front of a message: `log.info("\(label) login attempt: ...")`, which builds it only if the line is
/// written.
struct SocketLabel: Sendable, CustomStringConvertible {
    /// Which side of us the connection is on.
    enum Side: String, Sendable {
        case client = "C"
        case server = "S"
    }

    /// The other end of the connection.
    enum Endpoint: Sendable {
        /// A numeric address, IPv6 without brackets.
        case tcp(address: String, port: UInt16)

        /// A Unix socket. The port is the one in the socket's name; the process is known for clients only.
        case unix(process: Int32?, port: UInt16)
    }

    var side: Side

    /// What SHOW CLIENTS and SHOW SERVERS print as `ptr`.
    var id: UInt64

    /// nil as long as the client has not said.
    var database: String?
    var user: String?
    var endpoint: Endpoint

    var description: String {
        "\(side.rawValue)-0x\(String(id, radix: 16)): \(database ?? "(nodb)")/\(user ?? "(nouser)")@\(endpoint)"
    }
}

extension SocketLabel.Endpoint: CustomStringConvertible {
    var description: String {
        switch self {
        case .tcp(let address, let port):
            address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .unix(let process?, let port): "unix(\(process)):\(port)"
        case .unix(nil, let port): "unix:\(port)"
        }
    }
}
