import Testing

@testable import Pooler

@Suite struct InternedTests {
    private final class Box {
        let number: Int

        init(_ number: Int) { self.number = number }
    }

    @Test func `Equal keys name one object`() {
        var boxes = Interned<Int, Box>()
        let first = boxes.object(for: 1) { Box(1) }
        #expect(boxes.object(for: 1) { Box(2) } === first)
        #expect(boxes.object(for: 2) { Box(2) } !== first)
        #expect(boxes.count == 2)
    }

    @Test func `What nobody holds is swept out`() {
        var boxes = Interned<Int, Box>()
        let held = (0..<3).map { number in boxes.object(for: number) { Box(number) } }
        for number in 3..<5000 { _ = boxes.object(for: number) { Box(number) } }
        #expect(boxes.count <= 1025)
        for number in 0..<3 { #expect(boxes.object(for: number) { Box(-1) } === held[number]) }
    }

    @Test func `What is held may be more than the soft limit`() {
        var boxes = Interned<Int, Box>()
        let held = (0..<3000).map { number in boxes.object(for: number) { Box(number) } }
        #expect(boxes.count == 3000)
        #expect(held.enumerated().allSatisfy { index, box in boxes.object(for: index) { Box(-1) } === box })
    }

    @Test func `A few big ones are swept out as well`() {
        var boxes = Interned<Int, Box>(softByteLimit: 1000) { $0.number }
        let held = boxes.object(for: 600) { Box(600) }
        for number in 100..<200 {
            _ = boxes.object(for: number) { Box(number) }
            #expect(boxes.byteCount < 1200 + 200)
        }
        #expect(boxes.object(for: 600) { Box(0) } === held)
    }
}
