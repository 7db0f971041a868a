import Glibc
import PoolerTestSupport
import Testing

/// The differential fuzzer: random scripts of several clients, each run twice, straight on Postgres with a connection for each
/// client, and through the pooler over fewer servers than clients. Every client must read the same.
@Suite(.pgvaletOnly) struct SessionFuzzTests {
    /// Scripts for each of ten poolers of different shape.
    private static let scriptsPerGroup = 50

    /// PGVALET_FUZZ_ROUND: another 500 scripts for each number.
    private static let round = unsafe getenv("PGVALET_FUZZ_ROUND").flatMap { unsafe Int(String(cString: $0)) } ?? 0

    /// Seeds that have found faults.
    private static let finds: [Int] = [659, 1038, 35506, 36199, 38519, 50289]

    @Test(arguments: 0..<10)
    func `random sessions read as on a connection of one's own`(group: Int) throws {
        let stage = try FuzzStage(shape: group)
        for number in 0..<Self.scriptsPerGroup {
            let seed = (Self.round * 10 + group) * Self.scriptsPerGroup + number
            try FuzzScript(seed: seed, shape: group).run(on: stage)
        }
    }

    @Test(arguments: [1, 4, 7]) func `random sessions live on through restarts`(shape: Int) throws {
        let stage = try FuzzStage(shape: shape, suffix: "_restarts")
        for number in 0..<8 {
            var script = FuzzScript(seed: 100_000 + shape * 100 + number, shape: shape)
            script.restartedPooler = stage.pooler
            try script.run(on: stage)
        }
    }

    @Test(arguments: finds)
    func `what has failed once`(seed: Int) throws {
        let shape = seed / Self.scriptsPerGroup % 10
        try FuzzScript(seed: seed, shape: shape).run(on: FuzzStage(shape: shape, suffix: "_\(seed)"))
    }
}

/// A pooler, and a database for each of the two ways.
struct FuzzStage {
    let pooler: Pooler
    private let names: [String]
    private let admins: [Connection]
    let servers: Int

    init(shape: Int, suffix: String = "") throws {
        servers = shape % 3 == 0 ? 1 : 2
        pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "\(servers)", "max_pinned": "1",
            "max_prepared_statements": "\([2, 3, 200][shape % 3])", "worker_threads": "\(1 + shape / 2 % 2)",
            "query_wait_timeout": "15",
        ])
        names = ["fuzz_pooled_\(shape)\(suffix)", "fuzz_direct_\(shape)\(suffix)"]
        let root = try pooler.postgres.connect()
        _ = try? root.query("create role fuzz_role; grant fuzz_role to app")
        admins = try names.map { [pooler] name in
            try root.query("drop database if exists \(name) with (force)")
            try root.query("create database \(name) owner app")
            let admin = try pooler.postgres.connect(user: "app", database: name)
            try admin.query(Self.schema)
            return admin
        }
    }

    private static let schema = """
        create table rows_0 (a int); create table rows_1 (a int); create table rows_2 (a int);
        create schema one; create schema two;
        create table one.named as select 'one' as a; create table two.named as select 'two' as a;
        grant usage on schema one, two to fuzz_role; grant all on all tables in schema one, two, public to fuzz_role
        """

    /// Empties what scripts fill.
    func clear() throws {
        for admin in admins { try admin.query("truncate rows_0, rows_1, rows_2") }
    }

    func pooledClient(_ parameters: [(String, String)]) throws -> RawClient {
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", names[0])] + parameters)
        return client
    }

    func directClient(_ parameters: [(String, String)]) throws -> RawClient {
        let client = try RawClient(pooler.postgres)
        try client.logIn([("user", "app"), ("database", names[1])] + parameters)
        return client
    }
}

/// One random script: what its clients say depends on the seed, and on what the direct ones hear of their transactions.
struct FuzzScript {
    private let seed: Int
    private var dice: Dice
    /// Whether client 0 may do what keeps it on its server.
    private let mayPin: Bool
    private static let clientCount = 3
    /// Another process takes over from it at every third step, in the middle of what is under way.
    var restartedPooler: Pooler?
    private var exchangeCount = 0

    init(seed: Int, shape: Int) {
        self.seed = seed
        dice = Dice(seed: seed)
        mayPin = shape % 3 != 0
    }

    /// A client of both ways.
    private struct Pair {
        let pooled: RawClient
        let direct: RawClient
        var status: UInt8 = UInt8(ascii: "I")
        var heard: (pooled: [[UInt8]], direct: [[UInt8]]) = ([], [])

        var isInTransaction: Bool { status != UInt8(ascii: "I") }
    }

    func run(on stage: FuzzStage) throws {
        var script = self
        try script.play(on: stage)
    }

    private mutating func play(on stage: FuzzStage) throws {
        try stage.clear()
        var pairs = try (0..<Self.clientCount).map { number in
            let parameters = number == 1 ? [("options", "-c work_mem=6MB -c search_path=two,\\ public")] : []
            return Pair(pooled: try stage.pooledClient(parameters), direct: try stage.directClient(parameters))
        }
        var story: [String] = []
        for step in 0..<14 {
            let holders = (1..<pairs.count).filter { pairs[$0].isInTransaction }
            // Whoever has no server could wait for ever for one.
            let taken = holders.count + (mayPin || pairs[0].isInTransaction ? 1 : 0)
            let candidates =
                taken >= stage.servers ? holders + (mayPin || pairs[0].isInTransaction ? [0] : []) : [0, 1, 2]
            let number = candidates[dice.roll(candidates.count)]
            let messages = batch(of: number)
            story.append("client \(number): " + messages.map(Self.text).joined(separator: " "))
            do {
                try exchange(messages, &pairs[number], "seed \(seed), step \(step)", story)
            } catch is KnownDifference {
                return
            }
        }
        for number in pairs.indices.sorted(by: { pairs[$0].isInTransaction && !pairs[$1].isInTransaction }) {
            try exchange([.query("rollback"), .query("select 'end'")], &pairs[number], "seed \(seed), end", story)
        }
        // A notification that crosses an UNLISTEN may come or not.
        let mayMiss = story.contains {
            $0.hasPrefix("client 0") && ($0.contains("unlisten") || $0.contains("discard all"))
        }
        for number in pairs.indices where !mayMiss { try compareNotifications(&pairs[number], story) }
        for pair in pairs {
            try pair.pooled.send(.terminate)
            try pair.direct.send(.terminate)
            // Nothing but what another client's notification may have brought.
            #expect(try pair.pooled.readToEnd().allSatisfy { "AN".contains($0.type) })
        }
    }

    private mutating func exchange(
        _ messages: [WireMessage], _ pair: inout Pair, _ place: String, _ story: [String]
    ) throws {
        try pair.pooled.send(messages)
        try pair.direct.send(messages)
        exchangeCount += 1
        if exchangeCount % 3 == 0, let restartedPooler { try restartedPooler.takeOver() }
        for _ in 0..<messages.count(where: { $0.type == "S" || $0.type == "Q" }) {
            let expected: [WireMessage]
            do {
                expected = try pair.direct.readUntil("Z")
            } catch let error as SystemError where "\(error)".contains("RollbackToSavepoint") {
                // A fault of Postgres ends the session: a savepoint in front of a failed pipeline.
                throw KnownDifference()
            }
            let answer: [WireMessage]
            do {
                answer = try pair.pooled.readUntil("Z")
            } catch {
                throw SystemError("\(place): \(error) after \(story.joined(separator: "\n"))")
            }
            pair.heard.direct += expected.filter { $0.type == "A" }.map { Array($0.body.dropFirst(4)) }
            pair.heard.pooled += answer.filter { $0.type == "A" }.map { Array($0.body.dropFirst(4)) }
            var (left, right) = (Self.comparable(answer), Self.comparable(expected))
            if pair.status == UInt8(ascii: "E") {
                // A failed transaction describes a statement that is there; it does not prepare one that is on another server.
                if left.contains(where: { $0.hasPrefix("E(ERROR 25P02") }) {
                    right.removeAll { $0.hasPrefix("E(ERROR") }
                }
                left.removeAll(where: Self.belongsToFailure)
                right.removeAll(where: Self.belongsToFailure)
            }
            pair.status = expected.last?.body.first ?? 0
            if Self.isKnownDifference(left, right) { throw KnownDifference() }
            try #require(left == right, "\(place): \(left) instead of \(right) after \(story.joined(separator: "\n"))")
        }
    }

    /// What was notified comes when it comes.
    private func compareNotifications(_ pair: inout Pair, _ story: [String]) throws {
        var (pooled, direct) = pair.heard
        for _ in 0..<100 where pooled.count < direct.count || pooled.count > direct.count {
            pooled += try pair.pooled.query("select 1").filter { $0.type == "A" }.map { Array($0.body.dropFirst(4)) }
            direct += try pair.direct.query("select 1").filter { $0.type == "A" }.map { Array($0.body.dropFirst(4)) }
        }
        try #require(pooled == direct, "seed \(seed): other notifications after \(story.joined(separator: "\n"))")
    }

    // MARK: - What clients say

    private mutating func pick(_ texts: [String]) -> String { texts[dice.roll(texts.count)] }

    private mutating func batch(of client: Int) -> [WireMessage] {
        switch dice.roll(10) {
        case 0...4:
            let count = [1, 1, 1, 2, 3][dice.roll(5)]
            let statements = (0..<count).map { _ in statement(of: client, isAlone: count == 1) }
            return [.query(statements.joined(separator: "; "))]
        case 5...7: return pipeline(of: client)
        case 8: return copy(of: client)
        case _: return [.query(statement(of: client, isAlone: true)), .query(statement(of: client, isAlone: true))]
        }
    }

    /// A statement. Client 1 has parameters in its startup packet: to the end of its Query or batch, RESET shows it the server's
    /// defaults instead.
    private mutating func statement(of client: Int, isAlone: Bool = false) -> String {
        let text = anyStatement(of: client)
        let isReset = text.hasPrefix("reset") || text == "discard all"
        return client == 1 && isReset && !isAlone ? "select 'no reset'" : text
    }

    private mutating func anyStatement(of client: Int) -> String {
        switch dice.roll(client == 0 && mayPin ? 12 : 9) {
        case 0...1:
            return pick([
                "begin", "begin", "commit", "commit", "rollback", "savepoint s", "rollback to s", "release s",
                "start transaction isolation level repeatable read", "begin read only",
            ])
        case 2...4: return setting()
        case 5...6: return Self.look
        case 7:
            return pick([
                "insert into rows_\(client) values (\(dice.roll(9)))", "select count(*), sum(a) from rows_\(client)",
                "delete from rows_\(client) where a = 1 returning a", "select a from named", "select 1/0", "selec",
                "select generate_series(1, 3)", "",
            ])
        case 8:
            return pick([
                "notify ch_\(seed), 'from \(client)'", "deallocate a",
                // Behind what cannot be read it pins.
                client == 0 && mayPin ? "execute a" : "deallocate b", "deallocate all", "discard all",
                "discard temp",
                "select pg_notify('ch_\(seed)', 'by function')", "do $$ begin perform 1; end $$",
            ])
        case _: return pinning()
        }
    }

    /// What a session looks like from within.
    private static let look = """
        select current_setting('work_mem'), current_setting('geqo'), current_setting('search_path'), current_user,
        current_setting('statement_timeout'), coalesce(current_setting('app.a', true), ''), current_setting('DateStyle'),
        current_setting('application_name'), current_setting('TimeZone'), current_setting('default_transaction_isolation'),
        (select a from named)
        """

    private mutating func setting() -> String {
        let name = pick([
            "work_mem", "geqo", "search_path", "statement_timeout", "app.a", "application_name", "DateStyle",
            "TimeZone",
        ])
        let values = [
            "work_mem": ["'1MB'", "'2MB'", "nonsense"], "geqo": ["off", "on"],
            "search_path": ["one, public", "two", "two, \"$user\""],
            "statement_timeout": ["'60s'", "70000"], "app.a": ["'x'", "'it''s'", "'äö\\'"],
            "application_name": ["'me'", "''"],
            "DateStyle": ["German", "ISO"], "TimeZone": ["'Asia/Tokyo'", "'UTC'"],
        ]
        let value = pick(values[name] ?? [])
        switch dice.roll(12) {
        case 0...5: return "set \(name) = \(value)"
        case 6: return "set local \(name) = \(value)"
        case 7: return name == "app.a" ? "set app.a = ''" : "reset \(name)"
        case 8: return "select set_config('app.a', 'f\(dice.roll(3))', \(dice.roll(2) == 0))"
        case 9: return pick(["set role fuzz_role", "reset role", "set local role fuzz_role"])
        case 10:
            return pick(["set session characteristics as transaction isolation level repeatable read", "reset all"])
        case _: return "do $$ begin set \(name) = \(value.replacing("'", with: "''") == value ? value : value); end $$"
        }
    }

    private mutating func pinning() -> String {
        pick([
            "create temp table tt (a int)", "create temp table tt (a int) on commit drop", "insert into tt values (1)",
            "select count(*) from tt", "drop table tt", "drop table tt", "select pg_try_advisory_lock(\(seed))",
            "select pg_advisory_unlock(\(seed))", "select pg_advisory_unlock_all()",
            "declare h cursor with hold for select 5",
            "fetch h", "close h", "close all", "prepare sq as select 6", "execute sq", "deallocate sq",
            "listen ch_\(seed)",
            "listen ch_\(seed)", "unlisten *", "select pg_try_advisory_xact_lock(\(seed))",
        ])
    }

    private mutating func pipeline(of client: Int) -> [WireMessage] {
        var messages: [WireMessage] = []
        for _ in 0...dice.roll(2) {
            for _ in 0...dice.roll(4) {
                let name = pick(["", "a", "b"])
                switch dice.roll(8) {
                case 0...1: messages.append(.parse(name, statement(of: client)))
                case 2...3: messages += [.bind(name), .execute()]
                case 4: messages.append(WireMessage("C", [0x53], cString(name)))
                case 5: messages.append(WireMessage("D", [0x53], cString(name)))
                case _: messages += WireMessage.statement(statement(of: client))
                }
            }
            messages.append(.sync)
        }
        return messages
    }

    private mutating func copy(of client: Int) -> [WireMessage] {
        let data = WireMessage("d", Array("1\n2\n".utf8))
        let end = dice.roll(3) == 0 ? WireMessage("f", cString("no more")) : WireMessage("c")
        switch dice.roll(3) {
        case 0: return [.query("copy rows_\(client) from stdin"), data, data, end]
        case 1: return [.query("copy (select generate_series(1, 4)) to stdout")]
        case _:
            return [.parse("", "copy rows_\(client) from stdin"), .bind(""), .execute(), data, end, .sync]
                // A copy that is run without data would be its session's end.
                + [.parse("", "select 8"), .sync]
        }
    }

    // MARK: - What is compared

    /// What docs/transaction-mode.md tells: from here on the two sessions are not the same.
    private struct KnownDifference: Error {}

    /// A statement that was analysed under another search_path does not fail before its Bind; one that executes itself is not found.
    private static func isKnownDifference(_ left: [String], _ right: [String]) -> Bool {
        let isAnalysedElsewhere =
            right.contains("E(ERROR 42P01 relation \"named\" does not exist)") && left.contains("1")
        return left != right && (isAnalysedElsewhere || right.contains("E(ERROR 54001 stack depth limit exceeded)"))
    }

    private static func belongsToFailure(_ answer: String) -> Bool {
        ["t", "n", "1", "2", "3"].contains(answer) || answer.hasPrefix("E(ERROR 25P02")
    }

    /// Answers without what differs by nature: notifications, our own notices, object numbers.
    private static func comparable(_ messages: [WireMessage]) -> [String] {
        messages.compactMap { message in
            switch message.type {
            case "A": nil
            case "N": message.error.message.contains("keeps its server connection") ? nil : "N(\(message.error))"
            case "E": "E(\(message.error))"
            case "D": "D(\(message.values.map { $0 ?? "null" }.joined(separator: "|")))"
            case "T": "T(\(message.body[1]) columns)"
            case "C", "S": "\(message.type)(\(message.strings.joined(separator: "=")))"
            case "Z": "Z(\(String(decoding: message.body, as: UTF8.self)))"
            default: String(message.type)
            }
        }
    }

    private static func text(_ message: WireMessage) -> String {
        message.type == "S"
            ? "Sync" : "\(message.type)<\(String(decoding: message.body.filter { $0 >= 0x20 }, as: UTF8.self))>"
    }
}
