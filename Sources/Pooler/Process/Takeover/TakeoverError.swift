/// Why one process could not take over from another.
enum TakeoverError: Error, Equatable, CustomStringConvertible {
    /// There is no Unix socket in the configuration by which to find the running process.
    case noUnixSocket
    /// What came is not what this version writes.
    case malformed(String)
    /// The other process speaks another version of the hand-over.
    case version(UInt32)
    /// The other process said no, or gave up.
    case refused(String)
    case otherAccount
    /// The other process is gone.
    case closed
    /// The other process has given up, and keeps everything.
    case goesOn
    case timeout
    /// This process has been told to stop.
    case stopped(ProcessSignal)
    case socket(Errno)
    /// Not all descriptors came through, for want of room in this process.
    case descriptorsMissing

    var description: String {
        switch self {
        case .noUnixSocket: "unix_socket_dir is empty, and the running process is found by its Unix socket"
        case .malformed(let what): "what the other process sends cannot be read: \(what)"
        case .version(let version):
            "the other process speaks version \(version) of the hand-over, this one version \(TakeoverOffer.version)"
        case .refused(let reason): "the other process says: \(reason)"
        case .otherAccount: "the process at the Unix socket runs under another account"
        case .closed: "the other process has closed the connection"
        case .goesOn: "the other process has given up and goes on (suspend_timeout)"
        case .timeout: "the other process did not answer in time"
        case .stopped(let signal): "got \(signal.name)"
        case .socket(let error): "\(error)"
        case .descriptorsMissing: "not all descriptors came through, see the limit of open files"
        }
    }
}
