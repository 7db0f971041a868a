import Glibc

/// Starts a worker on a thread of its own.
enum WorkerThread {
    private final class Start {
        let worker: Worker

        init(_ worker: Worker) {
            self.worker = worker
        }
    }

    /// 512 KiB is plenty: nothing recurses with the input.
    private static let stackSize = 512 * 1024

    /// The worker belongs to the new thread from here on.
    static func start(_ worker: consuming Worker) throws(Errno) {
        let start = unsafe Unmanaged.passRetained(Start(worker))
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, stackSize)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                start.worker.run()
                return nil
            }, start.toOpaque())
        unsafe pthread_attr_destroy(&attributes)
        guard code == 0 else {
            unsafe start.release()
            throw Errno(code: code)
        }
        pthread_detach(thread)
    }
}
