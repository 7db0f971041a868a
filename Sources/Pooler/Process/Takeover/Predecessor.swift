import CLinux
import Glibc

/// The process that is taken over, as far as it matters whether it lives.
struct Predecessor: ~Copyable {
    private let process: pid_t
    /// What the process is known by, whoever has its number later (pidfd_open(2)); -1 where there is no such thing.
    private let descriptor: FileDescriptor

    init(_ process: pid_t) {
        self.process = process
        descriptor = FileDescriptor(clinux_pidfd_open(process))
    }

    /// Whether it has died, so that nobody but us has its clients. That takes the kernel a moment after its sockets are closed.
    func isGone() -> Bool {
        for _ in 0..<100 {
            if hasEnded { return true }
            usleep(10_000)
        }
        return false
    }

    private var hasEnded: Bool {
        guard descriptor.number >= 0 else { return kill(process, 0) != 0 && errno == ESRCH }
        // Also while its parent has not noticed.
        var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) == 1
    }
}
