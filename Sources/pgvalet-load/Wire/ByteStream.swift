import CLinux
import Glibc

/// A blocking socket, and on its own thread: simple, and cheap for the one who makes the load.
@safe final class ByteStream {
    /// Nothing that is waited for comes later than this.
    private static let patience = timeval(tv_sec: 60, tv_usec: 0)

    private let descriptor: Int32
    private var tls: TLSSession?
    private var buffer = [UInt8](repeating: 0, count: 16 * 1024)

    /// Takes over a connected socket.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var patience = Self.patience
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        // Fails on a Unix socket, which needs none.
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Connects to an address, or to the Unix socket in a directory.
    convenience init(host: String, port: Int) throws {
        let descriptor =
            host.hasPrefix("/")
            ? try Self.connectUnix("\(host)/.s.PGSQL.\(port)") : try Self.connectTCP(host, UInt16(port))
        self.init(descriptor)
    }

    deinit {
        tls = nil
        close(descriptor)
    }

    /// Goes on over TLS.
    func startTLS(_ context: TLSClientContext, resuming session: OpaquePointer?) throws {
        tls = try unsafe TLSSession(context, on: descriptor, resuming: session)
    }

    /// The TLS session, if there is TLS.
    var session: TLSSession? { tls }

    /// Sends all of it.
    func send(_ bytes: [UInt8]) throws {
        if let tls { return try tls.send(bytes) }
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe clinux_send(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw LoadError("send: \(reason())") }
            sent += count
        }
    }

    /// What has come, at least one byte; empty at the end.
    func receive() throws -> ArraySlice<UInt8> {
        let count =
            if let tls {
                try tls.receive(into: &buffer)
            } else {
                unsafe buffer.withUnsafeMutableBytes { unsafe clinux_recv(descriptor, $0.baseAddress, $0.count) }
            }
        guard count >= 0 else { throw LoadError("receive: \(reason())") }
        return buffer[..<count]
    }

    private static func connectTCP(_ host: String, _ port: UInt16) throws -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw LoadError("--host \(host): neither an IPv4 address nor a directory")
        }
        return try unsafe connect(AF_INET, &address, MemoryLayout<sockaddr_in>.size)
    }

    private static func connectUnix(_ path: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw LoadError("--host: the path is too long for a Unix socket")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return try unsafe connect(AF_UNIX, &address, MemoryLayout<sockaddr_un>.size)
    }

    @unsafe private static func connect<Address>(
        _ family: Int32, _ address: UnsafePointer<Address>, _ size: Int
    ) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw LoadError("socket: \(reason())") }
        let result = unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe Glibc.connect(descriptor, $0, socklen_t(size))
        }
        guard result == 0 else {
            defer { close(descriptor) }
            throw LoadError("connect: \(reason())")
        }
        return descriptor
    }
}

/// What errno says.
func reason() -> String { unsafe String(cString: strerror(errno)) }
