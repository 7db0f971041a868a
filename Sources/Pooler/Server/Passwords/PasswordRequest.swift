import PoolerConfig

/// For which server login a `password_command` is run: what it finds in its environment, and what its answer is kept for.
struct PasswordRequest: Hashable, Sendable {
    let command: PasswordCommand
    /// The host of the connect string, or the directory of the Unix socket.
    let host: String
    let port: Int
    let user: String
    let database: String

    /// In the words of libpq, so that psql and scripts understand them.
    var environment: [String] {
        ["PGHOST=\(host)", "PGPORT=\(port)", "PGUSER=\(user)", "PGDATABASE=\(database)"]
    }
}

/// A password that a command printed.
struct IssuedPassword: Sendable {
    let secret: Secret
    /// Tells it from the ones before and after.
    let serial: UInt64
}
