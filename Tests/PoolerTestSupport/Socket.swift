import Glibc

/// A blocking TCP or Unix socket whose every wait has an end. Closed with its owner.
final class Socket: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// SOCK_STREAM, and closed in children.
    static let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    static func tcp() throws -> Socket { Socket(try checked("socket") { socket(AF_INET, stream, 0) }) }

    static func unix() throws -> Socket { Socket(try checked("socket") { socket(AF_UNIX, stream, 0) }) }

    /// Listens on 127.0.0.1; port 0 lets the kernel choose.
    func listen(port: Int) throws {
        var on: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        try unsafe withLoopback(port) { address, length in
            try checked("bind") { unsafe Glibc.bind(descriptor, address, length) }
        }
        try checked("listen") { Glibc.listen(descriptor, 128) }
    }

    /// Is 127.0.0.`number` to those that it connects to.
    func claim(loopback number: UInt8) throws {
        try unsafe withLoopback(0, number) { address, length in
            try checked("bind") { unsafe Glibc.bind(descriptor, address, length) }
        }
    }

    /// Connects to 127.0.0.1.
    func connect(port: Int) throws {
        try unsafe withLoopback(port) { address, length in
            try checked("connect") { unsafe Glibc.connect(descriptor, address, length) }
        }
    }

    /// Takes a name in the abstract namespace of Unix sockets.
    func claim(abstract name: String) throws {
        try unsafe withAddress(ofPath: "\0" + name) { address in
            // Its length counts here: no zero byte ends an abstract name.
            let length = MemoryLayout<sa_family_t>.size + 1 + name.utf8.count
            try checked("bind \(name)") { unsafe Glibc.bind(descriptor, address, socklen_t(length)) }
        }
    }

    /// Connects to a Unix socket.
    func connect(path: String) throws {
        try unsafe withAddress(ofPath: path) { address in
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            try checked("connect \(path)") { unsafe Glibc.connect(descriptor, address, length) }
        }
    }

    private func withAddress(ofPath path: String, _ body: (UnsafePointer<sockaddr>) throws -> Void) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else { throw SystemError("the socket path is too long: \(path)") }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        try unsafe withUnsafePointer(to: &address) { pointer in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try unsafe body($0) }
        }
    }

    /// The next connection.
    func accept(within limit: Duration) throws -> Socket {
        guard try wait(for: POLLIN, until: Deadline(limit)) else {
            throw SystemError("nobody connected within \(limit)")
        }
        return Socket(try checked("accept") { Glibc.accept(descriptor, nil, nil) })
    }

    /// Waits for poll(2) events; false when the time is over.
    func wait(for events: Int32, until deadline: Deadline) throws -> Bool {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            if try checked("poll", { unsafe poll(&entry, 1, deadline.milliseconds) }) > 0 { return true }
            if deadline.isOver { return false }
        }
    }

    /// Sends all of it; the peer must take it in time.
    func send(_ bytes: [UInt8], within limit: Duration = patience) throws {
        let deadline = Deadline(limit)
        var rest = bytes[...]
        while !rest.isEmpty {
            guard try wait(for: POLLOUT, until: deadline) else {
                throw SystemError("the peer took nothing within \(limit)")
            }
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0 && errno != EAGAIN { throw SystemError("send") }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    /// Receives up to `count` bytes; empty at the end of the stream, also when the peer reset it.
    func receive(_ count: Int, within limit: Duration) throws -> [UInt8] {
        guard try wait(for: POLLIN, until: Deadline(limit)) else {
            throw SystemError("nothing arrived within \(limit)")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        let received = unsafe recv(descriptor, &bytes, count, 0)
        if received < 0 && errno == ECONNRESET { return [] }
        try checked("recv") { received }
        return Array(bytes.prefix(received))
    }

    /// No FIN but a reset: what a process that dies with unread data leaves.
    func reset() {
        // Dissolving the association resets it, connect(2); the descriptor stays ours until the owner goes.
        var nobody = sockaddr(sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        unsafe Glibc.connect(descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
    }

    func finishSending() { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    func shutdown() { Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// A small receive buffer, so that a slow reader is felt soon. Before connect.
    func setReceiveBuffer(_ bytes: Int32) {
        var bytes = bytes
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    private func withLoopback(
        _ port: Int, _ number: UInt8 = 1, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = (0x7f00_0000 | UInt32(number)).bigEndian
        try unsafe withUnsafePointer(to: &address) { pointer in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
