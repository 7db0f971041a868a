import Glibc
import Synchronization

/// TCP ports that nobody listens on. They lie below the range that the kernel hands out to outgoing connections, so that
/// a thousand clients do not take one between here and its use, and no port is given twice, to whatever test process.
public enum FreePort {
    private static let next = Atomic<Int>(Int(getpid()) * 37)
    /// Hold the claims until the process ends.
    private static let claims = Mutex<[Socket]>([])

    /// One that is this process's until its end.
    public static func take() throws -> Int {
        for _ in 0..<1000 {
            let port = 12_000 + next.wrappingAdd(1, ordering: .relaxed).oldValue % 20_000
            guard let claim = try claim(port) else { continue }
            let socket = try Socket.tcp()
            guard (try? socket.listen(port: port)) != nil else { continue }
            claims.withLock { $0.append(claim) }
            return port
        }
        throw SystemError("no free port")
    }

    /// A name in the abstract namespace of Unix sockets that only one process can hold, and that goes with it.
    private static func claim(_ port: Int) throws -> Socket? {
        let socket = try Socket.unix()
        return (try? socket.claim(abstract: "pgvalet-test-port-\(port)")).map { socket }
    }
}
