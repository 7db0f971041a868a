import Glibc
import Synchronization

/// TCP ports that nobody listens on. They lie below the range that the kernel hands out to outgoing connections, so that
/// a thousand clients do not take one between here and its use, and no port is given twice in one process.
enum FreePort {
    private static let next = Atomic<Int>(Int(getpid()) * 37)

    static func take() throws -> Int {
        for _ in 0..<1000 {
            let port = 12_000 + next.wrappingAdd(1, ordering: .relaxed).oldValue % 20_000
            let socket = try Socket.tcp()
            if (try? socket.listen(port: port)) != nil { return port }
        }
        throw SystemError("no free port")
    }
}
