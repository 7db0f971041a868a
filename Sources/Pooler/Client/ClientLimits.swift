/// The limits that depend on a client's login user and database. Most clients have the same, and share them (`ClientLimitsTable`).
final class ClientLimits: Sendable {
    /// Zero: off.
    let idleTimeout: Duration
    let queryWaitTimeout: Duration
    let budgets: ClientBudgets

    static let none = ClientLimits(idleTimeout: .zero, queryWaitTimeout: .zero, ClientBudgets())

    fileprivate init(idleTimeout: Duration, queryWaitTimeout: Duration, _ budgets: ClientBudgets) {
        self.idleTimeout = idleTimeout
        self.queryWaitTimeout = queryWaitTimeout
        self.budgets = budgets
    }
}

/// What counts a client against max_user_client_connections and max_db_client_connections.
struct ClientBudgets: Hashable, Sendable {
    var user: ConnectionBudget?
    var database: ConnectionBudget?

    /// Gives the client's places back.
    func release() {
        _ = user?.release()
        _ = database?.release()
    }

    static func == (left: ClientBudgets, right: ClientBudgets) -> Bool {
        left.user === right.user && left.database === right.database
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(user.map(ObjectIdentifier.init))
        hasher.combine(database.map(ObjectIdentifier.init))
    }
}

/// The limits of a worker's clients.
struct ClientLimitsTable {
    private struct Key: Hashable {
        let idleTimeout: Duration
        let queryWaitTimeout: Duration
        let budgets: ClientBudgets
    }

    private var limits = Interned<Key, ClientLimits>()

    init() {}

    mutating func limits(
        idleTimeout: Duration, queryWaitTimeout: Duration, _ budgets: ClientBudgets
    ) -> ClientLimits {
        limits.object(for: Key(idleTimeout: idleTimeout, queryWaitTimeout: queryWaitTimeout, budgets: budgets)) {
            ClientLimits(idleTimeout: idleTimeout, queryWaitTimeout: queryWaitTimeout, budgets)
        }
    }
}
