import Glibc
import Synchronization

/// The programs that run for us now, each with a process group of its own, so that none is left behind when we end.
final class RunningPrograms: Sendable {
    static let shared = RunningPrograms()

    private struct State {
        var groups: Set<pid_t> = []
        var isOver = false
    }

    private let state = Mutex(State())

    init() {}

    /// Starts one, unless the end has come.
    func start(_ spawn: () throws(Errno) -> pid_t) throws(Errno) -> pid_t {
        // Under the lock, so that `killAll` sees either a group to kill or nobody who goes on.
        let result = state.withLock { state -> Result<pid_t, Errno> in
            guard !state.isOver else { return .failure(Errno(code: ECANCELED)) }
            do throws(Errno) {
                let process = try spawn()
                state.groups.insert(process)
                return .success(process)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// What waitpid(2) says of one that may have ended; one that has is forgotten, since its number is free for others.
    func poll(_ process: pid_t, _ status: inout Int32) -> pid_t {
        let (ended, value) = state.withLock { state -> (pid_t, Int32) in
            var value: Int32 = 0
            let ended = unsafe waitpid(process, &value, WNOHANG)
            if ended == process { state.groups.remove(process) }
            return (ended, value)
        }
        if ended == process { status = value }
        return ended
    }

    /// Kills one with all that it started.
    func kill(_ process: pid_t) {
        state.withLock { state in
            _ = Glibc.kill(-process, SIGKILL)
            state.groups.remove(process)
        }
    }

    /// The process ends: kills all of them, and starts no more.
    func killAll() {
        state.withLock { state in
            state.isOver = true
            for group in state.groups { _ = Glibc.kill(-group, SIGKILL) }
            state.groups = []
        }
    }
}
