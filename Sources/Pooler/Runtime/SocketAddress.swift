import CLinux
import Glibc
import PoolerConfig

/// One end of a socket. Eight bytes, because every client has one for as long as it is there: what does not fit is boxed.
enum SocketAddress: Sendable, Hashable {
    /// TCP over IPv4.
    case tcpV4(UInt32, port: UInt16)
    /// TCP over IPv6. `scope` is the number of the interface that a link-local address belongs to, or 0.
    indirect case tcpV6(UInt128, port: UInt16, scope: UInt32)
    /// A Unix socket without a name, as at the client's end.
    case unnamedUnix
    /// A Unix socket: its path, with a leading `@` in the abstract namespace (unix(7)); not empty.
    indirect case unix(String)
    /// Anything else.
    case other

    /// A Unix socket's path. Nil when the path is too long.
    init?(unixPath path: String) {
        let isAbstract = path.hasPrefix("@")
        guard path.utf8.count + (isAbstract ? 0 : 1) <= MemoryLayout<sockaddr_un>.size - Self.pathOffset else {
            return nil
        }
        self = path.isEmpty ? .unnamedUnix : .unix(path)
    }

    /// Copies an address that the system gave out (getaddrinfo(3)).
    init(copying pointer: UnsafePointer<sockaddr>, length: socklen_t) {
        let (_, address) = unsafe Self.read { target, count in
            let size = unsafe min(length, count.pointee)
            unsafe UnsafeMutableRawPointer(target).copyMemory(from: pointer, byteCount: Int(size))
            unsafe count.pointee = size
        }
        self = address
    }

    /// The address as the kernel has it.
    var bytes: [UInt8] {
        unsafe withSockaddr { unsafe Array(UnsafeRawBufferPointer(start: $0, count: Int($1))) }
    }

    /// From such bytes; nil when they are none.
    init?(bytes: [UInt8]) {
        let sizes = MemoryLayout<sa_family_t>.size...MemoryLayout<sockaddr_storage>.size
        guard sizes.contains(bytes.count) else { return nil }
        var storage = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        storage.replaceSubrange(..<bytes.count, with: bytes)
        self = unsafe storage.withUnsafeBytes { unsafe SocketAddress($0, length: bytes.count) }
        if case .other = self { return nil }
    }

    /// Runs a call that fills in an address.
    static func read<Result>(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> (Result, SocketAddress) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe call($0, &length) }
        }
        return (result, unsafe withUnsafeBytes(of: storage) { unsafe SocketAddress($0, length: Int(length)) })
    }

    /// An IPv4 address that the kernel shows as an IPv6 one, as it does on a socket for both families, becomes itself:
    /// rules for IPv4 must find it.
    private init(_ bytes: UnsafeRawBufferPointer, length: Int) {
        switch Int32(unsafe bytes.loadUnaligned(as: sockaddr_storage.self).ss_family) {
        case AF_INET:
            let address = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
            self = .tcpV4(UInt32(bigEndian: address.sin_addr.s_addr), port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            let address = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
            let bits = unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe $0.loadUnaligned(as: UInt128.self) }
            let port = UInt16(bigEndian: address.sin6_port)
            self =
                switch IPAddress(mappedV6: UInt128(bigEndian: bits)) {
                case .v4(let bits): .tcpV4(bits, port: port)
                case .v6(let bits): .tcpV6(bits, port: port, scope: address.sin6_scope_id)
                }
        case AF_UNIX:
            let path = unsafe bytes[min(Self.pathOffset, length)..<min(length, MemoryLayout<sockaddr_un>.size)]
            if unsafe path.first == 0 {
                self = unsafe .unix("@" + String(decoding: path.dropFirst(), as: UTF8.self))
            } else {
                let path = unsafe String(decoding: path.prefix { $0 != 0 }, as: UTF8.self)
                self = path.isEmpty ? .unnamedUnix : .unix(path)
            }
        default:
            self = .other
        }
    }

    /// Where a Unix socket's path begins in its sockaddr_un.
    private static let pathOffset = MemoryLayout<sa_family_t>.size

    /// Our own end of a connected socket (getsockname(2)).
    static func local(of descriptor: Int32) -> SocketAddress {
        unsafe read { unsafe getsockname(descriptor, $0, $1) }.1
    }

    /// The other end of a connected socket (getpeername(2)).
    static func peer(of descriptor: Int32) -> SocketAddress {
        unsafe read { unsafe getpeername(descriptor, $0, $1) }.1
    }

    /// Lends the address to a system call.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        let length = unsafe withUnsafeMutableBytes(of: &storage) { unsafe write(to: $0) }
        return unsafe withUnsafePointer(to: storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(length)) }
        }
    }

    /// Returns how many bytes there are.
    private func write(to target: UnsafeMutableRawBufferPointer) -> Int {
        switch self {
        case .tcpV4(let bits, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = bits.bigEndian
            unsafe target.storeBytes(of: address, as: sockaddr_in.self)
            return MemoryLayout<sockaddr_in>.size
        case .tcpV6(let bits, let port, let scope):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) {
                unsafe $0.storeBytes(of: bits.bigEndian, as: UInt128.self)
            }
            unsafe target.storeBytes(of: address, as: sockaddr_in6.self)
            return MemoryLayout<sockaddr_in6>.size
        case .unix(let path):
            unsafe target.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
            // The abstract namespace begins with a zero byte; other paths end with one.
            var bytes = Array(path.utf8)
            if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 } else { bytes.append(0) }
            for (index, byte) in bytes.enumerated() { unsafe target[Self.pathOffset + index] = byte }
            return Self.pathOffset + bytes.count
        case .unnamedUnix:
            unsafe target.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
            return Self.pathOffset
        case .other:
            return Self.pathOffset
        }
    }

    /// The IP address, if it is one of TCP.
    var ipAddress: IPAddress? {
        switch self {
        case .tcpV4(let bits, _): .v4(bits)
        case .tcpV6(let bits, _, _): .v6(bits)
        case .unnamedUnix, .unix, .other: nil
        }
    }

    /// The path of a Unix socket; nil when it has none.
    var unixPath: String? {
        if case .unix(let path) = self { path } else { nil }
    }

    /// The same address with another port.
    func at(port: Int) -> SocketAddress {
        let port = UInt16(clamping: port)
        return switch self {
        case .tcpV4(let bits, _): .tcpV4(bits, port: port)
        case .tcpV6(let bits, _, let scope): .tcpV6(bits, port: port, scope: scope)
        case .unnamedUnix, .unix, .other: self
        }
    }

    /// AF_INET, AF_INET6 or AF_UNIX.
    var family: Int32 {
        switch self {
        case .tcpV4: AF_INET
        case .tcpV6: AF_INET6
        case .unnamedUnix, .unix: AF_UNIX
        case .other: AF_UNSPEC
        }
    }

    var isUnix: Bool {
        switch self {
        case .unnamedUnix, .unix: true
        case .tcpV4, .tcpV6, .other: false
        }
    }

    /// The numeric address, or `unix`.
    var host: String {
        guard ipAddress != nil else { return "unix" }
        // With the zone of a link-local address, and without any look-up: getnameinfo(3).
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = unsafe withSockaddr { pointer, length in
            unsafe getnameinfo(pointer, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
        }
        guard result == 0 else { return "unknown" }
        return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The port; 0 for a Unix socket.
    var port: Int {
        switch self {
        case .tcpV4(_, let port), .tcpV6(_, let port, _): Int(port)
        case .unnamedUnix, .unix, .other: 0
        }
    }
}
