import Synchronization

/// A request to stop that comes to the new process while it is not decided whose the clients are: then it takes nothing, and the
/// other process goes on.
final class StopRequest: Sendable {
    private enum State {
        case awaited
        case arrived(ProcessSignal)
        case tooLate
    }

    private let state = Mutex(State.awaited)

    /// A signal has come, on any thread. Whether it ends the takeover; else it is for a process like any other.
    func arrived(_ signal: ProcessSignal) -> Bool {
        switch signal {
        case .hangup, .user1, .user2: return false
        case .terminate, .interrupt, .quit: break
        }
        return state.withLock { state in
            guard case .awaited = state else { return false }
            state = .arrived(signal)
            return true
        }
    }

    /// From here on there is no way back, unless one has come.
    func close() throws(TakeoverError) {
        try state.withLock { state throws(TakeoverError) in
            if case .arrived(let signal) = state { throw .stopped(signal) }
            state = .tooLate
        }
    }
}
