import CLinux
import Glibc
import Logging

/// The service manager that started us (systemd), spoken to by its documented protocols and without its library:
/// sd_notify(3) to say how we are, sd_listen_fds(3) for the sockets that it opened for us.
struct ServiceManager: Sendable {
    /// `NOTIFY_SOCKET`, where messages go: a path, or `@` and an abstract name; nil when nobody wants to hear them.
    private let notifySocket: String?

    /// The sockets to listen on in place of those that the configuration names.
    let sockets: ServiceManagerSockets

    /// A service manager that is slower than this misses a message, so that it cannot hold the console up.
    private static let patience = timeval(tv_sec: 5, tv_usec: 0)

    /// Nobody: we were started by hand.
    static let absent = ServiceManager(notifySocket: nil, sockets: .none)

    private init(notifySocket: String?, sockets: ServiceManagerSockets) {
        self.notifySocket = notifySocket
        self.sockets = sockets
    }

    /// - Parameters:
    ///   - environment: looks a variable up.
    ///   - process: our own process number, which `LISTEN_PID` must name.
    init(environment: (String) -> String?, process: pid_t) throws(ServiceManagerError) {
        sockets = try ServiceManagerSockets(environment: environment, process: process)
        notifySocket = environment("NOTIFY_SOCKET")
    }

    /// What the process's environment says. The variables are taken out of it: they are meant for nobody else.
    ///
    /// Must run before the first thread starts, and before a descriptor is opened.
    static func inherited() throws(ServiceManagerError) -> ServiceManager {
        let environment = { (name: String) in unsafe getenv(name).map { unsafe String(cString: $0) } }
        let manager = try ServiceManager(environment: environment, process: getpid())
        for name in ["NOTIFY_SOCKET"] + ServiceManagerSockets.variables { unsafe unsetenv(name) }
        manager.sockets.closeOnExec()
        return manager
    }

    /// Sends one message. Failure is a warning: whoever waits for us will say so too.
    func notify(_ message: ServiceManagerMessage, log: Logger) {
        guard let notifySocket else { return }
        guard notifySocket.hasPrefix("/") || notifySocket.hasPrefix("@"),
            let address = SocketAddress(unixPath: notifySocket)
        else {
            log.warning("cannot notify the service manager: NOTIFY_SOCKET is not a Unix socket: '\(notifySocket)'")
            return
        }
        do throws(Errno) {
            try send(message.text, to: address)
        } catch {
            log.warning("cannot notify the service manager: \(error)")
        }
    }

    private func send(_ text: String, to address: SocketAddress) throws(Errno) {
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw .last }
        let descriptor = FileDescriptor(number)
        var patience = Self.patience
        unsafe setsockopt(
            descriptor.number, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let bytes = Array(text.utf8)
        while true {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe address.withSockaddr { target, length in
                    unsafe sendto(
                        descriptor.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), target, length)
                }
            }
            if count >= 0 { return }
            let error = Errno.last
            if error.code != EINTR { throw error }
        }
    }
}

/// What the service manager handed us and we cannot use: logged as FATAL, exit code 1.
enum ServiceManagerError: Error, Equatable, CustomStringConvertible {
    case descriptorCount(String)
    /// Not a stream socket of a family that we know, or nobody listens on it.
    case notAListener(descriptor: Int32)

    var description: String {
        switch self {
        case .descriptorCount(let value): "LISTEN_FDS must be a number of descriptors, not '\(value)'"
        case .notAListener(let descriptor):
            "descriptor \(descriptor) from the service manager is not a listening stream socket (TCP or Unix)"
        }
    }
}
