import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct StartupPacketTests {
    private static func read(_ bytes: [UInt8]) -> Result<StartupPacket, StartupPacket.Malformation> {
        bytes.withSpan { span in
            do throws(StartupPacket.Malformation) {
                return .success(try StartupPacket(span))
            } catch {
                return .failure(error)
            }
        }
    }

    private static func message(_ bytes: [UInt8]) -> StartupMessage? {
        if case .success(.startup(let message)) = read(bytes) { message } else { nil }
    }

    @Test func `A StartupMessage gives its parameters in their order`() throws {
        let message = try #require(Self.message(startupPacket([("user", "bob"), ("database", ""), ("x", "ü")])))
        #expect(message.minorVersion == 0)
        #expect(message.parameters.map(\.name) == ["user", "database", "x"])
        #expect(message.value(of: "user") == "bob" && message.value(of: "database") == "")
        #expect(message.value(of: "x") == "ü" && message.value(of: "X") == nil)
    }

    @Test func `Without parameters it is legal, and of a parameter given twice the last value counts`() throws {
        #expect(try #require(Self.message(startupPacket([]))).parameters.isEmpty)
        let twice = try #require(Self.message(startupPacket([("user", "a"), ("user", "b")])))
        #expect(twice.value(of: "user") == "b" && twice.parameters.count == 2)
    }

    @Test(arguments: [(0x0003_0000, 0), (0x0003_0002, 2), (0x0003_FFFF, 65535)] as [(Int32, UInt16)])
    func `Any minor version of protocol 3 is read`(_ version: Int32, _ minor: UInt16) {
        #expect(Self.message(startupPacket([("user", "a")], version: version))?.minorVersion == minor)
    }

    @Test func `The other packets are told apart by their codes`() {
        #expect(Self.read(untyped(RequestCode.ssl)) == .success(.sslRequest))
        #expect(Self.read(untyped(RequestCode.gss)) == .success(.gssEncryptionRequest))
        let key = CancelKey(process: 0xFFFF_FFFF, secret: 7)
        #expect(
            Self.read(untyped(RequestCode.cancel, [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 7]))
                == .success(.cancelRequest(key)))
        #expect(Self.read(key.request) == .success(.cancelRequest(key)))
    }

    @Test(
        arguments: [
            ([], .badHeader), ([0, 0, 0, 4], .badHeader), ([0, 0, 0, 7, 0, 3, 0], .badHeader),
            (untyped(RequestCode.ssl, [0]), .badHeader), (untyped(RequestCode.gss, [0]), .badHeader),
            (untyped(RequestCode.cancel), .badCancelRequest),
            (untyped(RequestCode.cancel, [0, 0, 0, 1]), .badCancelRequest),
            (untyped(RequestCode.cancel, pattern(9)), .badCancelRequest),
            (untyped(RequestCode.cancel, pattern(36)), .badCancelRequest),
            (untyped(0x0002_0000, pattern(288)), .oldProtocol), (untyped(0x0001_0000), .badHeader),
            (untyped(0x0004_0000), .badHeader), (untyped(0), .badHeader), (untyped(-1), .badHeader),
            (untyped(80_877_101), .badHeader),
            (untyped(0x0003_0000), .missingTerminator), (untyped(0x0003_0000, Array("user".utf8)), .missingTerminator),
            (untyped(0x0003_0000, Array("user\0".utf8)), .missingTerminator),
            (untyped(0x0003_0000, Array("user\0bob".utf8)), .missingTerminator),
            (untyped(0x0003_0000, Array("user\0bob\0".utf8)), .missingTerminator),
            (untyped(0x0003_0000, Array("user\0bob\0\0x".utf8)), .missingTerminator),
            (untyped(0x0003_0000, Array("\0\0".utf8)), .missingTerminator),
        ] as [([UInt8], StartupPacket.Malformation)])
    func `A broken packet is refused for what it is`(_ bytes: [UInt8], _ malformation: StartupPacket.Malformation) {
        #expect(Self.read(bytes) == .failure(malformation))
    }

    @Test func `A packet as long as the limit allows is read`() {
        let value = String(repeating: "v", count: StartupPacket.lengthLimit - 16)
        #expect(Self.message(startupPacket([("user", value)]))?.value(of: "user") == value)
        let many = (0..<3000).map { _ in ("a", "b") }
        #expect(Self.message(startupPacket(many))?.parameters.count == 3000)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `Damaged packets never trap`(_ seed: UInt64) {
        let originals = [
            startupPacket([("user", "bob"), ("options", "-c a=b"), ("_pq_.x", "1")]), untyped(RequestCode.ssl),
            untyped(RequestCode.cancel, pattern(8)),
        ]
        for bytes in originals.flatMap({ damaged($0, seed: seed) }) {
            // Whatever is read says nothing that was not in the packet.
            if let message = Self.message(bytes) {
                let size = message.parameters.reduce(9) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 }
                #expect(size <= bytes.count * 3)
            }
        }
    }

    @Test(arguments: [1, 255, 256, 0x1234, 65535]) func `Among peers a cancel key names its process`(peer: Int) throws {
        var generator = SystemRandomNumberGenerator()
        let key = CancelKey.random(peer: peer, using: &generator)
        #expect(key.peer == peer && key.process < 0x8000_0000 && key.arrived == key)
        let hops = sequence(first: key) { $0.forwarded }
        #expect(hops.map { $0.secret & 3 } == [3, 2, 1, 0])
        #expect(hops.allSatisfy { $0.peer == peer && $0.arrived == key })
    }

    @Test func `A cancel key is different each time, and its process number never negative`() {
        // More than one fetch of each worker's stock.
        var stocks = [RandomStock(), RandomStock()]
        let keys = (0..<400).map { CancelKey.random(using: &stocks[$0 % 2]) }
        #expect(Set(keys).count == keys.count)
        #expect(keys.allSatisfy { $0.process < 0x8000_0000 })
        #expect(keys.contains { $0.secret > 0x7FFF_FFFF } && keys.contains { $0.process > 0xFFFF })
    }
}
