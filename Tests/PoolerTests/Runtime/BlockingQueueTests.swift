import Dispatch
import Synchronization
import Testing

@testable import Pooler

@Suite struct BlockingQueueTests {
    @Test func `so many run, so many wait, and the rest is refused`() {
        let queue = BlockingQueue(label: "test", width: 2, capacity: 3)
        let gate = DispatchSemaphore(value: 0)
        let done = DispatchSemaphore(value: 0)
        let running = Mutex((now: 0, most: 0))
        let accepted = (0..<8).map { _ in
            queue.submit {
                running.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                gate.wait()
                running.withLock { $0.now -= 1 }
                done.signal()
            }
        }
        #expect(accepted == [true, true, true, true, true, false, false, false])
        for _ in 0..<5 { gate.signal() }
        for _ in 0..<5 { done.wait() }
        #expect(running.withLock { $0.most } <= 2)
        let again = DispatchSemaphore(value: 0)
        var isAccepted = false
        while !isAccepted { isAccepted = queue.submit { again.signal() } }
        again.wait()
    }

    @Test func `one thread runs jobs in their order`() {
        let queue = BlockingQueue(label: "test", width: 1, capacity: 100)
        let done = DispatchSemaphore(value: 0)
        let order = Mutex<[Int]>([])
        for number in 0..<100 {
            let isAccepted = queue.submit {
                order.withLock { $0.append(number) }
                done.signal()
            }
            #expect(isAccepted)
        }
        for _ in 0..<100 { done.wait() }
        #expect(order.withLock { $0 } == Array(0..<100))
    }
}
