import CLinux
import Glibc
import PoolerConfig
import Logging
import Testing

@testable import Pooler

/// What the kernel says of a socket after the settings were applied to it.
@Suite struct SocketOptionsTests {
    private static func option(_ settings: [String: String], _ level: Int32, _ name: Int32) throws -> Int32? {
        let descriptor = try Syscalls.streamSocket(family: AF_INET)
        SocketOptions(try parsed(settings)).apply(to: descriptor.number, isUnix: false)
        return Syscalls.socketOption(descriptor.number, level, name)
    }

    private static func parsed(_ values: [String: String]) throws -> Settings {
        var configuration = Configuration()
        for (key, value) in values { try configuration.set(key, to: value) }
        return configuration.settings
    }

    @Test func `Keepalive is on with the system's figures, unless the settings say otherwise`() throws {
        #expect(try Self.option([:], SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(try Self.option(["tcp_keepalive": "0"], SOL_SOCKET, SO_KEEPALIVE) == 0)
        let tcp = Int32(IPPROTO_TCP)
        for (name, option) in [
            ("tcp_keepidle", TCP_KEEPIDLE), ("tcp_keepintvl", TCP_KEEPINTVL), ("tcp_keepcnt", TCP_KEEPCNT),
        ] {
            #expect(try Self.option([name: "17"], tcp, option) == 17, "\(name)")
            #expect(try Self.option([:], tcp, option) != 17)
            #expect(try Self.option([name: "17", "tcp_keepalive": "0"], tcp, option) != 17)
        }
    }

    @Test func `tcp_user_timeout and tcp_socket_buffer reach the kernel`() throws {
        let tcp = Int32(IPPROTO_TCP)
        #expect(try Self.option(["tcp_user_timeout": "12345"], tcp, TCP_USER_TIMEOUT) == 12345)
        #expect(try Self.option([:], tcp, TCP_USER_TIMEOUT) == 0)
        // The kernel doubles it for its own needs (socket(7)).
        for option in [SO_SNDBUF, SO_RCVBUF] {
            #expect(try Self.option(["tcp_socket_buffer": "20000"], SOL_SOCKET, option) == 40000)
            #expect(try Self.option([:], SOL_SOCKET, option) != 40000)
        }
    }

    private static func listener(_ settings: Settings, port: Int = 0, backlog: Int = 10, reusePort: Bool = false) throws
        -> Listener
    {
        guard case .addresses(let addresses) = HostResolver.lookUp("127.0.0.1", port: port),
            let address = addresses.first
        else { throw StartError.unknownUser("127.0.0.1") }
        return try Listener.tcp(address, backlog: backlog, reusePort: reusePort, options: SocketOptions(settings))
    }

    /// An accepted socket's options; `names` are of tcp(7).
    private static func accepted(by listener: Listener, _ names: [Int32]) throws -> [Int32?] {
        let client = try Syscalls.streamSocket(family: AF_INET)
        _ = try Syscalls.connect(client.number, to: SocketAddress.local(of: listener.descriptor.number))
        // Those who say nothing are not accepted at once.
        var event = pollfd(fd: client.number, events: Int16(POLLOUT), revents: 0)
        #expect(unsafe poll(&event, 1, 10_000) == 1)
        #expect(unsafe Glibc.send(client.number, "x", 1, 0) == 1)
        event = pollfd(fd: listener.descriptor.number, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&event, 1, 10_000) == 1)
        let socket = FileDescriptor(try #require(try Syscalls.accept(listener.descriptor.number)).socket)
        let keepalive = Syscalls.socketOption(socket.number, SOL_SOCKET, SO_KEEPALIVE)
        return [keepalive] + names.map { Syscalls.socketOption(socket.number, Int32(IPPROTO_TCP), $0) }
    }

    @Test func `Accepted sockets have the options of their listener, as it has them by then`() throws {
        let names = [TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT]
        let listener = try Self.listener(Settings())
        let usual = try Self.accepted(by: listener, names)
        #expect(usual[0] == 1 && usual[1] == 1 && usual[5] == 0 && !usual.contains(17))
        let given = [
            "tcp_keepidle": "17", "tcp_keepintvl": "17", "tcp_keepcnt": "17", "tcp_user_timeout": "17",
        ]
        listener.handOn(SocketOptions(try Self.parsed(given)))
        #expect(try Self.accepted(by: listener, names) == [1, 1, 17, 17, 17, 17])
        // What the kernel takes for no such time leaves nothing of the one before.
        listener.handOn(SocketOptions(try Self.parsed(["tcp_keepidle": "40000"])))
        #expect(try Self.accepted(by: listener, names) == usual)
        listener.handOn(SocketOptions(try Self.parsed(given.merging(["tcp_keepalive": "0"]) { $1 })))
        #expect(try Self.accepted(by: listener, names) == [0, 1, usual[2], usual[3], usual[4], 17])
    }

    @Test(arguments: [0, 1]) func `tcp_defer_accept has listeners wait for a client's first byte`(value: Int) throws {
        let listener = try Self.listener(try Self.parsed(["tcp_defer_accept": "\(value)"]))
        let option = Syscalls.socketOption(listener.descriptor.number, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT)
        #expect((option ?? 0 > 0) == (value == 1))
    }

    @Test(arguments: [5, 77]) func `listen_backlog is the length of the kernel's queue`(length: Int) throws {
        let listener = try Self.listener(Settings(), backlog: length)
        var facts = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        #expect(unsafe getsockopt(listener.descriptor.number, Int32(IPPROTO_TCP), TCP_INFO, &facts, &size) == 0)
        // Of a listener this is its backlog (tcp_get_info in the kernel).
        #expect(facts.tcpi_sacked == UInt32(length))
    }

    @Test func `so_reuseport lets several processes listen on one port`() throws {
        let first = try Self.listener(Settings(), reusePort: true)
        let port = SocketAddress.local(of: first.descriptor.number).port
        _ = try Self.listener(Settings(), port: port, reusePort: true)
        #expect(throws: Listener.OpenError.self) { try Self.listener(Settings(), port: port) }
        let alone = try Self.listener(Settings())
        let taken = SocketAddress.local(of: alone.descriptor.number).port
        #expect(throws: Listener.OpenError.self) { try Self.listener(Settings(), port: taken, reusePort: true) }
    }

    @Test func `The settings reach the listeners that are opened`() throws {
        var configuration = Configuration()
        configuration.settings.listenAddr = ["127.0.0.1"]
        configuration.settings.listenPort = 0
        configuration.settings.unixSocketDir = ""
        configuration.settings.listenBacklog = 33
        configuration.settings.soReuseport = true
        let listeners = try Listening(configuration.settings).open(log: .process)
        let listener = try #require(listeners.first)
        let number = listener.descriptor.number
        #expect(Syscalls.socketOption(number, SOL_SOCKET, SO_REUSEPORT) == 1)
        var facts = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        #expect(unsafe getsockopt(number, Int32(IPPROTO_TCP), TCP_INFO, &facts, &size) == 0)
        #expect(facts.tcpi_sacked == 33)
    }

    @Test(arguments: [(5, 5), (0, Int.max), (1, 1)]) func `sbuf_loopcnt bounds the rounds of a turn`(
        given: Int, rounds: Int
    ) {
        var configuration = Configuration()
        configuration.settings.sbufLoopcnt = given
        #expect(ConfigurationSnapshot(configuration).roundsPerTurn == rounds)
    }
}
