import Glibc
import Testing

@testable import Pooler

@Suite struct SocketAddressTests {
    /// An address as getaddrinfo(3) gives it for a numeric host.
    private static func numeric(_ host: String, _ port: String) -> SocketAddress? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, port, &hints, &list) == 0, let first = unsafe list else { return nil }
        defer { unsafe freeaddrinfo(list) }
        return unsafe SocketAddress(copying: first.pointee.ai_addr, length: first.pointee.ai_addrlen)
    }

    /// The bytes that the kernel would get.
    private static func bytes(_ address: SocketAddress) -> [UInt8] {
        unsafe address.withSockaddr { pointer, length in
            unsafe Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
    }

    @Test(
        arguments: [
            ("127.0.0.1", "6432", AF_INET), ("255.255.255.255", "65535", AF_INET), ("::1", "5432", AF_INET6),
            ("2001:db8::dead:beef", "1", AF_INET6),
        ])
    func `A network address tells its host and port`(_ host: String, _ port: String, _ family: Int32) throws {
        let address = try #require(Self.numeric(host, port))
        #expect(address.host == host && address.port == Int(port) && address.family == family && !address.isUnix)
    }

    @Test func `A path is a Unix address with its terminator`() throws {
        let path = "/tmp/.s.PGSQL.6432"
        let address = try #require(SocketAddress(unixPath: path))
        #expect(address.isUnix && address.host == "unix" && address.port == 0)
        #expect(Array(Self.bytes(address).dropFirst(2)) == Array(path.utf8) + [0])
    }

    @Test func `An at sign stands for the abstract namespace`() throws {
        let address = try #require(SocketAddress(unixPath: "@valet"))
        #expect(Array(Self.bytes(address).dropFirst(2)) == [0] + Array("valet".utf8))
    }

    @Test func `A path may fill sun_path, and not more`() {
        let limit = 108
        #expect(SocketAddress(unixPath: "/" + String(repeating: "a", count: limit - 2)) != nil)
        #expect(SocketAddress(unixPath: "/" + String(repeating: "a", count: limit - 1)) == nil)
        #expect(SocketAddress(unixPath: "@" + String(repeating: "a", count: limit - 1)) != nil)
        #expect(SocketAddress(unixPath: "@" + String(repeating: "a", count: limit)) == nil)
        #expect(SocketAddress(unixPath: String(repeating: "é", count: 54)) == nil)
    }

    @Test func `A Unix socket without a name is one, and has no path`() throws {
        let address = try #require(SocketAddress(unixPath: ""))
        #expect(address == .unnamedUnix && address.isUnix && address.host == "unix" && address.unixPath == nil)
        #expect(Self.bytes(address).count == 2 && SocketAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: ["127.0.0.1", "::1", "fe80::1"])
    func `An address comes out of its bytes as it went in`(_ host: String) throws {
        let address = try #require(Self.numeric(host, "6432"))
        #expect(SocketAddress(bytes: address.bytes) == address)
        #expect(address.at(port: 1).port == 1 && address.at(port: 1).host == host)
    }

    @Test func `An address takes eight bytes`() {
        #expect(MemoryLayout<SocketAddress>.size == 8)
    }

    @Test func `A descriptor that is no socket has no address`() {
        let address = SocketAddress.local(of: -1)
        #expect(!address.isUnix && address.port == 0)
    }
}
