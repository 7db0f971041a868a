/// Names a connection at the start of a log line as PgBouncer does: `C-0x1f: db/user@127.0.0.1:33333`.
///
/// Written in front of a message: `log.info("\(label) login attempt: ...")`, which builds it only if the line is
/// written.
struct SocketLabel: Sendable {
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

        /// There is none yet.
        case unknown
    }

    var side: Side

    /// What SHOW CLIENTS and SHOW SERVERS print as `ptr`.
    var id: UInt64

    /// nil as long as the client has not said.
    var database: String?
    var user: String?
    var endpoint: Endpoint
}

/// Written piece by piece into the message: every connection puts its label into the log several times.
extension SocketLabel: TextOutputStreamable {
    func write(to target: inout some TextOutputStream) {
        target.write(side.rawValue)
        target.write("-0x")
        target.write(String(id, radix: 16))
        target.write(": ")
        target.write(database ?? "(nodb)")
        target.write("/")
        target.write(user ?? "(nouser)")
        target.write("@")
        endpoint.write(to: &target)
    }
}

extension SocketLabel.Endpoint: TextOutputStreamable {
    func write(to target: inout some TextOutputStream) {
        let ownPort: UInt16
        switch self {
        case .tcp(let address, let port):
            let isIPv6 = address.utf8.contains(UInt8(ascii: ":"))
            if isIPv6 { target.write("[") }
            target.write(address)
            if isIPv6 { target.write("]") }
            ownPort = port
        case .unix(let process?, let port):
            target.write("unix(")
            target.write(String(process))
            target.write(")")
            ownPort = port
        case .unix(nil, let port):
            target.write("unix")
            ownPort = port
        case .unknown:
            target.write("(bad-af)")
            ownPort = 0
        }
        target.write(":")
        target.write(String(ownPort))
    }
}
