import Glibc
import Logging
import PoolerConfig

/// Opens what `listen_addr`, `listen_port` and `unix_socket_dir` name.
struct Listening {
    enum OpenError: Error, CustomStringConvertible {
        case address(String, port: Int, String)
        case nothing
        case noAddress([String])
        case unixSocket
        case group(String)
        case lockFile(String)

        var description: String {
            switch self {
            case .address(let name, let port, let reason): "getaddrinfo('\(name)', '\(port)') = \(reason) (listen_addr)"
            case .nothing: "nowhere to listen on"
            case .noAddress(let names):
                "failed to listen on any address in listen_addr list: \(names.joined(separator: ", "))"
            case .unixSocket: "failed to create unix socket"
            case .group(let name): "could not find group '\(name)' (unix_socket_group)"
            case .lockFile(let path): "unix port is in use: \(path) exists, cannot continue"
            }
        }
    }

    private let settings: Settings
    private let passed: ServiceManagerSockets
    private let addresses: [SocketAddress]
    /// `unix_socket_group`.
    private let group: UInt32?

    /// Looks up the names in the settings, which may take its time.
    ///
    /// - Parameter passed: what a service manager has opened, in place of what the settings name.
    init(_ settings: Settings, passed: ServiceManagerSockets = .none) throws {
        self.settings = settings
        self.passed = passed
        addresses = passed.isEmpty ? try Self.tcpAddresses(settings) : []
        group = passed.isEmpty && !settings.unixSocketDir.isEmpty ? try Self.group(settings.unixSocketGroup) : nil
    }

    /// The Unix socket's path; nil where there is none.
    var unixPath: String? {
        settings.unixSocketDir.isEmpty ? nil : "\(settings.unixSocketDir)/.s.PGSQL.\(settings.listenPort)"
    }

    /// Refuses to start beside a process that has the same Unix socket.
    func checkUnixSocket() throws {
        guard passed.isEmpty, let unixPath else { return }
        if let address = SocketAddress(unixPath: unixPath), Listener.answers(address) {
            throw Listener.OpenError.inUse(unixPath)
        }
        let lock = unixPath + ".lock"
        if !unixPath.hasPrefix("@"), unsafe access(lock, F_OK) == 0 { throw OpenError.lockFile(lock) }
    }

    /// Opens everything. A single TCP address that cannot be bound is a warning, as long as one can.
    ///
    /// - Parameter taken: what another process has opened already; what is not wanted any more is left out. Then every
    ///   address must be had.
    func open(log: Logger, taken: [Listener] = []) throws -> [Listener] {
        guard passed.isEmpty else { return try takePassed(log: log) }
        var listeners: [Listener] = []
        for address in addresses {
            if let listener = taken.first(where: { !$0.isUnix && $0.name == Listener.name(of: address) }) {
                listeners.append(listener)
                log.info("listening on \(listener.name), taken over")
                continue
            }
            do {
                let listener = try Listener.tcp(
                    address, backlog: settings.listenBacklog, reusePort: settings.soReuseport,
                    options: SocketOptions(settings))
                listeners.append(listener)
                log.info("listening on \(listener.name)")
            } catch {
                // Whoever is taken over has an address that must not be lost on the way.
                guard taken.isEmpty else { throw error }
                log.warning("\(error)")
            }
        }
        if !addresses.isEmpty, listeners.isEmpty { throw OpenError.noAddress(settings.listenAddr) }
        if let listener = taken.first(where: isAtUnixPath) {
            listeners.append(listener)
            log.info("listening on unix:\(listener.name), taken over")
        } else if let unixPath {
            listeners.append(try openUnixSocket(unixPath, group, log))
        }
        if listeners.isEmpty { throw OpenError.nothing }
        return listeners
    }

    /// Whether a listener has the file that our path names, whatever it is called there: a slash too many, or a link.
    private func isAtUnixPath(_ listener: Listener) -> Bool {
        guard listener.isUnix, let unixPath else { return false }
        if listener.name == unixPath { return true }
        guard let path = listener.path, let file = FileStamp(unixPath) else { return false }
        return FileStamp(path) == file
    }

    private func openUnixSocket(_ path: String, _ group: UInt32?, _ log: Logger) throws -> Listener {
        do {
            let listener = try Listener.unix(
                path: path, mode: UInt32(clamping: settings.unixSocketMode), group: group,
                backlog: settings.listenBacklog)
            log.info("listening on unix:\(listener.name)")
            return listener
        } catch .inUse(let path) {
            throw Listener.OpenError.inUse(path)
        } catch {
            log.warning("\(error)")
            throw OpenError.unixSocket
        }
    }

    /// The service manager's sockets instead of our own, which is said where the settings ask for some.
    private func takePassed(log: Logger) throws -> [Listener] {
        if settings.listenAddr.contains(where: { !$0.isEmpty }) {
            log.warning("the service manager passed sockets to listen on, ignoring listen_addr")
        }
        if settings.unixSocketDir != Settings().unixSocketDir, !settings.unixSocketDir.isEmpty {
            log.warning("the service manager passed sockets to listen on, no socket is made in unix_socket_dir")
        }
        return try passed.named.map { descriptor, name throws(ServiceManagerError) in
            guard let listener = Listener.inherited(descriptor) else {
                throw .notAListener(descriptor: descriptor)
            }
            log.info("listening on \(listener.isUnix ? "unix:" : "")\(listener.name) from \(name)")
            return listener
        }
    }

    private static func tcpAddresses(_ settings: Settings) throws -> [SocketAddress] {
        var addresses: [SocketAddress] = []
        for name in settings.listenAddr where !name.isEmpty {
            let outcome =
                name == "*"
                ? HostResolver.lookUp(nil, port: settings.listenPort, flags: AI_PASSIVE)
                : HostResolver.lookUp(name, port: settings.listenPort)
            switch outcome {
            case .addresses(let found): addresses += found
            case .failure(let reason): throw OpenError.address(name, port: settings.listenPort, reason)
            }
        }
        return addresses
    }

    /// A group by number or by name.
    private static func group(_ name: String) throws -> UInt32? {
        guard !name.isEmpty else { return nil }
        if let number = UInt32(name) { return number }
        guard let entry = unsafe getgrnam(name) else { throw OpenError.group(name) }
        return unsafe entry.pointee.gr_gid
    }
}
