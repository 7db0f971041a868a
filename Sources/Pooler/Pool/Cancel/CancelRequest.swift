import Synchronization

/// A cancel request on its way through the workers. Whoever has to do with it holds it; when the last one lets go, it has been
/// dealt with, and its sender is told by the end of its connection, as Postgres does.
final class CancelRequest: Sendable {
    /// Whose query is to be cancelled: a client's key.
    let key: CancelKey
    private let outcome = Atomic<UInt8>(Outcome.noClient.rawValue)
    private let ended: @Sendable (_ outcome: Outcome) -> Void

    /// What became of a request; there is only one client, so nobody contradicts anybody.
    enum Outcome: UInt8, CaseIterable, Sendable {
        /// Nobody has that key.
        case noClient
        /// The key names a process that we do not know.
        case noPeer
        /// The client has no query.
        case idle
        /// The client is on the console, where it ended what waited.
        case console
        /// The query's server, or another process, was told; or the query was taken from the queue.
        case sent
    }

    init(_ key: CancelKey, ended: @escaping @Sendable (_ outcome: Outcome) -> Void) {
        self.key = key
        self.ended = ended
    }

    /// Somebody has found out what it comes to.
    func found(_ outcome: Outcome) { self.outcome.store(outcome.rawValue, ordering: .relaxed) }

    deinit { ended(Outcome(rawValue: outcome.load(ordering: .relaxed)) ?? .noClient) }
}

/// Requests that wait for their turn, since many are on their way already.
struct WaitingCancels {
    /// More are not kept: whoever sends that many does not want a query to end.
    static let limit = 1024

    private var requests: [(request: CancelRequest, since: Instant)] = []

    var count: Int { requests.count }

    mutating func append(_ request: CancelRequest, at now: Instant) {
        if requests.count < Self.limit { requests.append((request, now)) }
    }

    /// Takes one up again that could not be sent, before all others.
    mutating func returned(_ request: CancelRequest, since: Instant) { requests.insert((request, since), at: 0) }

    mutating func takeFirst() -> (request: CancelRequest, since: Instant)? {
        requests.isEmpty ? nil : requests.removeFirst()
    }

    /// cancel_wait_timeout: those that have waited too long are dropped, and nobody is told.
    mutating func drop(since: Instant) {
        requests.removeAll { $0.since < since }
    }
}
