import Glibc
import Testing

@testable import Pooler

/// The socket between two processes, and what comes over it.
@Suite struct TakeoverChannelTests {
    private static func pair() throws -> (TakeoverChannel, TakeoverChannel) {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        return (TakeoverChannel(FileDescriptor(ends[0])), TakeoverChannel(FileDescriptor(ends[1])))
    }

    private static func soon() -> Instant { .now() + .seconds(20) }

    /// What a descriptor refers to.
    private static func identity(_ number: Int32) -> [UInt64] {
        var status = stat()
        return unsafe fstat(number, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : []
    }

    @Test(arguments: [(0, 0), (1, 1), (10, 3), (300_000, 0), (300_000, 199), (50, 450)])
    func `bytes and descriptors arrive in order`(byteCount: Int, descriptorCount: Int) throws {
        let (here, there) = try Self.pair()
        let sockets = try (0..<descriptorCount).map { _ in try Syscalls.streamSocket(family: AF_UNIX).release() }
        defer { sockets.forEach { close($0) } }
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0) }
        try ThreadStart.run { try? here.send(bytes, sockets, until: Self.soon()) }
        let (received, descriptors) = try there.receive(byteCount, until: Self.soon())
        defer { descriptors.forEach { close($0) } }
        #expect(received == bytes)
        #expect(descriptors.map(Self.identity) == sockets.map(Self.identity))
    }

    @Test func `frames say what they are`() throws {
        let (here, there) = try Self.pair()
        try here.send(.ready, [1, 2, 3], until: Self.soon())
        #expect(try there.expect(.ready, until: Self.soon()) == [1, 2, 3])
        try here.send(.abort, Array("no".utf8), until: Self.soon())
        #expect(throws: TakeoverError.refused("no")) { try there.expect(.go, until: Self.soon()) }
        try here.send(ErrorMessage(.error, "0A000", "never").bytes, until: Self.soon())
        #expect(throws: TakeoverError.refused("never")) { try there.expect(.go, until: Self.soon()) }
        try here.send(.cancel, until: Self.soon())
        #expect(throws: TakeoverError.malformed("a frame of type 67")) { try there.expect(.go, until: Self.soon()) }
        try here.send([UInt8(ascii: "T"), 255, 0, 0, 0], until: Self.soon())
        #expect(throws: TakeoverError.self) { try there.receiveFrame(until: Self.soon()) }
    }

    @Test func `the last word counts when it was said, and cannot be said too late`() throws {
        let (here, there) = try Self.pair()
        try here.send(.taken, until: Self.soon())
        try there.expectLastWord(.taken, until: Self.soon())
        // Said, and not read in time.
        try here.send(.taken, until: Self.soon())
        try there.expectLastWord(.taken, until: .now() + .seconds(-1))
        let (late, waiting) = try Self.pair()
        #expect(throws: TakeoverError.timeout) { try waiting.expectLastWord(.taken, until: .now() + .milliseconds(5)) }
        #expect(throws: TakeoverError.closed) { try late.send(.taken, until: Self.soon()) }
        // In the other direction there is still something to say.
        try waiting.send(.abort, Array("late".utf8), until: Self.soon())
        #expect(throws: TakeoverError.refused("late")) { try late.expect(.go, until: Self.soon()) }
        let (gone, other) = try Self.pair()
        shutdown(gone.descriptor.number, Int32(SHUT_RDWR))
        #expect(throws: TakeoverError.closed) { try other.expectLastWord(.taken, until: Self.soon()) }
    }

    @Test func `nobody waits for ever, or for whoever is gone`() throws {
        let (here, there) = try Self.pair()
        #expect(throws: TakeoverError.timeout) { try here.receive(1, until: .now() + .milliseconds(20)) }
        let flood = [UInt8](repeating: 0, count: 4 << 20)
        #expect(throws: TakeoverError.timeout) { try here.send(flood, until: .now() + .milliseconds(20)) }
        shutdown(there.descriptor.number, Int32(SHUT_RDWR))
        #expect(throws: TakeoverError.closed) { try here.send(.go, until: Self.soon()) }
        #expect(throws: TakeoverError.closed) { try here.receive(1, until: Self.soon()) }
    }
}
