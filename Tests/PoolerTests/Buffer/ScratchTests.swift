import Testing

@testable import Pooler

@Suite struct ScratchTests {
    @Test func `What is carried stands in front of what is received`() {
        let scratch = Scratch()
        [1, 2, 3].withSpan { scratch.place($0, at: 0) }
        let room = unsafe scratch.receive(at: 3) { target in
            unsafe target[0] = 4
            return target.count
        }
        #expect(room == Scratch.receiveSize)
        #expect(scratch.bytes(0..<4).array() == [1, 2, 3, 4])
    }

    @Test func `The longest carried head leaves room for a whole receive`() {
        let scratch = Scratch()
        let last = unsafe scratch.receive(at: Scratch.carryLimit) { target in
            unsafe target[Scratch.receiveSize - 1] = 9
            return Scratch.carryLimit + Scratch.receiveSize - 1
        }
        #expect(last == Scratch.capacity - 1)
        #expect(scratch.bytes(last..<Scratch.capacity).array() == [9])
        #expect(scratch.bytes(7..<7).array() == [])
    }

    @Test func `A range outside the block traps`() async {
        await #expect(processExitsWith: .failure) {
            let scratch = Scratch()
            _ = scratch.bytes(Scratch.capacity - 1..<Scratch.capacity + 1).array()
        }
    }
}
