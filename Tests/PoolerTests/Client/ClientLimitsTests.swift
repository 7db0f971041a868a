import Testing

@testable import Pooler

@Suite struct ClientLimitsTests {
    @Test func `Clients with the same limits share them`() {
        var table = ClientLimitsTable()
        let budgets = ClientBudgets(user: ConnectionBudget(), database: ConnectionBudget())
        let limits = table.limits(idleTimeout: .seconds(1), queryWaitTimeout: .seconds(2), budgets)
        #expect(limits.idleTimeout == .seconds(1) && limits.queryWaitTimeout == .seconds(2))
        #expect(limits.budgets == budgets)
        #expect(table.limits(idleTimeout: .seconds(1), queryWaitTimeout: .seconds(2), budgets) === limits)
        #expect(table.limits(idleTimeout: .seconds(1), queryWaitTimeout: .zero, budgets) !== limits)
        #expect(table.limits(idleTimeout: .zero, queryWaitTimeout: .seconds(2), budgets) !== limits)
        for other in [
            ClientBudgets(user: ConnectionBudget(), database: budgets.database),
            ClientBudgets(user: budgets.user, database: nil),
        ] {
            #expect(table.limits(idleTimeout: .seconds(1), queryWaitTimeout: .seconds(2), other) !== limits)
        }
    }

    @Test func `A client's places are given back`() {
        let budgets = ClientBudgets(user: ConnectionBudget(), database: ConnectionBudget())
        budgets.user?.add()
        budgets.database?.add()
        budgets.release()
        #expect(budgets.user?.count == 0 && budgets.database?.count == 0)
    }
}
