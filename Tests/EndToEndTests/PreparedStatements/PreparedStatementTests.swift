import PoolerTestSupport
import Testing

/// Prepared statements on servers: how many there are, who shares them, and where they go.
@Suite struct PreparedStatementTests {
    @Test(arguments: [1, 3, 200])
    func `a server keeps no more statements than max_prepared_statements`(limit: Int) throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1", "max_prepared_statements": "\(limit)",
        ])
        let client = try pooler.connect()
        for number in 0..<10 { try client.prepare("s\(number)", "select \(number), $1::text") }
        for round in 0..<30 {
            let number = (round * 7) % 10
            #expect(try client.execute("s\(number)", ["x"]).rows == [["\(number)", "x"]])
            let held = try client.query("select count(*) from pg_prepared_statements where name like 'PGBOUNCER_%'")
                .value
            #expect(try #require(Int(held ?? "")) <= limit)
        }
        let servers = try pooler.console("show servers").records.map { $0["prepared_statements"] }
        #expect(servers == ["\(min(limit, 10))"])
        let clients = try pooler.console("show clients").records.filter { $0["database"] == "app" }
        #expect(clients.map { $0["prepared_statements"] } == ["10"])
    }

    @Test func `clients share a statement of the same text`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        for _ in 0..<5 {
            let client = try pooler.connect()
            try client.prepare("one", "select 1")
            try client.execute("one")
        }
        let client = try pooler.connect()
        let names = try client.query("select name from pg_prepared_statements where statement = 'select 1'").rows
        #expect(names.count == 1)
        let stats = try pooler.console("show stats").records.first { $0["database"] == "app" }
        #expect(stats?["total_client_parse_count"] == "5")
        #expect(stats?["total_server_parse_count"] == "1")
        #expect(stats?["total_bind_count"] == "5")
    }

    @Test func `a pipeline of hundreds of messages keeps its order`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "max_prepared_statements": "20"])
        let clients = try (0..<3).map { _ in try RawClient.loggedIn(pooler) }
        for client in clients {
            var messages: [WireMessage] = []
            for number in 0..<300 {
                if number < 50 { messages.append(.parse("s\(number)", "select \(number), $1::int")) }
                messages += [.bind("s\(number % 50)", ["\(number)"]), .execute()]
                if number % 60 == 59 { messages.append(.sync) }
            }
            try client.send(messages)
        }
        for client in clients {
            var rows: [[String?]] = []
            for _ in 0..<5 {
                let answer = try client.readUntil("Z")
                #expect(!answer.contains { $0.type == "E" }, "\(answer.filter { $0.type == "E" })")
                rows += answer.filter { $0.type == "D" }.map(\.values)
            }
            #expect(rows == (0..<300).map { ["\($0 % 50)", "\($0)"] })
        }
    }

    @Test func `a statement that was dropped behind the pooler's back is prepared again`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let client = try pooler.connect()
        try client.prepare("s", "select 7")
        try client.query("do $$ begin execute 'deallocate all'; end $$")
        #expect(try client.execute("s").value == "7")
    }

    @Test func `an EXECUTE of what cannot be prepared any more fails once, and for that reason`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "max_prepared_statements": "1"])
        let client = try RawClient.loggedIn(pooler)
        _ = try client.query("drop table if exists soon_gone; create table soon_gone ()")
        try client.send([.parse("s", "select from soon_gone"), .sync])
        try client.readUntil("Z")
        // This one takes its place on the server.
        try client.send([.parse("t", "select 7"), .sync, .query("drop table soon_gone")])
        try client.readUntil("Z")
        try client.readUntil("Z")
        let cases: [(sql: String, types: [Character])] = [
            ("execute s", ["E", "Z"]), ("select 1; execute s; select 2", ["T", "D", "C", "E", "Z"]),
            ("execute t; execute s", ["T", "D", "C", "E", "Z"]), ("begin", ["C", "Z"]), ("execute s", ["E", "Z"]),
            ("rollback", ["C", "Z"]), ("execute t", ["T", "D", "C", "Z"]), ("execute s", ["E", "Z"]),
        ]
        for (sql, types) in cases {
            let answer = try client.query(sql)
            #expect(answer.map(\.type) == types, "\(sql): \(answer)")
            if let error = answer.first(where: { $0.type == "E" })?.error { #expect(error.sqlState == "42P01") }
        }
        // What fails before it tells its own reason.
        #expect(try client.query("select 1/0; execute s").first?.error.sqlState == "22012")
        #expect(try client.query("execute nothing; execute s").first?.error.sqlState == "26000")
    }

    @Test func `a client with settings of its own may name statements beside what can be read in two ways`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let client = try RawClient.loggedIn(pooler)
        for sql in ["deallocate a", "deallocate all"] {
            _ = try client.query("set app.a = 'before'")
            let answer = try client.query("select 1; \(sql); set app.a = 'äö\\'; select 2")
            #expect(answer.last?.type == "Z", "\(answer)")
        }
        #expect(try client.query("show app.a").first { $0.type == "D" }?.values == ["äö\\"])
    }

    @Test func `a named statement of more than 16 MiB is refused, an unnamed one runs`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let client = try pooler.connect()
        let text = "select length('" + String(repeating: "x", count: 17_000_000) + "')"
        #expect(try client.query(text, []).value == "17000000")
        try client.query("begin")
        let error = #expect(throws: PostgresError.self) { try client.prepare("s", text) }
        #expect(error?.sqlState == "54000")
        #expect(throws: PostgresError.self) { try client.query("select 1") }
        try client.query("rollback")
        #expect(try client.query("select 1").value == "1")
    }

    @Test func `with max_prepared_statements 0 names pass through`() throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1", "max_prepared_statements": "0",
        ])
        let client = try pooler.connect()
        try client.prepare("plain", "select 1")
        #expect(try client.query("select name from pg_prepared_statements").rows == [["plain"]])
    }

    @Test func `statements follow servers from worker to worker`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2", "worker_threads": "2"])
        let clients = try (0..<8).map { _ in try pooler.connect() }
        for (number, client) in clients.enumerated() {
            for name in 0..<5 { try client.prepare("s\(name)", "select \(name * number % 7), $1::int") }
        }
        for round in 0..<40 {
            for (number, client) in clients.enumerated() {
                try client.sendExecute("s\((round + number) % 5)", ["\(round)"])
            }
            for (number, client) in clients.enumerated() {
                let name = (round + number) % 5
                #expect(try client.lastResult().rows == [["\(name * number % 7)", "\(round)"]])
            }
        }
    }
}
