import CLinux
import Glibc

/// Goes on in the background: a grandchild in a session of its own without a terminal, standard streams on /dev/null
/// (daemon(7)). The caller's process ends here with exit code 0, before the listeners are open, as PgBouncer's does.
///
/// Must run before the first thread starts, so before anything of Dispatch: a fork takes only the calling thread along.
///
/// - Parameter keepsStandardError: for one that no terminal is behind.
func daemonize(keepsStandardError: Bool = false) throws(StartError) {
    precondition(threadCount <= 1, "daemonize after a thread was started")
    let null = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    if null < 0 { throw .cannotDaemonize(call: "open /dev/null", .last) }
    try continueInChild()
    if setsid() < 0 { throw .cannotDaemonize(call: "setsid", .last) }
    // The second child is no session leader, so it can never get a terminal again.
    try continueInChild()
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where stream != STDERR_FILENO || !keepsStandardError {
        if dup2(null, stream) < 0 { throw .cannotDaemonize(call: "dup2", .last) }
    }
    if null > STDERR_FILENO { close(null) }
}

private func continueInChild() throws(StartError) {
    let child = clinux_fork()
    if child < 0 { throw .cannotDaemonize(call: "fork", .last) }
    if child > 0 { _exit(0) }
}

/// How many threads run, by the number of directories under /proc/self/task; 0 if there is no /proc.
private var threadCount: Int {
    var task = stat()
    guard unsafe stat("/proc/self/task", &task) == 0 else { return 0 }
    return Int(task.st_nlink) - 2
}
