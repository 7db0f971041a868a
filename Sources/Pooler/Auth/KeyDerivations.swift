import Synchronization

/// Derives SCRAM keys off the workers, and keeps those that serve: shared by all workers, so that a storm of logins of one user
/// derives once.
final class KeyDerivations: Sendable {
    /// Somebody who needs keys.
    struct Waiter: Sendable {
        /// False once nobody wants them any more.
        let isInterested: @Sendable () -> Bool
        /// Called on another thread.
        let tell: @Sendable (SCRAMDerivation.Outcome) -> Void
    }

    private struct State {
        var cache = SCRAMCache()
        /// Who waits for what is being derived.
        var waiters: [SHA256Value: [Waiter]] = [:]
    }

    private let state = Mutex(State())
    private let queue: BlockingQueue

    /// `width` threads do the work; so many that wait for one are refused.
    init(width: Int = 2, capacity: Int = 1024) {
        queue = BlockingQueue(label: "pgvalet.keys", width: width, capacity: capacity)
    }

    /// Keys that were derived before. `id` names the derivation, and is a secret as the password in it.
    func known(_ id: SHA256Value) -> SCRAMKeys? {
        state.withLock { $0.cache.keys(for: id) }
    }

    /// Has keys derived, unless somebody does already; false when too many wait.
    func derive(_ derivation: SCRAMDerivation, id: SHA256Value, for waiter: Waiter) -> Bool {
        let isFirst = state.withLock { state in
            state.waiters[id, default: []].append(waiter)
            return state.waiters[id]?.count == 1
        }
        guard isFirst else { return true }
        if queue.submit({ [self] in run(derivation, id: id) }) { return true }
        // Others may have joined meanwhile.
        for other in take(id).dropFirst() { other.tell(.queueFull) }
        return false
    }

    /// Keeps keys that serve.
    func keep(_ keys: SCRAMKeys, of derivation: SCRAMDerivation, id: SHA256Value) {
        if let expected = derivation.expected, keys.serverKey != expected { return }
        state.withLock { $0.cache.insert(keys, for: id) }
    }

    private func run(_ derivation: SCRAMDerivation, id: SHA256Value) {
        let isWanted = state.withLock { state in
            if state.waiters[id]?.contains(where: { $0.isInterested() }) == true { return true }
            state.waiters[id] = nil
            return false
        }
        guard isWanted else { return }
        let outcome = (try? Digests()).map { derivation.outcome($0) } ?? .impossible
        if case .keys(let keys) = outcome { keep(keys, of: derivation, id: id) }
        for waiter in take(id) { waiter.tell(outcome) }
    }

    private func take(_ id: SHA256Value) -> [Waiter] {
        state.withLock { $0.waiters.removeValue(forKey: id) ?? [] }
    }
}
