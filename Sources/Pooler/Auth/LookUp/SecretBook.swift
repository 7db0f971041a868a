import Synchronization

/// What `auth_query` told, and who waits for it to tell: shared by all workers, so that a storm of logins of one user asks once.
///
/// Nothing is kept without `auth_query_cache_ttl`, and only of users who exist: strangers choose names.
final class SecretBook: Sendable {
    /// What is looked up.
    struct Key: Hashable, Sendable {
        /// Where the query runs.
        let database: String
        /// Who runs it.
        let authUser: String
        let sql: String
        /// Whose secret it is.
        let user: String
    }

    /// A client that waits.
    struct Waiter: Hashable, Sendable {
        let worker: Int
        let client: Token
    }

    enum Answer: Equatable {
        case known(SecretQuery.Outcome)
        /// Somebody has asked already; the outcome will come.
        case wait
        /// Nobody has: ask, and tell the book.
        case ask
    }

    private struct Entry {
        let user: KnownUser
        let expires: Instant
        /// When the user may no longer log in.
        let validUntil: Instant
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// The question under way: on which worker, and for whom.
        var questions: [Key: (worker: Int, waiters: Set<Waiter>)] = [:]
        /// Counts what was forgotten: an answer to a question from before is not kept.
        var epoch = 0
    }

    private static let entryLimit = 16_384

    private let state = Mutex(State())

    init() {}

    /// A client needs to know. `ask` makes its worker the one that does.
    func find(_ key: Key, for waiter: Waiter, now: Instant) -> Answer {
        state.withLock { state in
            if let entry = state.entries[key] {
                if now < entry.expires {
                    return .known(now < entry.validUntil ? .found(entry.user) : .unknown)
                }
                state.entries[key] = nil
            }
            guard state.questions[key] == nil else {
                state.questions[key]?.waiters.insert(waiter)
                return .wait
            }
            state.questions[key] = (waiter.worker, [waiter])
            return .ask
        }
    }

    /// A client does not wait any more. The worker that asks, if it does so for nobody now.
    func leave(_ key: Key, _ waiter: Waiter) -> Int? {
        state.withLock { state in
            guard state.questions[key]?.waiters.remove(waiter) != nil else { return nil }
            guard let question = state.questions[key], question.waiters.isEmpty else { return nil }
            return question.worker
        }
    }

    /// Gives a question up that nobody waits for; false if somebody does by now.
    func withdraw(_ key: Key) -> Bool {
        state.withLock { state in
            guard state.questions[key]?.waiters.isEmpty ?? true else { return false }
            state.questions[key] = nil
            return true
        }
    }

    /// A mark to be given back with the answer to a question that is asked now.
    var epoch: Int { state.withLock { $0.epoch } }

    /// The answer has come: who waits for it.
    func answered(
        _ key: Key, _ outcome: SecretQuery.Outcome, keepFor time: Duration, askedIn epoch: Int, now: Instant
    ) -> [Waiter] {
        state.withLock { state in
            if case .found(let user) = outcome, time > .zero, epoch == state.epoch {
                if state.entries.count >= Self.entryLimit { state.entries.removeAll() }
                state.entries[key] = Entry(
                    user: user, expires: now + time, validUntil: user.validFor.map { now + $0 } ?? .never)
            }
            return Array(state.questions.removeValue(forKey: key)?.waiters ?? [])
        }
    }

    /// Forgets all that was told, or what was told of one user: after RELOAD and RECONNECT, or when a server refuses it.
    func forget(user: String? = nil) {
        state.withLock { state in
            state.epoch += 1
            guard let user else { return state.entries.removeAll() }
            for key in Array(state.entries.keys) where key.user == user { state.entries[key] = nil }
        }
    }
}
