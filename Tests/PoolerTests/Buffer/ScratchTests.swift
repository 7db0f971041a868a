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
        #expect(room == scratch.receiveSize)
        #expect(scratch.bytes(0..<4).array() == [1, 2, 3, 4])
    }

    @Test func `The longest carried head leaves room for a whole receive`() {
        let scratch = Scratch()
        let last = unsafe scratch.receive(at: Scratch.carryLimit) { target in
            unsafe target[scratch.receiveSize - 1] = 9
            return Scratch.carryLimit + scratch.receiveSize - 1
        }
        #expect(last == scratch.capacity - 1)
        #expect(scratch.bytes(last..<scratch.capacity).array() == [9])
        #expect(scratch.bytes(7..<7).array() == [])
    }

    @Test(arguments: [
        (-1, 0, 65536), (4096, 0, 65536), (65537, 0, 65537), (1 << 20, 0, 1 << 20), (.max, 0, 1 << 20),
        (4096, 131072, 65536), (4096, 200_000, 134_464), (180_000, 200_000, 180_000),
    ]) func `It is as large as is wanted and needed`(wanted: Int, held: Int, size: Int) {
        let scratch = Scratch(receiving: wanted, holding: held)
        #expect(scratch.receiveSize == size && scratch.receiveLimit == size)
        #expect(scratch.capacity == Scratch.carryLimit + size && scratch.capacity >= held)
    }

    @Test func `A range outside the block traps`() async {
        await #expect(processExitsWith: .failure) {
            let scratch = Scratch()
            _ = scratch.bytes(scratch.capacity - 1..<scratch.capacity + 1).array()
        }
    }
}
