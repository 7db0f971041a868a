import PoolerTestSupport
import Testing

/// "cached plan must not change result type": after DDL a statement is prepared again and run again, wherever the client can read
/// the new rows.
@Suite struct ChangedResultTests {
    private func describe(_ statement: String) -> WireMessage { WireMessage("D", [0x53], cString(statement)) }
    private func close(_ statement: String) -> WireMessage { WireMessage("C", [0x53], cString(statement)) }
    private func run(_ statement: String) -> [WireMessage] { [.bind(statement), .execute()] }

    @Test func `a changed result type heals where rows are described`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"])
        let (first, second, owner) = (try pooler.connect(), try pooler.connect(), try pooler.connect())
        try owner.query("drop table if exists changing; create table changing as select 1 as a")
        try first.prepare("s", "select * from changing")
        try second.prepare("s", "select * from changing")
        #expect(try first.execute("s").rows == [["1"]])
        try owner.query("alter table changing add b text default 'new'")
        #expect(try first.execute("s").rows == [["1", "new"]])
        #expect(try second.execute("s").rows == [["1", "new"]])
        try owner.query("alter table changing drop b")
        try second.query("begin")
        #expect(throws: PostgresError.self) { try second.execute("s") }
        try second.query("rollback")
        #expect(try second.execute("s").rows == [["1"]])
        #expect(try first.execute("s").rows == [["1"]])
        try owner.query("alter table changing add c int default 3")
        let raw = try RawClient.loggedIn(pooler)
        // One that knows the statement from elsewhere only.
        try raw.send(.parse("mine", "select * from changing"), describe("mine"), .sync)
        let described = try raw.readUntil("Z")
        #expect(described.map(\.type) == ["1", "t", "T", "Z"], "\(described)")
        try owner.query("drop table changing")
        #expect(throws: PostgresError.self) { try first.execute("s") }
    }

    @Test func `a changed result type heals in a batch that comes piece by piece`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "worker_threads": "1"])
        let owner = try pooler.postgres.connect(database: "app")
        let other = try pooler.connect(user: "postgres")
        try owner.query(
            "drop table if exists piecemeal; create table piecemeal as select 1 as a; grant all on piecemeal to app")
        let batches: [[WireMessage]] = [
            [.bind("s"), .describePortal, .execute(), .sync], [.bind("s"), .execute(), .sync],
            [.bind("s"), .describePortal, .execute(), .flush, .sync], [.bind("s"), .flush, .sync], [.bind("s"), .sync],
            [.bind("s"), .describePortal, .execute(), .flush, .sync],
        ]
        for (number, batch) in batches.enumerated() {
            let client = try RawClient.loggedIn(pooler)
            try client.send(.parse("s", "select * from piecemeal"), describe("s"), .sync)
            try client.readUntil("Z")
            try client.send(run("s") + [.sync])
            try client.readUntil("Z")
            try owner.query("alter table piecemeal add b\(number) int")
            // The last one as node-postgres sends it: at once, with a Flush.
            let pieces = number == batches.count - 1 ? [batch] : batch.map { [$0] }
            for piece in pieces {
                try client.send(piece)
                // The server's answer has its time.
                for _ in 0..<5 { try other.query("select 1") }
            }
            let answer = try client.readUntil("Z")
            if number == 2 {
                // The client might have waited behind its Flush, if the server answered before the rest came.
                #expect([["E", "Z"], ["2", "T", "D", "C", "Z"]].contains(answer.map(\.type)), "\(answer)")
            } else if number == 0 || number == batches.count - 1 {
                #expect(answer.map(\.type) == ["2", "T", "D", "C", "Z"], "\(answer)")
            } else {
                #expect(
                    answer.map(\.type) == ["E", "Z"] && answer.first?.error.sqlState == "0A000", "\(number): \(answer)")
            }
            #expect(try client.query("select 7").first { $0.type == "D" }?.values == ["7"])
        }
        try owner.query("drop table piecemeal")
    }

    @Test func `a client that does not ask what rows look like is told that they have changed`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let owner = try pooler.connect()
        try owner.query("create table undescribed as select 1 as a")
        let clients = try (0..<3).map { _ in try RawClient.loggedIn(pooler) }
        let prepare: [WireMessage] = [.parse("s", "select * from undescribed"), describe("s"), .sync]
        for client in clients {
            try client.send(prepare)
            try client.readUntil("Z")
        }
        try owner.query("alter table undescribed add b int")
        for client in clients {
            for _ in 0..<2 {
                try client.send(run("s") + [.sync])
                let answer = try client.readUntil("Z")
                #expect(answer.first?.error.sqlState == "0A000", "\(answer)")
            }
            // As drivers do then.
            try client.send([close("s")] + prepare)
            try client.readUntil("Z")
            try client.send(run("s") + [.sync])
            #expect(try client.readUntil("Z").map(\.type) == ["2", "D", "C", "Z"])
        }
        try owner.query("drop table undescribed")
    }

    @Test(arguments: [false, true])
    func `a client that has never asked what rows look like sees the new ones`(comesPieceByPiece: Bool) throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let (owner, other) = (
            try pooler.postgres.connect(user: "app", database: "app"), try pooler.connect(user: "postgres")
        )
        try owner.query("drop table if exists unasked; create table unasked as select 1 as a")
        let clients = try (0..<2).map { _ in try RawClient.loggedIn(pooler) }
        for client in clients {
            try client.send([.parse("s", "select * from unasked"), .sync])
            try client.readUntil("Z")
            try client.send(run("s") + [.sync])
            #expect(try client.readUntil("Z").first { $0.type == "D" }?.values == ["1"])
        }
        for (round, change) in ["add b text default 'new'", "drop a", "alter b type varchar(7)"].enumerated() {
            try owner.query("alter table unasked \(change)")
            for client in clients {
                let batch = run("s") + [.sync]
                for piece in comesPieceByPiece ? batch.map({ [$0] }) : [batch] {
                    try client.send(piece)
                    // The server's answer has its time.
                    if comesPieceByPiece { for _ in 0..<5 { try other.query("select 1", []) } }
                }
                let answer = try client.readUntil("Z")
                #expect(answer.map(\.type) == ["2", "D", "C", "Z"], "\(answer)")
                #expect(answer.first { $0.type == "D" }?.values == [["1", "new"], ["new"], ["new"]][round])
            }
        }
        // Inside a transaction it has failed with the first of them.
        try clients[0].send(.query("begin"))
        try clients[0].readUntil("Z")
        try owner.query("alter table unasked add c int")
        try clients[0].send(run("s") + [.sync])
        #expect(try clients[0].readUntil("Z").first?.error.sqlState == "0A000")
        _ = try clients[0].query("rollback")
        try clients[0].send(run("s") + [.sync])
        #expect(try clients[0].readUntil("Z").first { $0.type == "D" }?.values == ["new", nil])
        try owner.query("drop table unasked")
    }
}
