import Glibc

/// Socket activation (sd_listen_fds(3)): descriptors that a service manager has opened for us, from number 3 on.
struct ServiceManagerSockets: Equatable, Sendable {
    /// The descriptors, each with its name from `LISTEN_FDNAMES`: normally that of its unit, `pgvalet.socket`.
    let named: [(descriptor: Int32, name: String)]

    /// All that the protocol puts into the environment.
    static let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]

    /// Nothing was passed.
    static let none = ServiceManagerSockets(named: [])

    /// The first descriptor that is passed (SD_LISTEN_FDS_START).
    private static let first: Int32 = 3

    /// More than any unit has; a number beyond is a mistake.
    private static let limit: Int32 = 4096

    var isEmpty: Bool { named.isEmpty }

    private init(named: [(descriptor: Int32, name: String)]) {
        self.named = named
    }

    /// Reads the variables; they count only if `LISTEN_PID` is `process`, as a child inherits those of its parent.
    init(environment: (String) -> String?, process: pid_t) throws(ServiceManagerError) {
        guard let target = environment("LISTEN_PID"), pid_t(target) == process, let text = environment("LISTEN_FDS")
        else {
            self = .none
            return
        }
        guard let count = Int32(text), (0...Self.limit).contains(count) else { throw .descriptorCount(text) }
        let names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        // Names that do not go with the descriptors one by one could name the wrong ones.
        let areUsable = names.count == count
        named = (0..<count).map { index in
            let name = areUsable && !names[Int(index)].isEmpty ? String(names[Int(index)]) : "unknown"
            return (Self.first + index, name)
        }
    }

    /// No program that we start gets them.
    func closeOnExec() {
        for (descriptor, _) in named { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.named.elementsEqual(right.named, by: ==)
    }
}
