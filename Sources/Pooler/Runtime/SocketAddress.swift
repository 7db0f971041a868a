import CLinux
import Glibc

/// One end of a socket: an IPv4 or IPv6 address with its port, or the path of a Unix socket.
@safe
struct SocketAddress: Sendable {
    private var storage: sockaddr_storage
    private var length: socklen_t

    /// Copies an address that the system gave out (getaddrinfo(3)).
    init(copying pointer: UnsafePointer<sockaddr>, length: socklen_t) {
        var storage = sockaddr_storage()
        let count = min(Int(length), MemoryLayout<sockaddr_storage>.size)
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: count))
        }
        self.storage = storage
        self.length = socklen_t(count)
    }

    /// A Unix socket's path; a leading `@` means the abstract namespace (unix(7)). Nil when the path is too long.
    init?(unixPath path: String) {
        var bytes = Array(path.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 } else { bytes.append(0) }
        let offset = MemoryLayout<sa_family_t>.size
        guard bytes.count <= MemoryLayout<sockaddr_un>.size - offset else { return nil }
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            for (index, byte) in bytes.enumerated() { unsafe target[offset + index] = byte }
        }
        self.storage = storage
        self.length = socklen_t(offset + bytes.count)
    }

    private init(storage: sockaddr_storage, length: socklen_t) {
        self.storage = storage
        self.length = length
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
        return (result, SocketAddress(storage: storage, length: length).unmapped)
    }

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
        unsafe withUnsafePointer(to: storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// An IPv4 address as such where the kernel shows it as an IPv6 one, `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2), which it does
    /// on a socket for both families: rules for IPv4 must find it.
    private var unmapped: SocketAddress {
        guard family == AF_INET6 else { return self }
        var inner = sockaddr_in()
        let isMapped = unsafe withUnsafeBytes(of: storage) { source in
            let bytes = unsafe source.loadUnaligned(as: sockaddr_in6.self)
            inner.sin_port = bytes.sin6_port
            return unsafe withUnsafeBytes(of: bytes.sin6_addr) { address in
                unsafe withUnsafeMutableBytes(of: &inner.sin_addr) { unsafe $0.copyBytes(from: address[12..<16]) }
                return unsafe address[0..<10].allSatisfy { $0 == 0 } && address[10] == 0xff && address[11] == 0xff
            }
        }
        guard isMapped else { return self }
        inner.sin_family = sa_family_t(AF_INET)
        return unsafe withUnsafePointer(to: inner) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe SocketAddress(copying: $0, length: socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// The path of a Unix socket, with a leading `@` in the abstract namespace; nil when it has none.
    var unixPath: String? {
        let offset = MemoryLayout<sa_family_t>.size
        guard isUnix, Int(length) > offset, Int(length) <= MemoryLayout<sockaddr_un>.size else { return nil }
        return unsafe withUnsafeBytes(of: storage) { bytes in
            let name = unsafe bytes[offset..<Int(length)]
            if unsafe name.first == 0 { return unsafe "@" + String(decoding: name.dropFirst(), as: UTF8.self) }
            return unsafe String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The same address with another port.
    func at(port: Int) -> SocketAddress {
        guard family == AF_INET || family == AF_INET6 else { return self }
        var copy = self
        // Both families have it behind the family.
        unsafe withUnsafeMutableBytes(of: &copy.storage) { bytes in
            unsafe bytes.storeBytes(of: UInt16(clamping: port).bigEndian, toByteOffset: 2, as: UInt16.self)
        }
        return copy
    }

    /// AF_INET, AF_INET6 or AF_UNIX.
    var family: Int32 { Int32(storage.ss_family) }

    var isUnix: Bool { family == AF_UNIX }

    /// The numeric address, or `unix`.
    var host: String { numeric().host }

    /// The port; 0 for a Unix socket.
    var port: Int { numeric().port }

    /// getnameinfo(3) without any look-up.
    private func numeric() -> (host: String, port: Int) {
        guard family == AF_INET || family == AF_INET6 else { return ("unix", 0) }
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: 32)
        let result = unsafe withSockaddr { pointer, length in
            unsafe getnameinfo(
                pointer, length, &host, socklen_t(host.count), &service, socklen_t(service.count),
                NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard result == 0 else { return ("unknown", 0) }
        return (Self.text(host), Int(Self.text(service)) ?? 0)
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
