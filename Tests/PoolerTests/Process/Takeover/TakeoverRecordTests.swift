import PoolerTestSupport
import Testing

@testable import Pooler

/// What goes to another process arrives as it was, and what is none is refused.
@Suite struct TakeoverRecordTests {
    /// Makes random values.
    private struct Maker {
        var random: Dice

        mutating func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &random) }

        mutating func bytes(upTo count: Int = 20) -> [UInt8] {
            (0..<roll(count + 1)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }

        mutating func text() -> String {
            String((0..<roll(8)).map { _ in "aä€😀\u{0}".randomElement(using: &random) ?? "x" })
        }

        mutating func instant() -> Instant { Instant(nanoseconds: Int64.random(in: 0...(.max), using: &random)) }

        mutating func maybe<Value>(_ make: (inout Maker) -> Value) -> Value? { roll(2) == 0 ? nil : make(&self) }

        mutating func some<Value>(_ make: (inout Maker) -> Value) -> [Value] { (0..<roll(4)).map { _ in make(&self) } }

        mutating func values() -> [[UInt8]?] { some { $0.maybe { $0.bytes() } } }

        mutating func settings() -> SettingsRecord {
            SettingsRecord(settings: some { .init(name: $0.text(), value: $0.bytes()) }, isVerified: roll(2) == 0)
        }

        mutating func counters() -> CountersRecord { CountersRecord(values: some { UInt64($0.roll(1 << 40)) }) }

        mutating func connection() -> ConnectionRecord {
            ConnectionRecord(
                id: UInt64.random(in: 0...(.max), using: &random), descriptor: roll(1000), address: bytes(),
                connectedAt: instant(), receivedAt: instant(),
                remaining: roll(1 << 30), disposition: [.forward, .discard, .collect][roll(3)], held: bytes(upTo: 300),
                output: bytes(upTo: 300))
        }

        mutating func copy(_ statements: Int) -> CopyRecord {
            CopyRecord(statement: roll(statements), name: bytes(), preparedAt: UInt64(roll(100)))
        }

        mutating func effect(_ statements: Int, _ names: Int) -> EffectOnStatements {
            switch roll(names > 0 ? 11 : 7) {
            case 0: .none
            case 1: .guarded(roll(32))
            case 2: .prepared(copy(statements))
            case 3: .evicted(copy(statements))
            case 4:
                .unnamed(
                    client: maybe { $0.roll(statements) }, server: maybe { $0.roll(statements) }, owner: 7, isOurs: true
                )
            case 5: .misnames(server: bytes(), client: bytes())
            case 6:
                .refuses(ErrorRecord(severity: "ERROR", sqlState: text(), message: text(), detail: maybe { $0.text() }))
            case 7: .defined(roll(names))
            case 8: .closed(roll(names))
            case 9: .uses(roll(names), copy(statements))
            default: .definedAndPrepared(roll(names), copy(statements))
            }
        }

        mutating func server(_ statements: Int, names: Int, pools: Int) -> ServerRecord {
            var record = ServerRecord()
            record.connection = connection()
            record.pool = roll(pools)
            record.host = maybe { $0.text() }
            record.cancelKey = maybe { CancelKey(process: UInt32($0.roll(1 << 31)), secret: 3) }
            record.parameters = values()
            record.transactionStatus = [.idle, .inTransaction, .failed][roll(3)]
            record.testFailure = maybe { $0.text() }
            record.queryStartedAt = maybe { $0.instant() }
            record.replies.flags.isSkippingToSync = roll(2) == 0
            record.replies.flags.earlierNames = roll(3)
            record.replies.entries = some {
                .init(request: .bind, recipient: .pooler, effect: $0.effect(statements, names))
            }
            record.statements.copies = some { $0.copy(statements) }
            record.statements.unnamed = maybe { $0.roll(statements) }
            record.session.settings = maybe { $0.settings() }
            record.session.names = some { $0.text() }
            record.session.preparedEffects.touches = UInt16(roll(65536))
            return record
        }

        mutating func client(_ statements: Int, pools: Int) -> ClientRecord {
            var record = ClientRecord()
            record.connection = connection()
            record.stage = [.connected, .welcomeWait, .session, .adminConsole, .statsConsole][roll(5)]
            record.pool = roll(pools)
            record.link = [.none, .waiting, .linked][roll(3)]
            record.waitsSince = instant()
            record.user = text()
            record.startupParameters = values()
            record.parameters = maybe { $0.values() }
            record.refusal = [.none, .cancelled, .untilSync, .stateLost][roll(4)]
            record.largeParse = bytes(upTo: 1000)
            record.session.initial = maybe { $0.settings() }
            record.session.pinnedSince = maybe { $0.instant() }
            record.statements.named = some {
                NamedStatementRecord(name: $0.bytes(), statement: $0.roll(statements), knownAt: 1, isPresent: true)
            }
            record.statements.pendingDiscard = maybe { $0.roll(2) == 0 ? .any : .name($0.bytes()) }
            record.statements.pause = [.none, .earlierBatches, .allAnswers][roll(3)]
            if record.link == .linked {
                record.server = server(statements, names: record.statements.named.count, pools: pools)
            }
            return record
        }

        mutating func worker() -> WorkerRecord {
            let (statements, pools) = (1 + roll(4), 1 + roll(3))
            var record = WorkerRecord()
            record.statements = (0..<statements).map { _ in
                StatementRecord(
                    definition: bytes(), discards: maybe { .name($0.bytes()) }, searchPath: bytes(), changedAt: 9,
                    isKept: roll(2) == 0)
            }
            record.pools = (0..<pools).map { _ in
                var pool = PoolRecord()
                (pool.database, pool.user, pool.target) = (text(), text(), text())
                pool.credential = CredentialRecord(Credential(secret: .plain(text())))
                pool.untracked = maybe { $0.bytes() }
                pool.tracked = values()
                pool.counters = counters()
                return pool
            }
            record.idleServers = some { $0.server(statements, names: 0, pools: pools) }
            record.clients = some { $0.client(statements, pools: pools) }
            record.tallies = some { _ in TallyRecord(words: ["a"], counts: [1]) }
            record.durations = some { DurationsRecord(database: $0.text(), histograms: [[1], [2], [3]]) }
            record.consoleCounters = counters()
            return record
        }

        mutating func offer() -> TakeoverOffer {
            var offer = TakeoverOffer()
            offer.nextID = 77
            offer.tracked = some { $0.text() }
            offer.condition.pausedDatabases = some { $0.text() }
            offer.listeners = some { ListenerRecord(descriptor: $0.roll(9), path: $0.maybe { $0.text() }) }
            offer.statHistory = some {
                SnapshotRecord(nanoseconds: 5, pools: $0.some { .init(database: $0.text(), counters: $0.counters()) })
            }
            offer.workers = some { $0.worker() }
            return offer
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>) func `what is written is read`(seed: UInt64) throws {
        var maker = Maker(random: Dice(seed: seed))
        let offer = maker.offer()
        #expect(try TakeoverOffer(decoding: offer.encoded()) == offer)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func `no beginning of it is taken for the whole`(seed: UInt64) throws
    {
        var maker = Maker(random: Dice(seed: seed))
        let bytes = try maker.offer().encoded()
        for length in 0..<bytes.count {
            #expect(throws: TakeoverError.self) { try TakeoverOffer(decoding: Array(bytes.prefix(length))) }
        }
        #expect(throws: TakeoverError.self) { try TakeoverOffer(decoding: bytes + [0]) }
    }

    /// Whatever comes, it is read or refused, and places that it names exist.
    @Test(arguments: 1...200 as ClosedRange<UInt64>) func `nothing that is changed on the way harms`(seed: UInt64)
        throws
    {
        var maker = Maker(random: Dice(seed: seed))
        var bytes = try maker.offer().encoded()
        for _ in 0..<3 where !bytes.isEmpty { bytes[maker.roll(bytes.count)] = UInt8(maker.roll(256)) }
        guard let offer = try? TakeoverOffer(decoding: bytes) else { return }
        for worker in offer.workers {
            let restorer = StatementRestorer(worker.statements, among: StatementTable(numbers: StatementNumbers()))
            for client in worker.clients {
                let names = restorer.names(client.statements.named)
                _ = restorer.clientStatements(client.statements, names)
                if let server = client.server {
                    _ = restorer.replies(server.replies, names)
                    _ = restorer.serverStatements(server.statements)
                }
            }
            for server in worker.idleServers { _ = restorer.replies(server.replies, []) }
        }
    }

    /// Whose client a record is of, as far as it is of somebody's.
    private static func owners(_ records: [WorkerRecord]) -> [String] {
        records.flatMap { record in
            record.clients.map { client in
                let pool = [.session, .welcomeWait].contains(client.stage) ? record.pools[client.pool].database : ""
                let server = client.server.map { record.pools[$0.pool].database } ?? ""
                return "\(client.connection.id) \(pool) \(server)"
            } + record.idleServers.map { "\($0.connection.id) \(record.pools[$0.pool].database)" }
        }.sorted()
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>, [1, 2, 3, 7])
    func `more or fewer workers take over the same`(seed: UInt64, count: Int) throws {
        var maker = Maker(random: Dice(seed: seed))
        let records = (0..<2).map { _ in maker.worker() }
        let dealt = WorkerRecord.dealt(records, among: count)
        #expect(dealt.allSatisfy { (0..<count).contains($0.worker) })
        let parts = dealt.map(\.record)
        #expect(Self.owners(parts) == Self.owners(records))
        // Every place that is named exists.
        for part in parts { #expect(try WorkerRecord(decoding: part.encoded()) == part) }
        func counted(_ records: [WorkerRecord]) -> [UInt64] {
            records.flatMap { record in
                record.pools.flatMap(\.counters.values) + record.consoleCounters.values
                    + record.tallies.flatMap(\.counts) + record.durations.flatMap { $0.histograms.joined() }
            }.sorted()
        }
        #expect(counted(parts) == counted(records))
        guard count > 2 else { return }
        let clients = (0..<count).map { worker in
            dealt.filter { $0.worker == worker }.reduce(0) { $0 + $1.record.clients.count }
        }
        #expect((clients.max() ?? 0) - (clients.min() ?? 0) <= 1)
    }

    @Test func `secrets and keys come through`() throws {
        let digests = try Digests()
        let keys = try SCRAMKeys(password: Array("pw".utf8), salt: [1, 2, 3], iterations: 10, digests)
        let secret = try keys.secret(salt: [1, 2, 3], iterations: 10, digests)
        for credential in [
            Credential(secret: .none), Credential(secret: .plain("p\u{e9}")),
            Credential(secret: Secret("md5" + String(repeating: "0", count: 32))),
            Credential(secret: .scram(secret), scramKeys: keys),
        ] {
            let record = try CredentialRecord(decoding: CredentialRecord(credential).encoded())
            #expect(record.credential == credential)
        }
    }

    @Test func `tracked parameters are found by their names`() {
        let ours = TrackedParameters(extra: ["IntervalStyle", "search_path"])
        let theirs = ["search_path"] + TrackedParameters.fixed
        let names = TrackedNames(theirs, ours)
        #expect(!names.isSame)
        let values = names.values(theirs.map { Array($0.utf8) })
        #expect(values == TrackedParameters.fixed.map { Array($0.utf8) } + [nil, Array("search_path".utf8)])
        #expect(TrackedNames(ours.names, ours).isSame)
    }
}
