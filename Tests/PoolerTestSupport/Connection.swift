import CPQ
import Glibc

/// One libpq connection. No call of it waits for ever.
@safe public final class Connection {
    private var pointer: OpaquePointer?
    private let owner: AnyObject?
    private let log = NoticeLog()

    /// Connects with libpq's keywords; fails with the server's error. `keeping` lives as long as the connection does.
    public init(_ parameters: [String: String], keeping owner: AnyObject?, within limit: Duration = patience) throws {
        let opening = try Opening(parameters)
        let deadline = Deadline(limit)
        while try opening.step() == false {
            guard try opening.wait(deadline) else { throw SystemError("no connection within \(limit)") }
        }
        unsafe pointer = opening.take()
        self.owner = owner
        unsafe PQsetNoticeReceiver(handle, receiveNotice, Unmanaged.passUnretained(log).toOpaque())
    }

    /// Takes over what was opened step by step.
    init(_ opening: Opening) {
        unsafe pointer = opening.take()
        owner = nil
        unsafe PQsetNoticeReceiver(handle, receiveNotice, Unmanaged.passUnretained(log).toOpaque())
    }

    var descriptor: Int32 { unsafe PQsocket(handle) }

    /// Runs one simple query and returns its last result; the first error is thrown.
    @discardableResult
    public func query(_ sql: String, within limit: Duration = patience) throws -> QueryResult {
        try send(sql)
        return try lastResult(within: limit)
    }

    /// Runs a simple query and returns every result, errors too.
    public func queryAll(_ sql: String, within limit: Duration = patience) throws -> [Result<
        QueryResult, PostgresError
    >] {
        try send(sql)
        var results: [Result<QueryResult, PostgresError>] = []
        while let result = try nextResult(within: limit) { results.append(result) }
        return results
    }

    /// Sends a simple query and leaves its answer for later.
    public func send(_ sql: String) throws {
        try require(unsafe PQsendQuery(handle, sql))
    }

    /// Runs a statement over the extended protocol, unnamed.
    @discardableResult
    public func query(_ sql: String, _ parameters: [String?], within limit: Duration = patience) throws -> QueryResult {
        try send(sql, parameters)
        return try lastResult(within: limit)
    }

    /// Sends a statement over the extended protocol and leaves its answer for later.
    public func send(_ sql: String, _ parameters: [String?]) throws {
        try require(
            unsafe withCStrings(parameters) {
                unsafe PQsendQueryParams(handle, sql, Int32(parameters.count), nil, $0, nil, nil, 0)
            })
    }

    /// Prepares a named statement.
    public func prepare(_ name: String, _ sql: String) throws {
        try require(unsafe PQsendPrepare(handle, name, sql, 0, nil))
        _ = try lastResult()
    }

    /// Runs a named statement.
    @discardableResult
    public func execute(_ name: String, _ parameters: [String?] = []) throws -> QueryResult {
        try sendExecute(name, parameters)
        return try lastResult()
    }

    /// Sends the run of a named statement and leaves its answer for later.
    public func sendExecute(_ name: String, _ parameters: [String?] = []) throws {
        try require(
            unsafe withCStrings(parameters) {
                unsafe PQsendQueryPrepared(handle, name, Int32(parameters.count), $0, nil, nil, 0)
            })
    }

    /// All results up to the end of the query: the last one, or the first error.
    @discardableResult
    public func lastResult(within limit: Duration = patience) throws -> QueryResult {
        var last = QueryResult.nothing
        var failure: PostgresError?
        while let result = try nextResult(within: limit) {
            switch result {
            case .success(let result): last = result
            case .failure(let error): failure = failure ?? error
            }
            if last.isCopy { break }
        }
        if let failure { throw failure }
        return last
    }

    /// The next result, nil at the end of a query.
    public func nextResult(within limit: Duration = patience) throws -> Result<QueryResult, PostgresError>? {
        let deadline = Deadline(limit)
        try flush(until: deadline)
        while unsafe PQisBusy(handle) != 0 {
            guard try waitForInput(until: deadline) else { throw SystemError("no answer within \(limit)") }
            if unsafe PQconsumeInput(handle) == 0 { break }
        }
        guard let raw = unsafe PQgetResult(handle) else { return nil }
        defer { unsafe PQclear(raw) }
        return unsafe QueryResult.read(raw)
    }

    /// Whether an answer can be had without waiting.
    public var isAnswered: Bool {
        unsafe PQconsumeInput(handle)
        return unsafe PQisBusy(handle) == 0
    }

    /// What the server reported of a parameter (ParameterStatus).
    public func parameter(_ name: String) -> String? {
        unsafe PQparameterStatus(handle, name).map { unsafe String(cString: $0) }
    }

    /// The process number that cancel requests carry.
    public var backendPID: Int { Int(unsafe PQbackendPID(handle)) }

    /// Whether libpq holds it for open.
    public var isOpen: Bool { unsafe PQstatus(handle) == CONNECTION_OK }

    /// The notices so far.
    public var notices: [PostgresError] { log.notices }

    /// Notifications that have arrived, waiting for the first.
    public func notifications(within limit: Duration = patience) throws -> [(channel: String, payload: String)] {
        let deadline = Deadline(limit)
        var found: [(channel: String, payload: String)] = []
        while true {
            unsafe PQconsumeInput(handle)
            while let notification = unsafe PQnotifies(handle) {
                unsafe found.append(
                    (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra)))
                unsafe PQfreemem(notification)
            }
            if !found.isEmpty { return found }
            guard try waitForInput(until: deadline) else { throw SystemError("no notification within \(limit)") }
        }
    }

    /// Asks for a cancel, over a connection of its own.
    public func cancel() throws {
        guard let request = unsafe PQgetCancel(handle) else { throw SystemError("no cancel key") }
        defer { unsafe PQfreeCancel(request) }
        var message = [CChar](repeating: 0, count: 256)
        guard unsafe PQcancel(request, &message, 256) == 1 else { throw SystemError("the cancel request failed") }
    }

    /// Leaves without a word: the socket is shut, no Terminate is sent.
    public func vanish() {
        shutdown(unsafe PQsocket(handle), Int32(SHUT_RDWR))
    }

    /// Leaves as a client should, with Terminate; no call may follow.
    public func close() {
        unsafe PQfinish(pointer)
        unsafe pointer = nil
    }

    deinit { close() }

    var handle: OpaquePointer {
        guard let pointer = unsafe pointer else { fatalError("the connection was closed before") }
        return unsafe pointer
    }

    /// Throws what libpq says when a call of it refused.
    func require(_ accepted: Int32) throws {
        if accepted != 1 {
            throw PostgresError("", "", unsafe String(cString: PQerrorMessage(handle)))
        }
    }

    func waitForInput(until deadline: Deadline) throws -> Bool {
        try pollDescriptor(unsafe PQsocket(handle), POLLIN, until: deadline)
    }

    /// Sends what libpq still holds, reading meanwhile as pipelines must.
    func flush(until deadline: Deadline) throws {
        while unsafe PQflush(handle) == 1 {
            guard try pollDescriptor(unsafe PQsocket(handle), POLLIN | POLLOUT, until: deadline) else {
                throw SystemError("the server takes nothing")
            }
            unsafe PQconsumeInput(handle)
        }
    }
}

/// Waits for poll(2) events on a descriptor that is another's; false when the time is over.
func pollDescriptor(_ descriptor: Int32, _ events: Int32, until deadline: Deadline) throws -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return try checked("poll") { unsafe poll(&entry, 1, deadline.milliseconds) } > 0
}

private final class NoticeLog {
    var notices: [PostgresError] = []
}

private func receiveNotice(_ log: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
    guard let log = unsafe log, let result = unsafe result else { return }
    unsafe Unmanaged<NoticeLog>.fromOpaque(log).takeUnretainedValue().notices.append(PostgresError(result: result))
}
