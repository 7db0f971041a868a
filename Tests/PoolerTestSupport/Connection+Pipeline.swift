import CPQ

extension Connection {
    /// Starts libpq's pipeline mode: `send` queues, `pipelineSync` marks where errors end.
    public func enterPipeline() throws { try require(unsafe PQenterPipelineMode(handle)) }

    /// Ends the pipeline mode; every result must have been taken.
    public func exitPipeline() throws { try require(unsafe PQexitPipelineMode(handle)) }

    /// Sends Sync.
    public func pipelineSync() throws { try require(unsafe PQpipelineSync(handle)) }

    /// The results up to and without the next Sync's mark.
    public func resultsUntilSync(within limit: Duration = patience) throws -> [Result<QueryResult, PostgresError>] {
        var results: [Result<QueryResult, PostgresError>] = []
        while true {
            guard let result = try nextResult(within: limit) else { continue }
            if case .success(let success) = result, success.isSync { return results }
            results.append(result)
            guard isOpen else { return results }
        }
    }

    /// Calls a function by its OID over the protocol's function call (PQfn), with integer arguments and result.
    public func call(function oid: UInt32, _ arguments: [Int32]) throws -> Int32 {
        var result: Int32 = 0
        var length: Int32 = 0
        var blocks: [PQArgBlock] = unsafe arguments.map { argument in
            var block = unsafe PQArgBlock()
            unsafe block.len = 4
            unsafe block.isint = 1
            unsafe block.u.integer = argument
            return unsafe block
        }
        guard
            let raw = unsafe PQfn(handle, Int32(bitPattern: oid), &result, &length, 1, &blocks, Int32(arguments.count))
        else {
            throw SystemError("no result of the function call")
        }
        defer { unsafe PQclear(raw) }
        if case .failure(let error) = unsafe QueryResult.read(raw) { throw error }
        return result
    }
}
