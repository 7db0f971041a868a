import Glibc
import Logging
import PoolerConfig

/// Opens what `listen_addr`, `listen_port` and `unix_socket_dir` name.
struct Listening {
    enum OpenError: Error, CustomStringConvertible {
        case address(String, String)
        case nothing
        case group(String)
        case lockFile(String)

        var description: String {
            switch self {
            case .address(let name, let reason): "cannot resolve listen_addr \(name): \(reason)"
            case .nothing: "cannot listen on any socket"
            case .group(let name): "could not find unix_socket_group '\(name)'"
            case .lockFile(let path): "\(path) exists, cannot continue"
            }
        }
    }

    private let settings: Settings

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// The Unix socket's path; nil where there is none.
    private var unixPath: String? {
        settings.unixSocketDir.isEmpty ? nil : "\(settings.unixSocketDir)/.s.PGSQL.\(settings.listenPort)"
    }

    /// Refuses to start beside a process that has the same Unix socket.
    func checkUnixSocket() throws {
        guard let unixPath else { return }
        if let address = SocketAddress(unixPath: unixPath), Listener.answers(address) {
            throw Listener.OpenError.inUse(unixPath)
        }
        let lock = unixPath + ".lock"
        if !unixPath.hasPrefix("@"), unsafe access(lock, F_OK) == 0 { throw OpenError.lockFile(lock) }
    }

    /// Opens everything. A single TCP address that cannot be bound is a warning, as long as one can.
    func open(log: Logger) throws -> [Listener] {
        var listeners: [Listener] = []
        let addresses = try tcpAddresses()
        for address in addresses {
            do {
                let listener = try Listener.tcp(
                    address, backlog: settings.listenBacklog, reusePort: settings.soReuseport,
                    options: SocketOptions(settings))
                listeners.append(listener)
                log.info("listening on \(listener.name)")
            } catch {
                log.warning("\(error)")
            }
        }
        if !addresses.isEmpty, listeners.isEmpty { throw OpenError.nothing }
        if let unixPath {
            let listener = try Listener.unix(
                path: unixPath, mode: UInt32(clamping: settings.unixSocketMode), group: try group(),
                backlog: settings.listenBacklog)
            listeners.append(listener)
            log.info("listening on unix:\(listener.name)")
        }
        if listeners.isEmpty { throw OpenError.nothing }
        return listeners
    }

    private func tcpAddresses() throws -> [SocketAddress] {
        var addresses: [SocketAddress] = []
        for name in settings.listenAddr where !name.isEmpty {
            let outcome =
                name == "*"
                ? HostResolver.lookUp(nil, port: settings.listenPort, flags: AI_PASSIVE)
                : HostResolver.lookUp(name, port: settings.listenPort)
            switch outcome {
            case .addresses(let found): addresses += found
            case .failure(let reason): throw OpenError.address(name, reason)
            }
        }
        return addresses
    }

    /// A group by number or by name.
    private func group() throws -> UInt32? {
        let name = settings.unixSocketGroup
        guard !name.isEmpty else { return nil }
        if let number = UInt32(name) { return number }
        guard let entry = unsafe getgrnam(name) else { throw OpenError.group(name) }
        return unsafe entry.pointee.gr_gid
    }
}
