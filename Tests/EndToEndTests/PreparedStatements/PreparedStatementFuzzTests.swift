import PoolerTestSupport
import Testing

/// Random pipelines of several clients over fewer servers: each must read what it would have read from Postgres itself.
@Suite struct PreparedStatementFuzzTests {

    private static let names = ["", "a", "b", "c", "PGBOUNCER_1", "B"]
    private static let texts = [
        "select 1, $1::int", "select 2, $1::int", "select 3", "select 1/0", "selec", "begin", "commit", "rollback",
        "savepoint p", "select 4, $1::text", "deallocate a", "deallocate all", "-- nothing", "insert into t values (1)",
    ]

    /// A pipeline of a few batches; the last message makes the server answer with ReadyForQuery.
    static func pipeline(_ dice: inout Dice) -> [WireMessage] {
        var messages: [WireMessage] = []
        for _ in 0...dice.roll(3) {
            for _ in 0...dice.roll(6) {
                let name = names[dice.roll(names.count)]
                switch dice.roll(12) {
                case 0...2: messages.append(.parse(name, texts[dice.roll(texts.count)]))
                case 3...6:
                    messages += [.bind(name, dice.roll(4) == 0 ? [] : ["7"]), .execute()]
                case 7: messages.append(WireMessage("D", [0x53], cString(name)))
                case 8: messages.append(WireMessage("C", [0x53], cString(name)))
                case 9: messages += [.flush]
                case 10: messages += [.describePortal]
                case _: messages += WireMessage.statement(texts[dice.roll(texts.count)])
                }
            }
            messages.append(.sync)
            if dice.roll(4) == 0 {
                let sql = [
                    "select 5", "begin", "rollback", "deallocate b", "DEALLOCATE \"B\"", "select 1/0", "deallocate all",
                ]
                messages.append(.query(sql[dice.roll(sql.count)]))
            }
        }
        return messages
    }

    /// In a failed transaction a Bind that has other faults too fails at the Parse in front of it, which says only that the
    /// transaction has failed.
    static func isSame(_ answer: [WireMessage], _ expected: [WireMessage]) -> Bool {
        if answer == expected { return true }
        let codes = [answer, expected].map { $0.last { $0.type == "E" }?.error.sqlState }
        return codes == ["25P02", "08P01"] && answer.count == expected.count
    }

    /// The seeds from 100 on have found faults.
    @Test(arguments: Array(0..<16) + [101, 150, 165, 211])
    func `random pipelines read as on a session of one's own`(seed: Int) throws {
        var dice = Dice(seed: seed)
        let servers = 1 + dice.roll(2)
        let limit = [2, 3, 200][dice.roll(3)]
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "\(servers)", "max_prepared_statements": "\(limit)",
        ])
        let pooled = try (0..<3).map { _ in try RawClient.loggedIn(pooler) }
        let direct = try (0..<3).map { _ in
            let client = try RawClient(pooler.postgres)
            try client.logIn([("user", "app"), ("database", "app")])
            return client
        }
        for step in 0..<25 {
            let client = dice.roll(3)
            let messages = Self.pipeline(&dice) + [.query("rollback")]
            try pooled[client].send(messages)
            try direct[client].send(messages)
            let ends = messages.count { $0.type == "S" || $0.type == "Q" }
            for end in 0..<ends {
                let answer = try pooled[client].readUntil("Z")
                let expected = try direct[client].readUntil("Z")
                try #require(
                    Self.isSame(answer, expected),
                    "seed \(seed), step \(step), part \(end): \(answer) instead of \(expected) after \(messages)")
            }
        }
    }
}
