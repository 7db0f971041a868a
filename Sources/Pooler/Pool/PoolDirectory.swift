import PoolerConfig
import Synchronization

/// The budgets of all pools, databases and users, by name: shared by all workers. Asked at login and when a pool is made, never
/// for a query.
final class PoolDirectory: Sendable {
    private struct Budgets {
        var pools: [PoolKey: PoolBudget] = [:]
        var databaseServers: [String: ConnectionBudget] = [:]
        var userServers: [String: ConnectionBudget] = [:]
        var databaseClients: [String: ConnectionBudget] = [:]
        var userClients: [String: ConnectionBudget] = [:]
    }

    private let budgets = Mutex(Budgets())
    private let workerCount: Int

    init(workerCount: Int) {
        self.workerCount = workerCount
    }

    /// The budget of a pool, made when it is first asked for.
    func pool(_ key: PoolKey) -> PoolBudget {
        budgets.withLock { budgets in
            if let budget = budgets.pools[key] { return budget }
            let budget = PoolBudget(
                database: Self.budget(key.database, in: &budgets.databaseServers),
                user: Self.budget(key.user, in: &budgets.userServers), workerCount: workerCount)
            budgets.pools[key] = budget
            return budget
        }
    }

    /// Counts a client of a database in, and returns what counts it out again; nil when `limit` (0 or less: none) is reached.
    func admitClient(ofDatabase name: String, limit: Int) -> ConnectionBudget? {
        budgets.withLock { budgets in
            let budget = Self.budget(name, in: &budgets.databaseClients)
            return budget.reserve(limit: limit) ? budget : nil
        }
    }

    /// Counts a client of a login user in, over all databases.
    func admitClient(ofUser name: String, limit: Int) -> ConnectionBudget? {
        budgets.withLock { budgets in
            let budget = Self.budget(name, in: &budgets.userClients)
            return budget.reserve(limit: limit) ? budget : nil
        }
    }

    /// Forgets the welcome of a database's pools (all of them for nil), after RECONNECT or a change of its connect string.
    func forgetWelcomes(ofDatabase name: String?) {
        budgets.withLock { budgets in
            for (key, budget) in budgets.pools where name == nil || key.database == name { budget.welcome = nil }
        }
    }

    /// Drops the budgets that nothing counts on any more, so that names that strangers tried do not pile up.
    func sweep() {
        budgets.withLock { budgets in
            budgets.databaseClients = budgets.databaseClients.filter { $0.value.count > 0 }
            budgets.userClients = budgets.userClients.filter { $0.value.count > 0 }
        }
    }

    private static func budget(_ name: String, in budgets: inout [String: ConnectionBudget]) -> ConnectionBudget {
        if let budget = budgets[name] { return budget }
        let budget = ConnectionBudget()
        budgets[name] = budget
        return budget
    }
}
