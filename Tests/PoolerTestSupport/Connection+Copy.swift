import CPQ

extension Connection {
    /// Sends rows into a COPY FROM STDIN that a query has begun.
    public func putCopy(_ data: String, within limit: Duration = patience) throws {
        let bytes = Array(data.utf8CString.dropLast())
        try require(unsafe PQputCopyData(handle, bytes, Int32(bytes.count)))
        try flush(until: Deadline(limit))
    }

    /// Ends a COPY FROM STDIN; with a message, as failed. The COPY's result, or its error.
    @discardableResult
    public func endCopy(failing message: String? = nil, within limit: Duration = patience) throws -> QueryResult {
        try require(unsafe PQputCopyEnd(handle, message))
        return try lastResult(within: limit)
    }

    /// The next row of a COPY TO STDOUT, nil at its end.
    public func getCopy(within limit: Duration = patience) throws -> String? {
        let deadline = Deadline(limit)
        while true {
            var buffer: UnsafeMutablePointer<CChar>?
            let count = unsafe PQgetCopyData(handle, &buffer, 1)
            defer { unsafe PQfreemem(buffer) }
            if count > 0, let buffer = unsafe buffer { return unsafe String(cString: buffer) }
            if count < 0 { return nil }
            guard try waitForInput(until: deadline) else { throw SystemError("no COPY data within \(limit)") }
            unsafe PQconsumeInput(handle)
        }
    }

    /// Runs a whole COPY TO STDOUT; the rows and the tag.
    public func copyOut(_ sql: String) throws -> (rows: [String], tag: String) {
        try query(sql)
        var rows: [String] = []
        while let row = try getCopy() { rows.append(row) }
        return (rows, try lastResult().tag)
    }

    /// Runs a whole COPY FROM STDIN; the tag.
    public func copyIn(_ sql: String, _ chunks: [String]) throws -> String {
        try query(sql)
        for chunk in chunks { try putCopy(chunk) }
        return try endCopy().tag
    }
}
