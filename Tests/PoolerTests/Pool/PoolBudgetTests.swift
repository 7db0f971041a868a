import PoolerTestSupport
import Synchronization
import Testing

@testable import Pooler

@Suite struct PoolBudgetTests {
    /// What many threads count on.
    private final class Tally: Sendable {
        let held = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        let wakeUps = Atomic<Int>(0)

        func took() {
            let now = held.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            most.max(now, ordering: .relaxed)
        }

        func gives() { held.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    }

    @Test func `The limit is kept, and whoever was turned away is announced once`() {
        let budget = ConnectionBudget()
        #expect(budget.reserve(limit: 2) && budget.reserve(limit: 2))
        #expect(!budget.reserve(limit: 2) && budget.count == 2)
        #expect(budget.release())
        #expect(budget.reserve(limit: 2))
        #expect(!budget.release() && !budget.release())
        #expect(budget.count == 0)
    }

    @Test(arguments: [0, -1])
    func `Zero or less is no limit`(_ limit: Int) {
        let budget = ConnectionBudget()
        for _ in 0..<100 { #expect(budget.reserve(limit: limit)) }
        budget.add()
        #expect(budget.count == 101)
        #expect(!budget.reserve(limit: 50) && budget.reserve(limit: 102))
    }

    @Test func `Many threads never hold more than the limit`() throws {
        let budget = ConnectionBudget()
        let tally = Tally()
        let limit = 3
        let threads = (0..<6).map { _ in
            Background<Bool> {
                for _ in 0..<4000 {
                    guard budget.reserve(limit: limit) else { continue }
                    tally.took()
                    tally.gives()
                    _ = budget.release()
                }
                return true
            }
        }
        for thread in threads { _ = try thread.value() }
        #expect(tally.held.load(ordering: .relaxed) == 0 && budget.count == 0)
        #expect(tally.most.load(ordering: .relaxed) <= limit)
    }

    @Test func `Nobody who was turned away sleeps on while a place is free`() throws {
        // Threads with one place between them: who is turned away sleeps until a release says that somebody was.
        let budget = ConnectionBudget()
        let tally = Tally()
        let threads = (0..<4).map { _ in
            Background<Bool> {
                for _ in 0..<1500 {
                    let deadline = Instant.now() + .seconds(10)
                    while true {
                        let before = tally.wakeUps.load(ordering: .sequentiallyConsistent)
                        if budget.reserve(limit: 1) { break }
                        while tally.wakeUps.load(ordering: .sequentiallyConsistent) == before {
                            if Instant.now() > deadline { return false }
                        }
                    }
                    if budget.release() { tally.wakeUps.wrappingAdd(1, ordering: .sequentiallyConsistent) }
                }
                return true
            }
        }
        for thread in threads { #expect(try thread.value(within: .seconds(60))) }
        #expect(budget.count == 0)
    }

    @Test func `So many logins may be under way, and the end of one is told to who was turned away`() {
        let budget = PoolBudget(database: ConnectionBudget(), user: ConnectionBudget(), workerCount: 1)
        #expect(budget.reserve(loginLimit: 1, poolLimit: 2, databaseLimit: 0, userLimit: 0) == nil)
        #expect(budget.reserve(loginLimit: 1, poolLimit: 2, databaseLimit: 0, userLimit: 0) == .logins)
        #expect(budget.loginEnded() && budget.servers.count == 1)
        #expect(budget.reserve(loginLimit: 1, poolLimit: 1, databaseLimit: 0, userLimit: 0) == .pool)
        #expect(budget.reserve(loginLimit: 1, poolLimit: 2, databaseLimit: 0, userLimit: 0) == nil)
        #expect(!budget.loginEnded() && budget.servers.count == 2)
    }

    @Test func `A refusal names the limit, and takes nothing`() {
        let (database, user) = (ConnectionBudget(), ConnectionBudget())
        let budget = PoolBudget(database: database, user: user, workerCount: 1)
        let other = PoolBudget(database: database, user: ConnectionBudget(), workerCount: 1)
        #expect(budget.reserve(loginLimit: 0, poolLimit: 1, databaseLimit: 2, userLimit: 2) == nil)
        #expect(budget.reserve(loginLimit: 0, poolLimit: 1, databaseLimit: 2, userLimit: 2) == .pool)
        #expect(other.reserve(loginLimit: 0, poolLimit: 1, databaseLimit: 2, userLimit: 2) == nil)
        #expect(budget.reserve(loginLimit: 0, poolLimit: 5, databaseLimit: 2, userLimit: 2) == .database)
        #expect(budget.reserve(loginLimit: 0, poolLimit: 5, databaseLimit: 5, userLimit: 1) == .user)
        #expect(budget.servers.count == 1 && database.count == 2 && user.count == 1)
        // Each of the refusals is announced by the next release.
        #expect(budget.release())
        #expect(!other.release())
        #expect(budget.servers.count == 0 && database.count == 0 && user.count == 0)
    }

    @Test func `A reservation that fails later on does not unmark who was turned away before`() {
        let database = ConnectionBudget()
        let budget = PoolBudget(database: database, user: ConnectionBudget(), workerCount: 1)
        let full = ConnectionBudget()
        full.add()
        let other = PoolBudget(database: database, user: full, workerCount: 1)
        #expect(budget.reserve(loginLimit: 0, poolLimit: 0, databaseLimit: 1, userLimit: 0) == nil)
        #expect(budget.reserve(loginLimit: 0, poolLimit: 0, databaseLimit: 1, userLimit: 0) == .database)
        #expect(other.reserve(loginLimit: 0, poolLimit: 0, databaseLimit: 2, userLimit: 1) == .user)
        #expect(budget.release())
    }

    @Test func `The waiting times of workers are kept apart, and hosts are taken in turn`() {
        let budget = PoolBudget(database: ConnectionBudget(), user: ConnectionBudget(), workerCount: 2)
        #expect(budget.waitingSince(worker: 0) == .never)
        budget.setWaitingSince(.at(.seconds(3)), worker: 1)
        #expect(budget.waitingSince(worker: 0) == .never && budget.waitingSince(worker: 1) == .at(.seconds(3)))
        #expect((0..<3).map { _ in budget.nextHostIndex() } == [0, 1, 2])
    }
}
