import Testing

@testable import Pooler

@Suite struct DescriptorLimitTests {
    private let demand = DescriptorDemand(clients: 2000, servers: 80, others: 32)

    @Test(
        "The soft limit rises to what is needed, past the hard limit only for root",
        arguments: [
            (1024, 524_288, false, 2112, 524_288), (1024, 1024, false, 1024, 1024), (1024, 1024, true, 2112, 2112),
            (1024, 2000, false, 2000, 2000), (4096, 4096, true, 4096, 4096), (4096, 524_288, false, 4096, 524_288),
            (1024, .max, false, 2112, .max), (.max, .max, true, .max, .max),
        ] as [(UInt64, UInt64, Bool, UInt64, UInt64)])
    func raising(soft: UInt64, hard: UInt64, privileged: Bool, newSoft: UInt64, newHard: UInt64) {
        let limit = DescriptorLimit(soft: soft, hard: hard)
        #expect(limit.raised(for: demand, privileged: privileged) == DescriptorLimit(soft: newSoft, hard: newHard))
    }

    @Test(
        "Clients get what servers and the rest leave",
        arguments: [(1024, 912), (2112, 2000), (2111, 1999), (100, 0), (112, 0), (113, 1), (0, 0), (.max, 2000)]
            as [(UInt64, UInt64)])
    func clients(soft: UInt64, clients: UInt64) {
        #expect(DescriptorLimit(soft: soft, hard: soft).clients(for: demand) == clients)
    }

    @Test("A limit that is too low is a warning with the number that fits")
    func warning() throws {
        #expect(DescriptorLimit(soft: 2112, hard: 2112).warning(for: demand) == nil)
        let warning = try #require(DescriptorLimit(soft: 1024, hard: 1024).warning(for: demand))
        #expect(warning.contains("only 912 clients fit"))
        #expect(warning.contains("needs 2112"))
    }

    @Test("The summary is PgBouncer's line")
    func summary() {
        #expect(
            DescriptorLimit(soft: 1024, hard: 4096).summary(for: demand)
                == "kernel file descriptor limit: 1024 (hard: 4096); max_client_conn: 2000, max expected fd use: 2112")
    }

    @Test("Numbers from a file cannot overflow")
    func overflow() {
        let demand = DescriptorDemand(clients: .max, servers: .max, others: 1)
        #expect(demand.total == .max)
        #expect(DescriptorLimit(soft: 10, hard: 20).clients(for: demand) == 0)
        #expect(DescriptorLimit(soft: 10, hard: 20).raised(for: demand, privileged: false).soft == 20)
    }

    @Test("A process that has enough is left alone")
    func process() {
        let before = DescriptorLimit.current
        #expect(before.soft > 0 && before.soft <= before.hard)
        let after = DescriptorLimit.raise(for: DescriptorDemand(clients: before.soft, servers: 0, others: 0))
        #expect(after == before)
        #expect(DescriptorLimit.current == before)
    }
}
