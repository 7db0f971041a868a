import CLinux
import Glibc
import PoolerConfig

/// The `tcp_*` settings, as options of a socket (tcp(7), socket(7)). Zero leaves the system's default.
struct SocketOptions: Sendable {
    private let bufferSize: Int
    private let keepsAlive: Bool
    private let keepIdle: Int
    private let keepInterval: Int
    private let keepCount: Int
    private let userTimeout: Int
    private let defersAccept: Bool

    init(_ settings: Settings) {
        bufferSize = settings.tcpSocketBuffer
        keepsAlive = settings.tcpKeepalive
        keepIdle = settings.tcpKeepidle
        keepInterval = settings.tcpKeepintvl
        keepCount = settings.tcpKeepcnt
        userTimeout = settings.tcpUserTimeout
        defersAccept = settings.tcpDeferAccept
    }

    /// For a connected or connecting socket.
    func apply(to descriptor: Int32, isUnix: Bool) {
        if bufferSize > 0 {
            let size = Int32(clamping: bufferSize)
            Syscalls.setSocketOption(descriptor, SOL_SOCKET, SO_SNDBUF, size)
            Syscalls.setSocketOption(descriptor, SOL_SOCKET, SO_RCVBUF, size)
        }
        guard !isUnix else { return }
        let tcp = Int32(IPPROTO_TCP)
        // A query is one small send that must not wait for the acknowledgement of the one before.
        Syscalls.setSocketOption(descriptor, tcp, TCP_NODELAY, 1)
        if keepsAlive {
            Syscalls.setSocketOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
            set(descriptor, TCP_KEEPIDLE, keepIdle)
            set(descriptor, TCP_KEEPINTVL, keepInterval)
            set(descriptor, TCP_KEEPCNT, keepCount)
        }
        set(descriptor, TCP_USER_TIMEOUT, userTimeout)
    }

    /// For a listener: clients that say nothing are not accepted at once.
    func applyToListener(_ descriptor: Int32) {
        if defersAccept { Syscalls.setSocketOption(descriptor, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, 1) }
    }

    private func set(_ descriptor: Int32, _ option: Int32, _ value: Int) {
        if value > 0 { Syscalls.setSocketOption(descriptor, Int32(IPPROTO_TCP), option, Int32(clamping: value)) }
    }
}
