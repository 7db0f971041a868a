import PoolerConfig

/// Places for pinned clients: max_pinned.
extension Worker {
    /// Longest wait for the place of a pin that is in question.
    private static let longestPinWait: Duration = .seconds(1)

    /// Counts a client against max_pinned, once; false when there are too many.
    func holdPin(_ client: ClientConnection, _ pool: WorkerPool) -> Bool {
        if client.books.session.holdsPin { return true }
        let limit = pool.settings.maxPinned
        guard limit > 0, pool.budget.pins.reserve(limit: limit) else { return false }
        client.books.session.holdsPin = true
        client.books.session.awaitsPinSince = nil
        return true
    }

    /// The client is not pinned, or no more.
    func letGoPin(_ client: ClientConnection, _ pool: WorkerPool) {
        guard client.openedBooks != nil else { return }
        client.books.session.pinnedSince = nil
        if client.books.session.holdsPin {
            client.books.session.holdsPin = false
            _ = pool.budget.pins.release()
        }
        pinIsSettled(client, pool)
    }

    /// Something is on its way behind which a client may be pinned no more, or not after all.
    func questionPin(_ client: ClientConnection, _ pool: WorkerPool) {
        guard !client.books.session.isPinInQuestion else { return }
        client.books.session.isPinInQuestion = true
        pool.budget.pinsInQuestion.add()
    }

    /// It is known whether a client stays pinned.
    func pinIsSettled(_ client: ClientConnection, _ pool: WorkerPool) {
        guard client.books.session.isPinInQuestion else { return }
        client.books.session.isPinInQuestion = false
        pool.budget.pinsInQuestion.undo()
        if pool.budget.pinWaiters.count > 0 { shared.broadcast(.pinSettled(pool.key)) }
    }

    /// All places are taken: has a client wait where one of them may be free in a moment, because what held it is over as far as
    /// its client knows. False where there is nothing to wait for, or it has waited long enough.
    func awaitPin(_ client: ClientConnection, _ pool: WorkerPool) -> Bool {
        let since = client.books.session.awaitsPinSince ?? now
        guard pool.settings.maxPinned > 0, now - since < Self.longestPinWait else {
            client.books.session.awaitsPinSince = nil
            return false
        }
        pool.budget.pinWaiters.add()
        // Whoever has settled a pin before this looks at nobody who waits.
        guard pool.budget.pinsInQuestion.count > 0 || pool.budget.pins.count < pool.settings.maxPinned else {
            pool.budget.pinWaiters.undo()
            client.books.session.awaitsPinSince = nil
            return false
        }
        client.books.session.awaitsPinSince = since
        client.books.statements.pause = .pin
        pool.pinWaiters.append(client.token)
        // The place came free meanwhile, and nobody else may tell.
        if pool.budget.pins.count < pool.settings.maxPinned { shared.broadcast(.pinSettled(pool.key)) }
        return true
    }

    /// A pin has been settled somewhere, or time has passed: those who wait try again.
    func retryPins(of pool: WorkerPool) {
        guard !pool.pinWaiters.isEmpty else { return }
        let waiters = pool.pinWaiters
        pool.pinWaiters = []
        for token in waiters {
            pool.budget.pinWaiters.undo()
            guard case .client(let client) = table[token], client.isOpen, client.books.statements.pause == .pin else {
                continue
            }
            client.books.statements.pause = .none
            processHeld(client)
        }
    }
}

extension WorkerPool {
    /// What a client is told that cannot be pinned.
    var tooManyPinned: ErrorMessage {
        tooManyPinned(
            "This needs a server connection of its own, and max_pinned (\(settings.maxPinned)) of this pool have one.")
    }

    /// What a client is told whose state was found when it was too late.
    func stateLost(_ lost: SessionEffects.Kinds) -> ErrorMessage {
        let kinds = lost.descriptions.joined(separator: ", ")
        return tooManyPinned(
            "What an earlier statement has left in the session (\(kinds)) needs a server connection of its own, and max_pinned "
                + "(\(settings.maxPinned)) of this pool have one. It was taken away, and this statement has not been run."
        )
    }

    private func tooManyPinned(_ detail: String) -> ErrorMessage {
        ErrorMessage(
            .error, "53400", "too many clients are pinned to their server connection", detail: detail,
            hint:
                "Raise max_pinned or pool_size, or use pool_mode = session for clients that keep state in their session."
        )
    }
}

/// Pins of a pool on one worker, since it was made.
struct PinCounters {
    /// Clients that were pinned.
    var made: UInt64 = 0
    /// Statements and clients that were refused.
    var refused: UInt64 = 0
}
