import DequeModule
import Dispatch
import Synchronization

/// Runs work that blocks its thread (programs, PAM, LDAP) off the workers: on so many threads at most, and what comes beyond
/// waits its turn, up to a limit.
final class BlockingQueue: Sendable {
    typealias Work = @Sendable () -> Void

    private struct State {
        var idle: [Int]
        var waiting = Deque<Work>()
    }

    /// A serial queue has a thread whenever it has work, whatever the other threads of the process wait for.
    private let lanes: [DispatchQueue]
    private let capacity: Int
    private let state: Mutex<State>

    /// `width` is how many pieces run at once, `capacity` how many may wait.
    init(label: String, width: Int, capacity: Int) {
        lanes = (0..<width).map { DispatchQueue(label: "\(label).\($0)") }
        self.capacity = capacity
        state = Mutex(State(idle: Array(0..<width)))
    }

    /// Has the work done on another thread; false, and nothing happens, when too much waits already.
    func submit(_ work: @escaping Work) -> Bool {
        let (lane, isAccepted) = state.withLock { state -> (Int?, Bool) in
            if let lane = state.idle.popLast() { return (lane, true) }
            guard state.waiting.count < capacity else { return (nil, false) }
            state.waiting.append(work)
            return (nil, true)
        }
        if let lane { lanes[lane].async { [self] in run(work, on: lane) } }
        return isAccepted
    }

    private func run(_ first: @escaping Work, on lane: Int) {
        var next: Work? = first
        while let work = next {
            work()
            next = state.withLock { state in
                if let work = state.waiting.popFirst() { return work }
                state.idle.append(lane)
                return nil
            }
        }
    }
}
