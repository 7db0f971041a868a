import CLinux
import Glibc

/// A socket that clients connect to. Every worker watches it; the descriptor is shared, and closed by the last one to let go.
final class Listener: Sendable {
    enum OpenError: Error, CustomStringConvertible {
        case socket(String, Errno)
        case path(String)
        case inUse(String)

        var description: String {
            switch self {
            case .socket(let name, let error): "cannot listen on \(name): bind(): \(error)"
            case .path(let path): "the socket path \(path) is too long"
            case .inUse: "unix socket is in use, cannot continue"
            }
        }
    }

    let descriptor: FileDescriptor
    /// `127.0.0.1:6432`, or the path.
    let name: String
    let isUnix: Bool
    /// The file to remove in the end; nil for TCP and the abstract namespace.
    let path: String?
    /// Another program had it listen before we could give it options: clients may wait there whose sockets have none.
    let isForeign: Bool

    private init(
        _ descriptor: consuming FileDescriptor, name: String, isUnix: Bool, path: String?, isForeign: Bool = false
    ) {
        self.descriptor = descriptor
        self.name = name
        self.isUnix = isUnix
        self.path = path
        self.isForeign = isForeign
    }

    /// Listens on a TCP address. An IPv6 listener takes IPv6 only, so that `*` can have both.
    static func tcp(_ address: SocketAddress, backlog: Int, reusePort: Bool, options: SocketOptions)
        throws(OpenError) -> Listener
    {
        let name = Self.name(of: address)
        do throws(Errno) {
            let descriptor = try Syscalls.streamSocket(family: address.family)
            Syscalls.setSocketOption(descriptor.number, SOL_SOCKET, SO_REUSEADDR, 1)
            if reusePort { Syscalls.setSocketOption(descriptor.number, SOL_SOCKET, SO_REUSEPORT, 1) }
            if address.family == AF_INET6 {
                Syscalls.setSocketOption(descriptor.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
            }
            options.applyToListener(descriptor.number)
            options.handOn(by: descriptor.number)
            try Syscalls.listen(descriptor.number, at: address, backlog: backlog)
            return Listener(descriptor, name: name, isUnix: false, path: nil)
        } catch {
            throw .socket(name, error)
        }
    }

    /// Listens on a Unix socket. A file of a process that is gone is replaced; one that answers is in use.
    static func unix(path: String, mode: UInt32, group: UInt32?, backlog: Int) throws(OpenError) -> Listener {
        guard let address = SocketAddress(unixPath: path) else { throw .path(path) }
        let isAbstract = path.hasPrefix("@")
        if answers(address) { throw .inUse(path) }
        do throws(Errno) {
            let descriptor = try Syscalls.streamSocket(family: AF_UNIX)
            if !isAbstract { unsafe unlink(path) }
            try Syscalls.listen(descriptor.number, at: address, backlog: backlog)
            if !isAbstract {
                guard unsafe chmod(path, mode) == 0 else { throw Errno.last }
                if let group, unsafe chown(path, uid_t.max, group) != 0 { throw Errno.last }
            }
            return Listener(descriptor, name: path, isUnix: true, path: isAbstract ? nil : path)
        } catch {
            throw .socket("unix:" + path, error)
        }
    }

    /// Takes a socket over that another program has opened, bound and set up; its file, if it has one, stays that
    /// program's, unless it is named.
    ///
    /// - Parameter isForeign: false where that program is one of us.
    /// - Returns: nil when it is no listening stream socket of a family that we serve.
    static func inherited(_ number: Int32, path: String? = nil, isForeign: Bool = true) -> Listener? {
        let address = SocketAddress.local(of: number)
        guard Syscalls.socketOption(number, SOL_SOCKET, SO_ACCEPTCONN) == 1,
            Syscalls.socketOption(number, SOL_SOCKET, SO_TYPE) == Int32(SOCK_STREAM.rawValue),
            [AF_INET, AF_INET6, AF_UNIX].contains(address.family), clinux_set_nonblocking(number) == 0
        else { return nil }
        let name = address.isUnix ? address.unixPath ?? "unnamed" : Self.name(of: address)
        return Listener(FileDescriptor(number), name: name, isUnix: address.isUnix, path: path, isForeign: isForeign)
    }

    /// Whether somebody accepts connections there.
    static func answers(_ address: SocketAddress) -> Bool {
        guard let probe = try? Syscalls.streamSocket(family: address.family) else { return false }
        return (try? Syscalls.connect(probe.number, to: address)) != nil
    }

    /// What a listener on an address is called.
    static func name(of address: SocketAddress) -> String {
        address.family == AF_INET6 ? "[\(address.host)]:\(address.port)" : "\(address.host):\(address.port)"
    }

    /// Has the sockets that it accepts from now on begin with these options.
    func handOn(_ options: SocketOptions) {
        if !isUnix { options.handOn(by: descriptor.number) }
    }

    /// Removes the socket's file, at the end of the process.
    func removeFile() {
        if let path { unsafe unlink(path) }
    }
}

extension Syscalls {
    /// bind(2) and listen(2).
    fileprivate static func listen(_ descriptor: Int32, at address: SocketAddress, backlog: Int) throws(Errno) {
        let isBound = unsafe address.withSockaddr { unsafe bind(descriptor, $0, $1) } == 0
        guard isBound, Glibc.listen(descriptor, Int32(clamping: backlog)) == 0 else { throw Errno.last }
    }
}
