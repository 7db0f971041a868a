/// Starts a worker on a thread of its own.
enum WorkerThread {
    /// The worker belongs to the new thread from here on.
    static func start(_ worker: consuming Worker) throws(Errno) {
        nonisolated(unsafe) let worker = worker
        try ThreadStart.run { unsafe worker.run() }
    }
}
