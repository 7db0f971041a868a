import PoolerTestSupport
import Testing

/// Very many clients over few servers.
@Suite(.serialized) struct CrowdTests {
    @Test(arguments: ["transaction", "statement"])
    func `a thousand clients over ten servers each get exactly their own answers`(mode: String) throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(
            ["pool_mode": mode, "max_client_conn": "1100", "default_pool_size": "10"],
            databases: ["app": "$server user=\(role)"])
        let crowd = try Crowd(1000, on: pooler) { client, round in
            let mark = "\(client)-\(round)"
            return round < 10 ? ("select '\(mark)', repeat('\(mark) ', \((client * 37 + round) % 1000))", mark) : nil
        }
        try crowd.run(within: .seconds(60))
        #expect(crowd.troubles == [])
        #expect(crowd.rightAnswers == 10_000)
        #expect(try Postgres.shared.backends(of: role).count <= 10)
    }

    @Test func `a thousand sessions take turns on ten servers`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(
            ["pool_mode": "session", "max_client_conn": "1100", "default_pool_size": "10"],
            databases: ["app": "$server user=\(role)"])
        let crowd = try Crowd(1000, on: pooler) { client, round in round < 2 ? ("select \(client)", "\(client)") : nil }
        try crowd.run(within: .seconds(60))
        #expect(crowd.troubles == [])
        #expect(crowd.rightAnswers == 2000)
        #expect(try Postgres.shared.backends(of: role).count <= 10)
    }

    @Test func `waiting is first come, first served`() throws {
        let pooler = try Pooler(
            ["pool_mode": "transaction", "default_pool_size": "1", "worker_threads": "1"].filter {
                Pooler.isPgvalet || $0.key != "worker_threads"
            })
        try Postgres.shared.query(
            "create table if not exists turns (n int); truncate turns; grant all on turns to app", database: "app")
        let holder = try pooler.connect()
        try holder.query("begin")
        let clients = try (0..<10).map { _ in try pooler.connect() }
        for (number, client) in clients.enumerated() {
            try client.send("insert into turns values (\(number))")
            try eventually { try pooler.pool()["cl_waiting"] == "\(number + 1)" }
        }
        try holder.query("commit")
        for client in clients { try client.lastResult() }
        let order = try Postgres.shared.query(
            "select string_agg(n::text, ' ' order by ctid) from turns", database: "app")
        #expect(order == [["0 1 2 3 4 5 6 7 8 9"]])
    }
}
