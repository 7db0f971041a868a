import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct LoginLineTests {
    @Test func `So many begin, the others wait their turn`() {
        var line = LoginLine<Int>()
        let arrivals = (1...3).map { line.arrived($0, user: "a", limit: 2) }
        #expect(arrivals == [true, true, false])
        #expect(result(line.left(limit: 2)) == [3])
        #expect(result(line.left(limit: 2)) == [])
        #expect(line.inProgress == 1)
    }

    @Test func `Each user has its turn, however many of another wait`() {
        var line = LoginLine<String>()
        #expect(result(line.arrived("first", user: "x", limit: 1)))
        for number in 0..<5 { #expect(!result(line.arrived("a\(number)", user: "a", limit: 1))) }
        #expect(!result(line.arrived("b0", user: "b", limit: 1)))
        #expect(!result(line.arrived("b1", user: "b", limit: 1)))
        #expect(!result(line.arrived("c0", user: "c", limit: 1)))
        let order = (0..<8).flatMap { _ in line.left(limit: 1) }
        #expect(order == ["a0", "b0", "c0", "a1", "b1", "a2", "a3", "a4"])
        #expect(result(line.left(limit: 1)) == [])
        #expect(result(line.arrived("late", user: "a", limit: 1)))
    }

    @Test func `Who goes away is passed over, and takes no place`() {
        var line = LoginLine<Int>()
        _ = line.arrived(0, user: "x", limit: 1)
        for number in 1...3 { _ = line.arrived(number, user: "a", limit: 1) }
        #expect(result(line.gaveUp(1, user: "a")))
        #expect(!result(line.gaveUp(1, user: "a")))
        #expect(result(line.left(limit: 1)) == [2])
        // It has been told that it may begin: its place is to be given back.
        #expect(!result(line.gaveUp(2, user: "a")))
        #expect(result(line.gaveUp(3, user: "a")))
        #expect(result(line.left(limit: 1)) == [])
        #expect(line.inProgress == 0)
    }

    @Test func `Others come in when the limit is raised`() {
        var line = LoginLine<Int>()
        for number in 0..<6 { _ = line.arrived(number, user: "a", limit: 1) }
        #expect(result(line.left(limit: 4)) == [1, 2, 3, 4])
        #expect(result(line.left(limit: 2)) == [])
        #expect(line.inProgress == 3)
    }

    @Test func `Nobody is lost and no limit passed, whatever happens`() {
        var random = Dice(seed: 7)
        for _ in 0..<20 {
            var line = LoginLine<Int>()
            var inProgress: Set<Int> = []
            var waiting: [Int: String] = [:]
            for number in 0..<3000 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<5:
                    let user = "u\(Int.random(in: 0..<200, using: &random))"
                    if line.arrived(number, user: user, limit: 8) {
                        inProgress.insert(number)
                    } else {
                        waiting[number] = user
                    }
                case 5..<7:
                    guard let gone = waiting.keys.randomElement(using: &random), let user = waiting[gone] else { break }
                    #expect(result(line.gaveUp(gone, user: user)))
                    waiting[gone] = nil
                default:
                    guard let done = inProgress.randomElement(using: &random) else { break }
                    inProgress.remove(done)
                    for next in line.left(limit: 8) {
                        #expect(waiting.removeValue(forKey: next) != nil)
                        inProgress.insert(next)
                    }
                }
                #expect(inProgress.count <= 8)
                #expect(line.inProgress == inProgress.count)
                #expect(line.waitingCount == waiting.count)
                #expect(waiting.isEmpty || inProgress.count == 8)
            }
        }
    }
}
