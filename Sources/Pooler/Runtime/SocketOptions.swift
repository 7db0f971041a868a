import CLinux
import Glibc
import PoolerConfig

/// The `tcp_*` settings, as options of a socket (tcp(7), socket(7)). Zero leaves the system's default.
struct SocketOptions {
    private let settings: Settings

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// For a connected or connecting socket.
    func apply(to descriptor: Int32, isUnix: Bool) {
        if settings.tcpSocketBuffer > 0 {
            let size = Int32(clamping: settings.tcpSocketBuffer)
            Syscalls.setSocketOption(descriptor, SOL_SOCKET, SO_SNDBUF, size)
            Syscalls.setSocketOption(descriptor, SOL_SOCKET, SO_RCVBUF, size)
        }
        guard !isUnix else { return }
        let tcp = Int32(IPPROTO_TCP)
        // A query is one small send that must not wait for the acknowledgement of the one before.
        Syscalls.setSocketOption(descriptor, tcp, TCP_NODELAY, 1)
        if settings.tcpKeepalive {
            Syscalls.setSocketOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
            set(descriptor, TCP_KEEPIDLE, settings.tcpKeepidle)
            set(descriptor, TCP_KEEPINTVL, settings.tcpKeepintvl)
            set(descriptor, TCP_KEEPCNT, settings.tcpKeepcnt)
        }
        set(descriptor, TCP_USER_TIMEOUT, settings.tcpUserTimeout)
    }

    /// For a listener: clients that say nothing are not accepted at once.
    func applyToListener(_ descriptor: Int32) {
        if settings.tcpDeferAccept { Syscalls.setSocketOption(descriptor, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, 1) }
    }

    private func set(_ descriptor: Int32, _ option: Int32, _ value: Int) {
        if value > 0 { Syscalls.setSocketOption(descriptor, Int32(IPPROTO_TCP), option, Int32(clamping: value)) }
    }
}
