import PoolerTestSupport
import Testing

/// RELOAD: what it changes at once, and that a broken file changes nothing.
@Suite struct ReloadTests {
    private static let failed = PostgresError.console("RELOAD failed, see logs for additional details", "F0000")

    @Test(
        .pgvaletOnly,
        arguments: [
            "query_wait_timeout = 5\nno_such_key = 1", "query_wait_timeout = 5\npool_mode = sometimes",
            "query_wait_timeout = 5\njust words",
            "query_wait_timeout = 5\n%include /nonexistent/more.ini",
            "query_wait_timeout = 5\n[databases]\nbroken = nonsense=1",
        ])
    func `a broken file keeps the old configuration whole`(tail: String) throws {
        let pooler = try Pooler(["pool_mode": "transaction", "query_wait_timeout": "77"])
        let client = try pooler.connect()
        let before = try pooler.console("SHOW CONFIG").rows
        let good = pooler.ini
        try pooler.writeIni(good.replacing("query_wait_timeout = 77", with: "") + tail + "\n")
        #expect(throws: Self.failed) { try pooler.console("RELOAD") }
        #expect(try pooler.console("SHOW CONFIG").rows == before)
        #expect(try client.query("select 1").value == "1")
        #expect(pooler.log.contains("\(pooler.directory)/pooler.ini:"))
        try pooler.writeIni(good)
        #expect(try pooler.console("RELOAD").tag == "RELOAD")
    }

    @Test(.since(23)) func `a broken file costs clients nothing`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try pooler.writeIni(pooler.ini + "no_such_key = 1\n")
        #expect(throws: Self.failed) { try pooler.console("RELOAD") }
        #expect(try client.query("select 1").value == "1")
        #expect(try pooler.connect().query("select 2").value == "2")
    }

    @Test func `a database that is removed takes its clients along`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"], databases: ["extra": "$server dbname=app"])
        let (victim, bystander) = (try RawClient.loggedIn(pooler, database: "extra"), try pooler.connect())
        try pooler.reload { $0.databases = ["app": "$server"] }
        try victim.expectFatal(.fatal("database removed"))
        #expect(try bystander.query("select 1").value == "1")
    }

    @Test func `a database that is changed gets new servers as the old ones become free`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"], databases: ["moving": "$server dbname=app"])
        let client = try pooler.connect(database: "moving")
        try client.query("begin")
        let old = try client.serverPID()
        try pooler.reload { $0.databases["moving"] = "$server dbname=postgres" }
        #expect(try client.serverPID() == old)
        try client.query("commit")
        #expect(try client.query("select current_database()").value == "postgres")
    }

    @Test func `new databases, users and sizes work at once`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let holder = try pooler.connect()
        try holder.query("begin")
        let waiter = try pooler.connect()
        try waiter.send("select 'served'")
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        try pooler.reload {
            $0.main["default_pool_size"] = "2"
            $0.databases["fresh"] = "$server dbname=app user=app"
            $0.secrets["newcomer"] = "x"
        }
        #expect(try waiter.lastResult().value == "served")
        #expect(try pooler.connect(user: "newcomer", database: "fresh").query("select 1").value == "1")
        try holder.query("rollback")
    }

    @Test(.pgvaletOnly) func `what is removed from the file is gone`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "verbose": "1"], databases: ["app": "$server user=app"])
        try pooler.reload {
            $0.databases = ["app": "$server"]
            $0.main["verbose"] = nil
        }
        #expect(throws: PostgresError.fatal("no such database: postgres")) { try pooler.connect(database: "postgres") }
        #expect(try pooler.connect(user: "postgres").query("select current_user").value == "postgres")
        #expect(try pooler.console("SHOW CONFIG").rows.first { $0[0] == "verbose" }?[1] != "1")
    }

    @Test func `settings may come from an included file`() throws {
        let pooler = try Pooler()
        let more = try TemporaryDirectory("include")
        try more.write("more.ini", "query_wait_timeout = 66\n")
        try pooler.writeIni(pooler.ini + "%include \(more.file("more.ini"))\n")
        try pooler.console("RELOAD")
        #expect(try pooler.console("SHOW CONFIG").rows.first { $0[0] == "query_wait_timeout" }?[1] == "66")
    }
}
