import PoolerConfig
import Synchronization

/// The budgets of all pools, databases and users, by name: shared by all workers. Asked at login and when a pool is made, never
/// for a query.
final class PoolDirectory: Sendable {
    private struct Budgets {
        var pools = BudgetTable<PoolKey, PoolBudget>()
        var databaseServers = BudgetTable<String, ConnectionBudget>()
        var userServers = BudgetTable<String, ConnectionBudget>()
        var databaseClients = BudgetTable<String, ConnectionBudget>()
        var userClients = BudgetTable<String, ConnectionBudget>()
    }

    private let budgets = Mutex(Budgets())
    private let workerCount: Int

    init(workerCount: Int) {
        self.workerCount = workerCount
    }

    /// How many budgets are kept.
    var budgetCount: Int {
        budgets.withLock { budgets in
            budgets.pools.count + budgets.databaseServers.count + budgets.userServers.count
                + budgets.databaseClients.count + budgets.userClients.count
        }
    }

    /// The budget of a pool, made when it is first asked for.
    func pool(_ key: PoolKey) -> PoolBudget {
        budgets.withLock { budgets in
            let database = budgets.databaseServers.budget(key.database) { ConnectionBudget() }
            let user = budgets.userServers.budget(key.user) { ConnectionBudget() }
            return budgets.pools.budget(key) {
                PoolBudget(database: database, user: user, workerCount: workerCount)
            }
        }
    }

    /// Whether a database has had a pool.
    func knows(database name: String) -> Bool {
        budgets.withLock { $0.databaseServers.contains(name) }
    }

    /// Counts a client of a database in, and returns what counts it out again; nil when `limit` (0 or less: none) is reached.
    func admitClient(ofDatabase name: String, limit: Int) -> ConnectionBudget? {
        budgets.withLock { budgets in
            let budget = budgets.databaseClients.budget(name) { ConnectionBudget() }
            return budget.reserve(limit: limit) ? budget : nil
        }
    }

    /// Counts a client of a login user in, over all databases.
    func admitClient(ofUser name: String, limit: Int) -> ConnectionBudget? {
        budgets.withLock { budgets in
            let budget = budgets.userClients.budget(name) { ConnectionBudget() }
            return budget.reserve(limit: limit) ? budget : nil
        }
    }

    /// Forgets the welcome of a database's pools (all of them for nil), after RECONNECT or a change of its connect string.
    func forgetWelcomes(ofDatabase name: String?) {
        budgets.withLock { budgets in
            for (key, budget) in budgets.pools.all where name == nil || key.database == name { budget.welcome = nil }
        }
    }

    /// Drops the budgets that nobody holds.
    func sweep() {
        budgets.withLock { budgets in
            // Pools hold the budgets of their database and user.
            budgets.pools.sweep()
            budgets.databaseServers.sweep()
            budgets.userServers.sweep()
            budgets.databaseClients.sweep()
            budgets.userClients.sweep()
        }
    }
}

/// Budgets by name. Strangers choose names, so those that nobody holds are dropped whenever many have come together: whoever
/// counts on a budget holds it.
private struct BudgetTable<Key: Hashable, Budget: AnyObject> {
    private static var softLimit: Int { 1024 }

    private var budgets: [Key: Budget] = [:]
    private var sweepAt = softLimit

    var count: Int { budgets.count }

    func contains(_ key: Key) -> Bool { budgets[key] != nil }

    var all: some Sequence<(key: Key, value: Budget)> { budgets }

    mutating func budget(_ key: Key, make: () -> Budget) -> Budget {
        if let budget = budgets[key] { return budget }
        if budgets.count >= sweepAt { sweep() }
        let budget = make()
        budgets[key] = budget
        return budget
    }

    mutating func sweep() {
        for key in Array(budgets.keys) {
            guard var budget = budgets.removeValue(forKey: key) else { continue }
            if !isKnownUniquelyReferenced(&budget) { budgets[key] = budget }
        }
        sweepAt = max(Self.softLimit, budgets.count * 2)
    }
}
