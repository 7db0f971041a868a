import Glibc
import Logging
import PoolerConfig
import Testing

@testable import Pooler

@Suite struct ServiceManagerTests {
    @Test(
        "Messages are what sd_notify(3) defines",
        arguments: [
            (ServiceManagerMessage.ready(mainProcess: nil), "READY=1"),
            (.ready(mainProcess: 4711), "READY=1\nMAINPID=4711"),
            (.reloading(Instant(nanoseconds: 1_234_567_899)), "RELOADING=1\nMONOTONIC_USEC=1234567"),
            (.stopping, "STOPPING=1"),
            (.status("stats: 1 xacts/s, 2 queries/s"), "STATUS=stats: 1 xacts/s, 2 queries/s"),
            (.status("one\nMAINPID=1"), "STATUS=one MAINPID=1"),
        ])
    func messages(message: ServiceManagerMessage, text: String) {
        #expect(message.text == text)
    }

    @Test(
        "Descriptors and their names are read from LISTEN_FDS and LISTEN_FDNAMES",
        arguments: [
            (["LISTEN_PID": "77", "LISTEN_FDS": "1"], ["unknown"]),
            (["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "tcp:unix"], ["tcp", "unix"]),
            (["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "tcp:"], ["tcp", "unknown"]),
            (["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "tcp"], ["unknown", "unknown"]),
            (["LISTEN_PID": "77", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a:b"], ["unknown"]),
            (["LISTEN_PID": "77", "LISTEN_FDS": "0"], []),
            (["LISTEN_PID": "78", "LISTEN_FDS": "1"], []),
            (["LISTEN_PID": "78", "LISTEN_FDS": "many"], []),
            (["LISTEN_PID": "", "LISTEN_FDS": "1"], []),
            (["LISTEN_PID": "77"], []),
            (["LISTEN_FDS": "1"], []),
            ([:], []),
        ] as [([String: String], [String])])
    func sockets(environment: [String: String], names: [String]) throws {
        let sockets = try ServiceManagerSockets(environment: { environment[$0] }, process: 77)
        #expect(sockets.named.map(\.name) == names)
        #expect(sockets.named.map(\.descriptor) == (0..<Int32(names.count)).map { 3 + $0 })
        #expect(sockets.isEmpty == names.isEmpty)
    }

    @Test(
        "A LISTEN_FDS that is no sensible number is an error",
        arguments: ["-1", "x", "", "1 ", "99999", "2147483647", "99999999999999999999"])
    func badCount(count: String) {
        let environment = ["LISTEN_PID": "77", "LISTEN_FDS": count]
        #expect(throws: ServiceManagerError.descriptorCount(count)) {
            try ServiceManagerSockets(environment: { environment[$0] }, process: 77)
        }
    }

    @Test("Only a listening stream socket is taken over, and it keeps its file")
    func inheritedListener() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("socket")
        let opened = try Listener.unix(path: path, mode: 0o700, group: nil, backlog: 4)
        let listener = try #require(Listener.inherited(dup(opened.descriptor.number)))
        #expect(listener.name == path)
        #expect(listener.isUnix)
        listener.removeFile()
        #expect(unsafe access(path, F_OK) == 0)
        opened.removeFile()

        let idle = try Syscalls.streamSocket(family: AF_INET)
        #expect(Listener.inherited(idle.number) == nil)
        let null = FileDescriptor(unsafe open("/dev/null", O_RDONLY))
        #expect(Listener.inherited(null.number) == nil)
        #expect(Listener.inherited(-1) == nil)
    }

    @Test("An IPv4 client of a socket for both families is known by its IPv4 address")
    func mappedAddress() throws {
        let listener = FileDescriptor(socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0))
        Syscalls.setSocketOption(listener.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0)
        guard listen(listener.number, 4) == 0 else { return }
        let port = SocketAddress.local(of: listener.number).port
        guard case .addresses(let targets) = HostResolver.lookUp("127.0.0.1", port: port) else {
            Issue.record("127.0.0.1 has no address")
            return
        }
        let client = FileDescriptor(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        #expect(try Syscalls.connect(client.number, to: #require(targets.first)))
        let (accepted, peer) = try #require(try Syscalls.accept(listener.number))
        let server = FileDescriptor(accepted)
        #expect(peer.family == AF_INET)
        #expect(peer.host == "127.0.0.1")
        #expect(peer.port == SocketAddress.local(of: client.number).port)
        #expect(SocketAddress.local(of: server.number).host == "127.0.0.1")
        #expect(SocketAddress.local(of: server.number).port == port)
    }

    @Test("Unix paths are read back as they were given", arguments: ["/run/pgvalet/.s.PGSQL.6432", "@pgvalet/notify"])
    func unixPath(path: String) {
        #expect(SocketAddress(unixPath: path)?.unixPath == path)
    }
}
