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

    /// For a socket that we connect, or that may have nothing from its listener.
    func apply(to descriptor: Int32, isUnix: Bool) {
        applyToAccepted(descriptor)
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

    /// For a socket that was accepted, which has all else from its listener.
    func applyToAccepted(_ descriptor: Int32) {
        guard bufferSize > 0 else { return }
        // Once given, a size cannot be taken back, so a listener that lives on under other settings must not have it.
        let size = Int32(clamping: bufferSize)
        Syscalls.setSocketOption(descriptor, SOL_SOCKET, SO_SNDBUF, size)
        Syscalls.setSocketOption(descriptor, SOL_SOCKET, SO_RCVBUF, size)
    }

    /// For a listener on TCP, whatever it has now: Linux gives them to each socket that it accepts, which spares every login
    /// the calls.
    func handOn(by listener: Int32) {
        let tcp = Int32(IPPROTO_TCP)
        Syscalls.setSocketOption(listener, tcp, TCP_NODELAY, 1)
        Syscalls.setSocketOption(listener, SOL_SOCKET, SO_KEEPALIVE, keepsAlive ? 1 : 0)
        for (option, value) in [
            (TCP_KEEPIDLE, keepsAlive ? keepIdle : 0), (TCP_KEEPINTVL, keepsAlive ? keepInterval : 0),
            (TCP_KEEPCNT, keepsAlive ? keepCount : 0), (TCP_USER_TIMEOUT, userTimeout),
        ] {
            if value > 0, Syscalls.setSocketOption(listener, tcp, option, Int32(clamping: value)) { continue }
            // What earlier settings gave it is taken back.
            if let usual = Self.systemDefault(option) { Syscalls.setSocketOption(listener, tcp, option, usual) }
        }
    }

    /// For a listener: clients that say nothing are not accepted at once.
    func applyToListener(_ descriptor: Int32) {
        if defersAccept { Syscalls.setSocketOption(descriptor, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, 1) }
    }

    /// What a new socket has.
    private static func systemDefault(_ option: Int32) -> Int32? {
        guard let socket = try? Syscalls.streamSocket(family: AF_INET) else { return nil }
        return Syscalls.socketOption(socket.number, Int32(IPPROTO_TCP), option)
    }

    private func set(_ descriptor: Int32, _ option: Int32, _ value: Int) {
        if value > 0 { Syscalls.setSocketOption(descriptor, Int32(IPPROTO_TCP), option, Int32(clamping: value)) }
    }
}
