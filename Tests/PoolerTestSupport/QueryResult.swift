import CPQ

/// What a query gave back.
public struct QueryResult: Equatable, Sendable {
    /// A column's description.
    public struct Column: Equatable, Sendable {
        /// Its name.
        public let name: String
        /// Its type's OID.
        public let type: UInt32
    }

    /// The columns, in order.
    public var columns: [Column] = []
    /// The rows as text, nil for NULL.
    public var rows: [[String?]] = []
    /// The command tag; empty where none came (COPY under way, pipeline marks).
    public var tag = ""
    /// A COPY has begun, in or out.
    public var isCopy = false
    /// The end of a pipeline's part (ReadyForQuery).
    public var isSync = false

    /// The first value of the first row.
    public var value: String? { rows.first?.first ?? nil }

    /// The rows by column name.
    public var records: [[String: String]] {
        rows.map { row in
            var record: [String: String] = [:]
            for (column, value) in zip(columns, row) { record[column.name] = value }
            return record
        }
    }

    static let nothing = QueryResult()

    static func read(_ raw: OpaquePointer) -> Result<QueryResult, PostgresError> {
        var result = QueryResult()
        switch unsafe PQresultStatus(raw) {
        case PGRES_BAD_RESPONSE, PGRES_FATAL_ERROR: return .failure(unsafe PostgresError(result: raw))
        case PGRES_PIPELINE_ABORTED: return .failure(PostgresError("", "", "pipeline aborted"))
        case PGRES_PIPELINE_SYNC: result.isSync = true
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: result.isCopy = true
        case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: unsafe result.readRows(raw)
        case _: break
        }
        result.tag = unsafe String(cString: PQcmdStatus(raw))
        return .success(result)
    }

    private mutating func readRows(_ raw: OpaquePointer) {
        columns = (0..<(unsafe PQnfields(raw))).map {
            unsafe Column(name: String(cString: PQfname(raw, $0)), type: PQftype(raw, $0))
        }
        rows = (0..<(unsafe PQntuples(raw))).map { row in
            (0..<Int32(columns.count)).map { column in
                unsafe PQgetisnull(raw, row, column) == 1 ? nil : String(cString: PQgetvalue(raw, row, column))
            }
        }
    }
}
