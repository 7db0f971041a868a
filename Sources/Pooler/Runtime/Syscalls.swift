import CLinux
import Glibc

/// How a non-blocking read or write ended.
enum IOResult: Equatable {
    /// This many bytes moved; a read of 0 bytes does not occur here, it is `endOfFile`.
    case bytes(Int)
    case wouldBlock
    case endOfFile
    case failed(Errno)
}

/// The door to the kernel for sockets: each call once, EINTR retried, "would block" a value, everything else an `Errno`.
enum Syscalls {
    /// recv(2).
    @inline(__always)
    static func receive(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        while true {
            let count = unsafe clinux_recv(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .endOfFile }
            let code = errno
            if code == EINTR { continue }
            return code == EAGAIN ? .wouldBlock : .failed(Errno(code: code))
        }
    }

    /// send(2), without SIGPIPE.
    @inline(__always)
    static func send(_ descriptor: Int32, _ bytes: RawSpan) -> IOResult {
        unsafe bytes.withUnsafeBytes { buffer in
            while true {
                let count = unsafe clinux_send(descriptor, buffer.baseAddress, buffer.count)
                if count >= 0 { return .bytes(count) }
                let code = errno
                if code == EINTR { continue }
                return code == EAGAIN ? .wouldBlock : .failed(Errno(code: code))
            }
        }
    }

    /// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC; nil when nobody waits.
    static func accept(_ descriptor: Int32) throws(Errno) -> (socket: Int32, peer: SocketAddress)? {
        while true {
            let (socket, address) = unsafe SocketAddress.read { storage, length in
                unsafe clinux_accept(descriptor, storage, length)
            }
            if socket >= 0 { return (socket, address) }
            let code = errno
            switch code {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EAGAIN: return nil
            default: throw Errno(code: code)
            }
        }
    }

    /// socket(2): a non-blocking stream.
    static func streamSocket(family: Int32) throws(Errno) -> FileDescriptor {
        let number = clinux_socket(family)
        guard number >= 0 else { throw Errno.last }
        return FileDescriptor(number)
    }

    /// connect(2) on a non-blocking socket: whether it is connected already.
    static func connect(_ descriptor: Int32, to address: SocketAddress) throws(Errno) -> Bool {
        let result = unsafe address.withSockaddr { pointer, length in
            unsafe Glibc.connect(descriptor, pointer, length)
        }
        if result == 0 { return true }
        let code = errno
        // A Unix socket with a full backlog says EAGAIN and will not report later: that is a failure (connect(2)).
        if code == EINPROGRESS || code == EINTR { return false }
        throw Errno(code: code)
    }

    /// What became of a connect(2) that was in progress (SO_ERROR).
    static func connectResult(_ descriptor: Int32) -> Errno? {
        let code = socketOption(descriptor, SOL_SOCKET, SO_ERROR) ?? errno
        return code == 0 ? nil : Errno(code: code)
    }

    /// setsockopt(2) with an integer. Failure is reported, not fatal: some options do not exist everywhere.
    @discardableResult
    static func setSocketOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) -> Bool {
        var value = value
        return unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    /// getsockopt(2) of an integer; nil when the socket does not have it.
    static func socketOption(_ descriptor: Int32, _ level: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, level, name, &value, &length) == 0 else { return nil }
        return value
    }

    /// The process and user at the other end of a Unix socket (SO_PEERCRED).
    static func peerCredentials(_ descriptor: Int32) -> (process: Int32, user: UInt32)? {
        var process: pid_t = 0
        var user: uid_t = 0
        guard unsafe clinux_peer_credentials(descriptor, &process, &user) == 0 else { return nil }
        return (process, user)
    }
}

extension Syscalls {
    /// The account that this process runs under (geteuid(2)).
    static var account: UInt32 { geteuid() }

    /// This machine's name (gethostname(2)).
    static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The name of an account (getpwuid_r(3)); nil when there is none. May block: names can come from a directory service.
    static func accountName(of user: UInt32) -> String? {
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        let size = buffer.count
        let code = unsafe getpwuid_r(user, &entry, &buffer, size, &found)
        guard code == 0, unsafe found != nil, let name = unsafe entry.pw_name else { return nil }
        return unsafe String(validatingCString: name)
    }
}
