import PoolerConfig

/// Why the process cannot start: logged as FATAL, exit code 1. The texts are PgBouncer's.
enum StartError: Error, Equatable, CustomStringConvertible {
    /// `-d` without `pidfile`.
    case daemonNeedsPidFile
    case runsAsRoot(ProgramName)
    case unknownUser(String)
    case cannotAssumeUser(String, Errno)
    case pidFileExists(path: String)
    case cannotReadPidFile(path: String, Errno)
    case cannotWritePidFile(path: String, Errno)
    case cannotDaemonize(call: String, Errno)
    case cannotReadResolvConf(FileError)
    case cannotStartThread(Errno)

    /// `-R`, when the sockets are the service manager's to give.
    case rebootUnderServiceManager

    var description: String {
        switch self {
        case .daemonNeedsPidFile: "daemon needs pidfile configured"
        case .runsAsRoot(let program): "\(program.productName) should not run as root"
        case .unknownUser(let name): "could not find user '\(name)' to switch to"
        case .cannotAssumeUser(let name, let reason): "failed to assume identity of user '\(name)': \(reason)"
        case .pidFileExists(let path): "pidfile '\(path)' exists, another instance running?"
        case .cannotReadPidFile(let path, let reason): "could not read pidfile '\(path)': \(reason)"
        case .cannotWritePidFile(let path, let reason): "could not open pidfile '\(path)': \(reason)"
        case .cannotDaemonize(let call, let reason): "failed to become a daemon: \(call): \(reason)"
        case .cannotReadResolvConf(let error): "resolv_conf: cannot read \(error)"
        case .cannotStartThread(let reason): "cannot start a worker thread: \(reason)"
        case .rebootUnderServiceManager: "cannot reboot under service manager"
        }
    }
}
