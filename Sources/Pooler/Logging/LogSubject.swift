/// What a line of the log is about: it stands in front of the message, and in fields of its own where the log is JSON.
enum LogSubject: Sendable {
    case connection(SocketLabel)
    case pool(PoolLabel)
}

/// Names a pool at the start of a log line: `db/user:`.
struct PoolLabel: Sendable {
    var database: String
    var user: String
}

extension PoolLabel: TextOutputStreamable {
    func write(to target: inout some TextOutputStream) {
        target.write(database)
        target.write("/")
        target.write(user)
        target.write(":")
    }
}

extension LogSubject: TextOutputStreamable {
    func write(to target: inout some TextOutputStream) {
        switch self {
        case .connection(let label): label.write(to: &target)
        case .pool(let label): label.write(to: &target)
        }
    }
}
