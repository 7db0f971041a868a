import Testing

@testable import Pooler

@Suite struct PoolDirectoryTests {
    @Test func `Pools share the budgets of their database and user`() {
        let directory = PoolDirectory(workerCount: 1)
        let pool = directory.pool(PoolKey(database: "a", user: "x"))
        #expect(directory.pool(PoolKey(database: "a", user: "x")) === pool)
        let sameDatabase = directory.pool(PoolKey(database: "a", user: "y"))
        let sameUser = directory.pool(PoolKey(database: "b", user: "x"))
        #expect(sameDatabase !== pool && sameDatabase.database === pool.database && sameDatabase.user !== pool.user)
        #expect(sameUser.user === pool.user && sameUser.database !== pool.database)
    }

    @Test func `Clients are counted by database and by user, apart from servers`() throws {
        let directory = PoolDirectory(workerCount: 1)
        let pool = directory.pool(PoolKey(database: "a", user: "a"))
        let first = try #require(directory.admitClient(ofDatabase: "a", limit: 1))
        #expect(directory.admitClient(ofDatabase: "a", limit: 1) == nil)
        #expect(directory.admitClient(ofDatabase: "b", limit: 1) != nil)
        #expect(directory.admitClient(ofUser: "a", limit: 1) != nil)
        #expect(pool.database.count == 0 && pool.user.count == 0)
        #expect(first.release())
        #expect(directory.admitClient(ofDatabase: "a", limit: 1) === first)
    }

    @Test func `A welcome is forgotten for one database or for all`() {
        let directory = PoolDirectory(workerCount: 1)
        let pools = ["a", "b"].map { directory.pool(PoolKey(database: $0, user: "x")) }
        let welcome = Welcome(tracked: TrackedParameters(extra: []))
        for pool in pools { pool.welcome = welcome }
        directory.forgetWelcomes(ofDatabase: "a")
        #expect(pools.map(\.welcome) == [nil, welcome])
        directory.forgetWelcomes(ofDatabase: nil)
        #expect(pools.map(\.welcome) == [nil, nil])
    }

    @Test func `What nobody holds is dropped, what somebody counts on is kept`() throws {
        let directory = PoolDirectory(workerCount: 1)
        var pool: PoolBudget? = directory.pool(PoolKey(database: "a", user: "x"))
        let client = try #require(directory.admitClient(ofUser: "x", limit: 1))
        _ = directory.admitClient(ofDatabase: "gone", limit: 1)?.release()
        directory.sweep()
        #expect(directory.budgetCount == 4)
        #expect(directory.pool(PoolKey(database: "a", user: "x")) === pool)
        #expect(directory.admitClient(ofUser: "x", limit: 1) == nil)
        pool = nil
        directory.sweep()
        #expect(directory.budgetCount == 1 && client.count == 1)
    }

    @Test func `Names that strangers try do not pile up`() {
        let directory = PoolDirectory(workerCount: 1)
        for number in 0..<20_000 {
            guard let budget = directory.admitClient(ofUser: "stranger \(number)", limit: 1) else { continue }
            _ = budget.release()
        }
        #expect(directory.budgetCount <= 1025)
    }
}
