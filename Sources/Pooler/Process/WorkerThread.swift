import Dispatch

/// Starts a worker on a thread of its own.
enum WorkerThread {
    /// The worker belongs to the new thread from here on, which does nothing before the gate is open.
    static func start(_ worker: consuming Worker, behind gate: StartGate) throws(StartError) {
        nonisolated(unsafe) let worker = worker
        do throws(Errno) {
            try ThreadStart.run {
                gate.wait()
                unsafe worker.run()
            }
        } catch {
            throw .cannotStartThread(error)
        }
    }
}

/// Where the workers of a new process wait until everything is theirs. Their threads are there by then: a process that finds out
/// that it can have none must not have anybody's clients.
final class StartGate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    /// Blocks the worker's thread.
    func wait() { semaphore.wait() }

    func open(workers: Int) {
        for _ in 0..<workers { semaphore.signal() }
    }
}
