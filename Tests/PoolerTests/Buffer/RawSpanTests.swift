import Testing

@testable import Pooler

@Suite struct RawSpanTests {
    @Test func `Numbers are read big-endian at any offset`() {
        let bytes: [UInt8] = [0xFF, 0x01, 0x02, 0x03, 0x04, 0x80]
        bytes.withSpan { span in
            #expect(span.uint8(at: 0) == 0xFF)
            #expect(span.uint16(at: 1) == 0x0102)
            #expect(span.uint32(at: 1) == 0x0102_0304)
            #expect(span.uint32(at: 2) == 0x0203_0480)
            #expect(span.slice(1..<3).array() == [1, 2])
        }
    }

    @Test func `A read past the end traps`() async {
        await #expect(processExitsWith: .failure) {
            _ = ([1, 2, 3] as [UInt8]).withSpan { $0.uint32(at: 0) }
        }
        await #expect(processExitsWith: .failure) {
            _ = ([1, 2, 3] as [UInt8]).withSpan { $0.slice(1..<3).uint8(at: 2) }
        }
    }

    @Test func `A string ends at its zero byte`() {
        let bytes = Array("ab\0\0é\0tail".utf8)
        bytes.withSpan { span in
            var cursor = 0
            #expect(span.cString(at: &cursor) == "ab" && cursor == 3)
            #expect(span.cString(at: &cursor) == "" && cursor == 4)
            #expect(span.cString(at: &cursor) == "é" && cursor == 7)
            #expect(span.cString(at: &cursor) == nil && cursor == 7)
            #expect(span.endOfCString(from: 4) == 6)
            #expect(span.endOfCString(from: bytes.count) == nil)
            #expect(span.endOfCString(from: bytes.count + 5) == nil)
        }
    }

    @Test func `Bytes are compared with literals`() {
        Array("SELECT 1".utf8).withSpan { span in
            #expect(span.hasPrefix("SELECT") && span.hasPrefix("") && span.hasPrefix("SELECT 1"))
            #expect(!span.hasPrefix("SELECT 12") && !span.hasPrefix("select"))
            #expect(span.equals("SELECT 1") && !span.equals("SELECT") && !span.equals("SELECT 2"))
        }
        ([] as [UInt8]).withSpan { span in
            #expect(span.equals("") && span.hasPrefix("") && !span.hasPrefix("x"))
        }
    }
}
