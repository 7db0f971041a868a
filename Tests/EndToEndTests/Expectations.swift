import PoolerTestSupport
import Testing

extension PostgresError {
    /// A refusal by the pooler itself.
    static func fatal(_ message: String, _ sqlState: String = "08P01") -> Self { Self("FATAL", sqlState, message) }

    /// A failed authentication: 28P01 in pgvalet, as in Postgres; PgBouncer gives all its errors one code.
    static func notAuthenticated(_ message: String) -> Self { .fatal(message, Pooler.isPgvalet ? "28P01" : "08P01") }

    /// An error of the console.
    static func console(_ message: String, _ sqlState: String = "08P01") -> Self { Self("ERROR", sqlState, message) }
}

extension Connection {
    /// The process number of the server that this client has now.
    func serverPID() throws -> Int { Int(try query("select pg_backend_pid()").value ?? "") ?? 0 }

    /// Begins a transaction on the server of that process number, which nobody else may hold.
    func beginTransaction(onServer pid: Int) throws {
        try query("begin")
        while try serverPID() != pid {
            try query("commit")
            try query("begin")
        }
    }

    /// The value of a setting on the server.
    func setting(_ name: String) throws -> String { try query("select current_setting('\(name)')").value ?? "" }
}

extension RawClient {
    /// The next error is this one, and the stream ends behind it.
    func expectFatal(_ expected: PostgresError, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let error = try readFatal()
        #expect(error == expected, sourceLocation: sourceLocation)
        #expect(try isClosed(), sourceLocation: sourceLocation)
    }
}
