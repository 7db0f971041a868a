import Glibc

/// A service manager's ear: receives what a service says with sd_notify(3).
public final class NotifySocket: Sendable {
    /// What to give the service as `NOTIFY_SOCKET`.
    public let address: String
    private let socket: Socket
    private let home: TemporaryDirectory

    /// Listens on a path, or in the abstract namespace.
    public init(isAbstract: Bool) throws {
        home = try TemporaryDirectory("notify")
        let path = home.file("notify")
        address = isAbstract ? "@" + path : path
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        socket = Socket(try checked("socket") { Glibc.socket(AF_UNIX, kind, 0) })
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = isAbstract ? [0] + Array(path.utf8) : Array(path.utf8)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        try unsafe withUnsafePointer(to: &name) { pointer in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = try checked("bind \(path)") { unsafe bind(socket.descriptor, pointer, length) }
            }
        }
        if !isAbstract { try Account.give(path) }
    }

    /// The next message, its lines by name.
    public func receive(within limit: Duration = patience) throws -> [String: String] {
        let text = String(decoding: try socket.receive(4096, within: limit), as: UTF8.self)
        let pairs = text.split(separator: "\n").map { line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (parts.first ?? "", parts.count > 1 ? parts[1] : "")
        }
        return Dictionary(pairs) { $1 }
    }
}
