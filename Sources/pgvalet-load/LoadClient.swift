import CPQ
import Glibc

/// One libpq client, driven step by step, so that one thread can drive thousands.
///
/// `connecting` → `asking` → `idle`; `failed` from anywhere. A client is closed with its owner.
@safe final class LoadClient {
    enum State {
        /// The connection is being made.
        case connecting
        /// A query is on its way.
        case asking
        /// Connected, nothing to do; the query, if there was one, is answered.
        case idle
        /// It is over; why.
        case failed(String)
    }

    private(set) var state = State.connecting
    private let connection: OpaquePointer?
    private let query: String?
    private var polling = PGRES_POLLING_WRITING

    /// Starts to connect; runs the query, if there is one, as soon as it is in.
    init(conninfo: String, query: String?) {
        self.query = query
        unsafe connection = PQconnectStart(conninfo)
        if unsafe PQstatus(connection) == CONNECTION_BAD { fail() }
    }

    deinit { unsafe PQfinish(connection) }

    var descriptor: Int32 { unsafe PQsocket(connection) }

    /// The poll(2) events that the next step waits for; 0 when there is none.
    var events: Int32 {
        switch state {
        case .connecting: polling == PGRES_POLLING_READING ? POLLIN : POLLOUT
        case .asking: POLLIN
        case .idle, .failed: 0
        }
    }

    /// Goes on, once the socket is ready.
    func advance() {
        switch state {
        case .connecting: connect()
        case .asking: readAnswer()
        case .idle, .failed: break
        }
    }

    private func connect() {
        unsafe polling = PQconnectPoll(connection)
        if polling == PGRES_POLLING_FAILED { return fail() }
        if polling != PGRES_POLLING_OK { return }
        state = .idle
        if let query { ask(query) }
    }

    /// Sends a query, once it is connected.
    func ask(_ query: String) {
        guard case .idle = state else { return }
        if unsafe PQsendQuery(connection, query) == 1 { state = .asking } else { fail() }
    }

    private func readAnswer() {
        if unsafe PQconsumeInput(connection) == 0 { return fail() }
        while unsafe PQisBusy(connection) == 0 {
            guard let result = unsafe PQgetResult(connection) else {
                state = .idle
                return
            }
            defer { unsafe PQclear(result) }
            let status = unsafe PQresultStatus(result)
            if status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK { return fail() }
        }
    }

    /// Keeps the last line of libpq's text, without the address, so that equal causes count as one.
    private func fail() {
        let text = unsafe String(cString: PQerrorMessage(connection))
        let line = text.split(separator: "\n").first.map(String.init) ?? "unknown error"
        state = .failed(line.firstRange(of: "FATAL:  ").map { String(line[$0.upperBound...]) } ?? line)
    }
}

/// Waits until some of the clients can go on, and drives them; false when the time is over.
func drive(_ clients: [LoadClient], until deadline: ContinuousClock.Instant) throws -> Bool {
    var entries = clients.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
    let left = deadline - .now
    if left <= .zero { return false }
    let milliseconds = Int32(clamping: left.components.seconds * 1000 + 1)
    let ready = unsafe poll(&entries, nfds_t(entries.count), milliseconds)
    if ready < 0 && errno != EINTR { throw LoadError("poll: \(unsafe String(cString: strerror(errno)))") }
    for (entry, client) in zip(entries, clients) where entry.revents != 0 { client.advance() }
    return true
}

/// Lets this process have as many sockets as it may.
func raiseDescriptorLimit() {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    unsafe getrlimit(kind, &limit)
    limit.rlim_cur = limit.rlim_max
    unsafe setrlimit(kind, &limit)
}
