import Testing

@testable import Pooler

@Suite struct FrameScannerTests {
    private static func frame(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count + 4)
        return [type] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> UInt32($0)) } + body
    }

    private static func frame(_ type: Character, _ body: [UInt8] = []) -> [UInt8] {
        frame(type.asciiValue ?? 0, body)
    }

    /// Every message of a logged-in client, and what it means.
    private static let clientMessages: [(bytes: [UInt8], meaning: ClientMessage)] = [
        (frame("Q", Array("select 1\0".utf8)), .request(.query)),
        (frame("P", Array("s\0select $1\0\0\0".utf8)), .request(.parse)),
        (frame("B", Array("\0s\0\0\0\0\0\0\0".utf8)), .request(.bind)),
        (frame("D", Array("Ss\0".utf8)), .request(.describeStatement)),
        (frame("D", Array("P\0".utf8)), .request(.describePortal)),
        (frame("D"), .request(.describePortal)),
        (frame("E", Array("\0\0\0\0\0".utf8)), .request(.execute)),
        (frame("C", Array("Ss\0".utf8)), .request(.close)),
        (frame("H"), .flush),
        (frame("S"), .request(.sync)),
        (frame("F", Array("\0\0\0\u{1}\0\0\0\0\0\0".utf8)), .request(.functionCall)),
        (frame("d", Array("1\tDSX\n".utf8)), .copyData),
        (frame("d"), .copyData),
        (frame("c"), .copyEnd),
        (frame("f", Array("no\0".utf8)), .copyEnd),
        (frame("X"), .terminate),
    ]

    /// Every type of message that a server sends.
    private static let serverTypes = "RK23CcdGHWDIEVvnNAtS1sZT"

    @Test func `Every message of a client is recognised under every split`() {
        let stream = Self.clientMessages.flatMap(\.bytes)
        for (split, walk) in FrameWalk.everySplit(of: stream, FrameWalk(isClient: true)) {
            #expect(walk.messages == Self.clientMessages.map(\.meaning), "\(split)")
            #expect(walk.forwarded == stream && walk.isBetweenFrames && walk.end == .open, "\(split)")
        }
    }

    @Test func `Every message of a server passes under every split, the watched ones whole`() {
        let frames = Self.serverTypes.enumerated().map { Self.frame($1, pattern($0 * 3 % 17, from: $0)) }
        let stream = frames.flatMap { $0 }
        let (wholes, discards) = (Set("ZSE".utf8), Set("ND".utf8))
        let watched = frames.filter { wholes.contains($0[0]) }.map { Array($0[5...]) }
        let passed = Array(frames.filter { !discards.contains($0[0]) }.joined())
        let walk = FrameWalk(wholes: wholes, discards: discards)
        for (split, walk) in FrameWalk.everySplit(of: stream, walk) {
            #expect(walk.headers.map(\.type) == Array(Self.serverTypes.utf8), "\(split)")
            #expect(walk.headers.map(\.frameLength) == frames.map(\.count), "\(split)")
            #expect(walk.bodies == watched, "\(split)")
            #expect(walk.forwarded == passed, "\(split)")
            #expect(walk.isBetweenFrames, "\(split)")
        }
    }

    @Test func `A long message passes without being held`() {
        let stream = Self.frame("d", pattern(300_000)) + Self.frame("c")
        var walk = FrameWalk()
        var longest = 0
        for start in stride(from: 0, to: stream.count, by: 65_536) {
            walk.received(stream[start..<min(start + 65_536, stream.count)])
            longest = max(longest, walk.carried.count)
        }
        #expect(walk.forwarded == stream && walk.headers.count == 2 && longest < FrameHeader.size)
    }

    @Test(
        arguments: [
            ([0, 0, 0, 4], 100, true), ([0, 0, 0, 3], 100, false), ([0, 0, 0, 0], 100, false),
            ([0, 0, 0, 99], 100, true), ([0, 0, 0, 100], 100, false), ([0xFF, 0xFF, 0xFF, 0xFF], 1 << 30, false),
            ([0x80, 0, 0, 0], 2_147_483_647, false), ([0x3F, 0xFF, 0xFF, 0xFF], 2_147_483_647, true),
        ] as [([UInt8], Int, Bool)])
    func `A length must be possible and below the limit`(_ length: [UInt8], _ limit: Int, _ isGood: Bool) {
        let bytes = Array("Q".utf8) + length
        let header = bytes.withSpan { FrameScanner.header(in: $0, at: 0, limit: limit) }
        let number = length.reduce(0) { $0 << 8 | Int($1) }
        #expect(
            header == (isGood ? .frame(FrameHeader(type: UInt8(ascii: "Q"), frameLength: number + 1)) : .malformed))
        for count in 0..<5 {
            let short = Array(bytes.prefix(count))
            #expect(short.withSpan { FrameScanner.header(in: $0, at: 0, limit: limit) } == .incomplete)
        }
    }

    @Test func `Of the rest of a frame no more is taken than there is`() {
        var scanner = FrameScanner()
        #expect(scanner.isAtBoundary)
        scanner.frameBegan(remaining: 10, .discard)
        let counts = [scanner.take(upTo: 4), scanner.take(upTo: 0), scanner.take(upTo: 100), scanner.take(upTo: 5)]
        #expect(counts == [4, 0, 6, 0] && scanner.isAtBoundary && scanner.disposition == .discard)
    }

    @Test func `Only the messages of the manual mean something`() {
        let known = Set("QPBDECHSFdcfX".utf8)
        for type in UInt8.min...UInt8.max {
            let isEmpty = "HS".utf8.contains(type)
            let body = isEmpty ? [] : [UInt8(ascii: "S"), 0]
            let message = Self.frame(type, body).withSpan { span in
                ClientMessage(FrameHeader(type: type, frameLength: 5 + body.count), at: 0, in: span)
            }
            #expect((message == .unknown) == !known.contains(type), "\(type)")
            guard isEmpty else { continue }
            let wrong = Self.frame(type, [0]).withSpan { span in
                ClientMessage(FrameHeader(type: type, frameLength: 6), at: 0, in: span)
            }
            #expect(wrong == .unknown)
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `Random bytes end the walk or pass, and never trap`(_ seed: UInt64) {
        let stream = Self.clientMessages.flatMap(\.bytes)
        for bytes in damaged(stream, seed: seed, mutations: 60) {
            var whole = FrameWalk(isClient: true, limit: 1000)
            whole.received(bytes[...])
            var pieces = FrameWalk(isClient: true, limit: 1000)
            for index in bytes.indices { pieces.received(bytes[index...index]) }
            #expect(whole.headers == pieces.headers && whole.end == pieces.end && whole.forwarded == pieces.forwarded)
        }
    }
}
