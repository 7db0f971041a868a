import CPQ
import Foundation
import Synchronization

/// Counts the server's client connections, over one of its own, as fast as it can until told to finish.
@safe final class ServerSampler: Sendable {
    private let most = Atomic(0)
    private let isOver = Atomic(false)
    private let isDone = Atomic(false)

    /// Its own connection does not count.
    private static let query = """
        select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
        """

    /// Connects, with libpq's conninfo, and starts.
    init(_ conninfo: String) throws {
        let connection = unsafe PQconnectdb(conninfo)
        guard unsafe PQstatus(connection) == CONNECTION_OK else {
            defer { unsafe PQfinish(connection) }
            throw LoadError("--admin: \(unsafe String(cString: PQerrorMessage(connection)))")
        }
        let address = UInt(bitPattern: connection)
        let thread = Thread {
            let connection = unsafe OpaquePointer(bitPattern: address)
            while !self.isOver.load(ordering: .relaxed) {
                unsafe self.sample(connection)
                usleep(1000)
            }
            unsafe PQfinish(connection)
            self.isDone.store(true, ordering: .releasing)
        }
        thread.start()
    }

    /// Stops; the most connections that it saw.
    func finish() -> Int {
        isOver.store(true, ordering: .relaxed)
        while !isDone.load(ordering: .acquiring) { usleep(1000) }
        return most.load(ordering: .relaxed)
    }

    private func sample(_ connection: OpaquePointer?) {
        let result = unsafe PQexec(connection, Self.query)
        defer { unsafe PQclear(result) }
        guard unsafe PQresultStatus(result) == PGRES_TUPLES_OK, let text = unsafe PQgetvalue(result, 0, 0) else {
            return
        }
        most.max(Int(unsafe String(cString: text)) ?? 0, ordering: .relaxed)
    }
}
