import PoolerTestSupport
import Testing

/// `session_state = track`: what no other server can be given keeps a client on its own.
@Suite(.pgvaletOnly) struct PinTests {
    private func pooler(_ more: [String: String] = [:]) throws -> Pooler {
        try Pooler(["pool_mode": "transaction", "default_pool_size": "2", "max_pinned": "1"].merging(more) { $1 })
    }

    /// What pins, how it shows, and what ends it.
    static let pins: [(make: String, proof: String, end: String, reason: String)] = [
        (
            "create temp table state_t as select 7 as a", "select a from state_t", "drop table state_t",
            "temporary tables"
        ),
        (
            "begin; create temp table state_t as select 7 as a; commit", "select a from pg_temp.state_t",
            "discard temp", "temporary tables"
        ),
        ("select 7 as a into temp state_t", "select a from state_t", "drop table state_t", "temporary tables"),
        (
            "select pg_advisory_lock(71)",
            "select count(*) + 6 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
            "select pg_advisory_unlock(71)", "session advisory locks"
        ),
        (
            "select pg_try_advisory_lock_shared(72)",
            "select count(*) + 6 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
            "select pg_advisory_unlock_all()", "session advisory locks"
        ),
        (
            "begin; declare c scroll cursor with hold for select 7; commit", "fetch first c", "close c",
            "cursors WITH HOLD"
        ),
        (
            "declare c scroll cursor with hold for select generate_series(7, 9)", "fetch first c", "close all",
            "cursors WITH HOLD"
        ),
        ("prepare state_p as select 7", "execute state_p", "deallocate state_p", "SQL PREPARE"),
        ("listen state_l", "select 7 from pg_listening_channels()", "unlisten *", "LISTEN"),
        (
            "create temp table state_t (a int); insert into state_t values (7)", "select a from state_t", "discard all",
            "temporary tables"
        ),
        (
            "do $$ begin create temp table state_t as select 7 as a; end $$", "select a from state_t",
            "drop table state_t", "temporary tables"
        ),
        (
            "select set_config('state.' || 'a', '7', false)", "select current_setting('state.a')", "discard all",
            "parameters set by name in a variable"
        ),
    ]

    @Test(arguments: pins)
    func `state of a connection is kept, told, and let go`(make: String, proof: String, end: String, reason: String)
        throws
    {
        let pooler = try pooler()
        let (client, other) = (try pooler.connect(), try pooler.connect())
        try client.query(make)
        let home = try client.serverPID()
        for _ in 0..<3 {
            #expect(try client.query(proof).value == "7")
            #expect(try other.serverPID() != home)
        }
        // The server may still be asked what its session holds.
        try eventually { try pooler.console("SHOW PINS").records.first?["state"] == "idle" }
        let pin = try #require(try pooler.console("SHOW PINS").records.first)
        #expect(pin["reasons"] == reason && pin["user"] == "app" && pin["database"] == "app")
        #expect(pin["server_pid"] == "\(home)")
        #expect(
            client.notices.count { $0.message.contains(reason) && $0.message.contains("keeps its server connection") }
                == 1)
        #expect(pooler.log.contains("pinned to S-0x"))
        #expect(try pooler.pool()["sv_active"] == "1")
        try client.query(end)
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
        try eventually { try pooler.pool()["sv_active"] == "0" }
        let stats = try #require(try pooler.console("SHOW PIN_STATS").records.first { $0["user"] == "app" })
        #expect(
            stats["pinned"] == "0" && stats["total_pinned"] == "1" && stats["total_refused"] == "0"
                && stats["max_pinned"] == "1")
    }

    @Test(arguments: pins) func `a client that leaves takes its state along`(
        make: String, proof: String, end: String, reason: String
    ) throws {
        let pooler = try pooler(["default_pool_size": "1"])
        let client = try pooler.connect()
        try client.query(make)
        let home = try client.serverPID()
        client.close()
        let next = try pooler.connect()
        #expect(try next.serverPID() == home)
        #expect(
            try next.query(
                """
                select (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
                + (select count(*) from pg_class where relname = 'state_t' and relnamespace = pg_my_temp_schema())
                + (select count(*) from pg_cursors where is_holdable) + (select count(*) from pg_listening_channels())
                + (select count(*) from pg_prepared_statements where from_sql)
                """
            ).value == "0")
        #expect((try next.query("select current_setting('state.a', true)").value ?? "").isEmpty)
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
    }

    @Test(arguments: [
        "begin; create temp table state_t (a int) on commit drop; commit",
        "begin; create temp table state_t (a int); drop table state_t; commit",
        "begin; create temp table state_t (a int); rollback",
        "begin; select pg_advisory_lock(73); select pg_advisory_unlock(73); commit",
        "begin; select pg_advisory_xact_lock(74); commit",
        "begin; declare c cursor with hold for select 1; close c; commit",
        "begin; listen state_l; rollback", "begin; declare c cursor for select 1; fetch c; commit",
        "do $$ begin perform 1; end $$", "prepare state_p as select 1; deallocate state_p", "unlisten *", "discard all",
        "set work_mem = '7MB'",
    ])
    func `what is over with its transaction pins nobody`(sql: String) throws {
        let pooler = try pooler()
        let client = try pooler.connect()
        try client.query(sql)
        #expect(try client.query("select 1").value == "1")
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
        try eventually { try pooler.pool()["sv_active"] == "0" }
        #expect(client.notices.filter { $0.message.contains("keeps") }.isEmpty)
    }

    @Test func `a client that LISTENs hears while it is idle, and in the middle of its work`() throws {
        let pooler = try pooler(["max_pinned": "2"])
        let (client, sender) = (try pooler.connect(), try pooler.connect())
        try client.query("listen state_news")
        for number in 0..<3 {
            try sender.query("notify state_news, '\(number)'")
            let heard = try client.notifications()
            #expect(heard.map(\.payload) == ["\(number)"])
            try client.query("set work_mem = '\(number + 1)MB'")
        }
        try client.query("notify state_news, 'mine'")
        #expect(try client.notifications().map(\.payload) == ["mine"])
        try client.query("unlisten state_news")
        try sender.query("notify state_news, 'nobody'")
        #expect(try client.query("select 1").value == "1")
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
    }

    @Test func `statements prepared in SQL and over the protocol live side by side`() throws {
        let pooler = try pooler()
        let (client, other) = (try pooler.connect(), try pooler.connect())
        try client.query("prepare sql_one (int) as select $1 + 1")
        try client.prepare("wire_one", "select $1::int + 2")
        try other.prepare("wire_one", "select $1::int + 3")
        #expect(try client.query("execute sql_one(1)").value == "2")
        #expect(try client.execute("wire_one", ["1"]).value == "3")
        #expect(try other.execute("wire_one", ["1"]).value == "4")
        #expect(try client.execute("sql_one", ["1"]).value == "2")
        try client.query("deallocate all")
        #expect(throws: PostgresError.self) { try client.query("execute sql_one(1)") }
        #expect(throws: PostgresError.self) { try client.execute("wire_one", ["1"]) }
        #expect(try other.execute("wire_one", ["1"]).value == "4")
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
    }

    @Test func `settings of a pinned client stay its own, and are there after the pin`() throws {
        let pooler = try pooler(["default_pool_size": "1"])
        let client = try pooler.connect()
        try client.query("set work_mem = '7MB'; create temp table state_t (a int); set app.tenant = 'x'")
        #expect(try client.setting("work_mem") == "7MB")
        try client.query("set work_mem = '8MB'")
        try client.query("drop table state_t")
        let other = try pooler.connect()
        #expect(try other.setting("work_mem") == "4MB")
        #expect(try client.setting("work_mem") == "8MB")
        #expect(try client.setting("app.tenant") == "x")
    }

    @Test func `a pinned client that is idle too long goes`() throws {
        let pooler = try pooler(["client_idle_timeout": "1", "default_pool_size": "1"])
        let client = try RawClient.loggedIn(pooler)
        _ = try client.query("listen state_l")
        #expect(try client.readFatal().message == "client_idle_timeout")
        #expect(try pooler.connect().query("select count(*) from pg_listening_channels()").value == "0")
    }

    @Test func `RECONNECT and PAUSE wait for a pinned client as for one in session mode`() throws {
        let pooler = try pooler()
        let client = try pooler.connect()
        try client.query("create temp table state_t as select 7 as a")
        let home = try client.serverPID()
        try pooler.console("RECONNECT")
        #expect(try client.query("select a from state_t").value == "7")
        #expect(try client.serverPID() == home)
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try console.send("PAUSE")
        #expect(try client.query("select a from state_t").value == "7")
        try client.query("drop table state_t")
        #expect(try console.lastResult().tag == "PAUSE")
        try console.query("RESUME")
        #expect(try client.serverPID() != home)
    }

    @Test func `a cancel stops what a pinned client runs`() throws {
        let pooler = try pooler()
        let client = try pooler.connect()
        try client.query("select pg_advisory_lock(75)")
        try client.send("select pg_sleep(100)")
        try eventually { try pooler.console("SHOW PINS").records.first?["state"] == "active" }
        try eventually {
            try client.cancel()
            return client.isAnswered
        }
        #expect(throws: PostgresError.self) { try client.lastResult() }
        #expect(try client.query("select pg_advisory_unlock(75)").value == "t")
    }

    @Test func `values that are too long to be carried keep their client where it is`() throws {
        let pooler = try pooler()
        let (client, other) = (try pooler.connect(), try pooler.connect())
        try client.query("set work_mem = '7MB'")
        for sql in ["set_config('app.big', repeat('x', 600000), false)", "set_config('app.big', $1, false)"] {
            if sql.contains("$1") {
                try client.query("select length(\(sql))", [String(repeating: "x", count: 600_000)])
            } else {
                try client.query("select length(\(sql))")
            }
            #expect(try client.query("select length(current_setting('app.big'))").value == "600000")
            #expect(try client.setting("work_mem") == "7MB")
            #expect((try other.query("select current_setting('app.big', true)").value ?? "").isEmpty)
            try eventually { try pooler.console("SHOW PINS").records.first?["reasons"] == "long values of parameters" }
            try client.query("set app.big = 'short'")
            try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
            #expect(try client.setting("app.big") == "short")
            #expect(try client.setting("work_mem") == "7MB")
        }
    }

    @Test func `what connect_query makes is everybody's, and pins nobody`() throws {
        let pooler = try Pooler(
            ["pool_mode": "transaction", "default_pool_size": "1", "max_pinned": "1"],
            databases: [
                "app":
                    "$server connect_query='prepare everybodys as select 7; listen everybodys; create temp table everybodys as select 8 as a'"
            ])
        let client = try pooler.connect()
        for _ in 0..<2 {
            #expect(try client.query("execute everybodys").value == "7")
            #expect(try client.query("select a from everybodys").value == "8")
            #expect(try client.query("do $$ begin perform 1; end $$").tag == "DO")
            try eventually { try pooler.pool()["sv_active"] == "0" }
            #expect(try pooler.console("SHOW PINS").rows.isEmpty)
        }
        try client.query("prepare own as select 9")
        try eventually { try pooler.console("SHOW PINS").records.first?["reasons"] == "SQL PREPARE" }
        client.close()
        let next = try pooler.connect()
        #expect(throws: PostgresError.self) { try next.query("execute own") }
        #expect(try next.query("execute everybodys").value == "7")
        try next.query("deallocate everybodys")
        next.close()
        #expect(try pooler.connect().query("execute everybodys").value == "7")
    }
}
