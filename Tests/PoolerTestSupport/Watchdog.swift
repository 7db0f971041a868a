import Glibc
import Synchronization

/// Ends what a test process started when that process ends, in whatever way it does, even by SIGKILL: a shell that
/// waits at the other end of a pipe, which only we hold open.
final class Watchdog: Sendable {
    static let shared = Watchdog()

    private let orders: Mutex<Int32>

    /// Collects orders, one on a line, and carries them out at the end of its input.
    private static let script = """
        pids=; paths=
        while read -r order subject; do
            case $order in
                kill) pids="$pids $subject" ;;
                spare) pids=$(printf '%s' "$pids " | sed "s/ $subject / /") ;;
                remove) paths="$paths $subject" ;;
            esac
        done
        [ -z "$pids" ] || kill -QUIT $pids
        [ -z "$pids" ] || sleep 0.2
        rm -rf $paths
        """

    private init() {
        var ends: [Int32] = [0, 0]
        // A socket pair, since a pipe cannot be made close-on-exec in one step from here.
        guard unsafe socketpair(AF_UNIX, Socket.stream, 0, &ends) == 0 else { fatalError("socketpair: \(errno)") }
        guard (try? spawn(["/bin/sh", "-c", Self.script], input: ends[0], output: nil)) != nil else {
            fatalError("cannot start /bin/sh")
        }
        close(ends[0])
        orders = Mutex(ends[1])
    }

    /// Quits the process at the end.
    func kill(_ pid: pid_t) { order("kill \(pid)") }

    /// The process is gone; its number may be another's soon.
    func spare(_ pid: pid_t) { order("spare \(pid)") }

    /// Removes the file or directory at the end.
    func remove(_ path: String) { order("remove \(path)") }

    private func order(_ line: String) {
        orders.withLock { try? writeAll($0, Array("\(line)\n".utf8)) }
    }
}
