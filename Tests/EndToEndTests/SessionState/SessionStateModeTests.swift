import PoolerTestSupport
import Testing

/// The values of session_state, in every pool mode: what leaks, and what does not.
@Suite(.pgvaletOnly) struct SessionStateModeTests {
    /// What is left in a session by somebody else, in one number for each kind.
    private static let traces = """
        select concat_ws(' ', current_setting('work_mem'), current_user, coalesce(nullif(current_setting('state.a', true), ''), '-'),
        (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
        (select count(*) from pg_class where relname = 'state_t' and relnamespace = pg_my_temp_schema()),
        (select count(*) from pg_cursors where is_holdable), (select count(*) from pg_listening_channels()),
        (select count(*) from pg_prepared_statements where from_sql), current_setting('transaction_isolation'))
        """
    private static let clean = "4MB app - 0 0 0 0 0 read committed"
    private static let everything = [
        "set work_mem = '7MB'", "set state.a = 'x'", "create temp table state_t (a int)", "select pg_advisory_lock(91)",
        "declare c cursor with hold for select 1", "listen state_l", "prepare state_p as select 1",
        "set role state_mode",
        "set session characteristics as transaction isolation level serializable",
    ]

    /// Made once: roles are the whole server's, and tests run side by side.
    private static let role: Result<String, any Error> = Result {
        let admin = try Postgres.shared.connect(database: "app")
        try admin.query("create role state_mode; grant state_mode to app")
        return "state_mode"
    }

    private func pooler(_ state: String, _ mode: String, _ more: [String: String] = [:]) throws -> Pooler {
        let settings = ["pool_mode": mode, "default_pool_size": "1", "session_state": state, "max_pinned": "1"]
        return try Pooler(settings.merging(more) { $1 })
    }

    @Test(arguments: ["track", "pin", "reset"], ["transaction", "statement", "session"])
    func `nothing leaks to the next client`(state: String, mode: String) throws {
        _ = try Self.role.get()
        for query in mode == "session" ? ["DISCARD ALL", ""] : ["DISCARD ALL"] {
            let pooler = try pooler(state, mode, ["server_reset_query": query])
            for sql in Self.everything + [Self.everything.joined(separator: ";")] {
                let client = try pooler.connect()
                try client.query(sql)
                client.close()
                let next = try pooler.connect()
                #expect(try next.query(Self.traces).value == Self.clean, "after \(sql) in \(mode) mode")
                next.close()
            }
        }
    }

    @Test func `passthrough leaves everything as PgBouncer does`() throws {
        let pooler = try pooler("passthrough", "transaction")
        let client = try pooler.connect()
        try client.query("set work_mem = '7MB'; create temp table state_t as select 7 as a; listen a")
        #expect(try pooler.connect().query("select a from state_t").value == "7")
        #expect(try pooler.connect().setting("work_mem") == "7MB")
        #expect(try pooler.console("SHOW PINS").rows.isEmpty)
    }

    @Test func `reset: state ends with the transaction`() throws {
        let pooler = try pooler("reset", "transaction")
        let client = try pooler.connect()
        for sql in Self.everything.dropLast(2) {
            try client.query("begin; \(sql); commit")
            #expect(try client.query(Self.traces).value == Self.clean, "after \(sql)")
        }
        try client.query("begin; set work_mem = '7MB'")
        #expect(try client.setting("work_mem") == "7MB")
        try client.query("commit")
        #expect(try client.setting("work_mem") == "4MB")
        #expect(try pooler.console("SHOW PINS").rows.isEmpty)
        try client.query("set application_name = 'tracked as ever'")
        #expect(try client.setting("application_name") == "tracked as ever")
    }

    @Test func `pin: any state keeps a client on its server until it is gone`() throws {
        _ = try Self.role.get()
        let pooler = try pooler("pin", "transaction", ["default_pool_size": "2"])
        let client = try pooler.connect()
        for (sql, end, reason) in [
            ("set work_mem = '7MB'", "reset work_mem", "parameters"), ("set role state_mode", "reset role", "role"),
            ("set state.a = 'x'", "discard all", "parameters"), ("listen a", "unlisten *", "LISTEN"),
            ("set work_mem = '7MB'", "reset all", "parameters"),
        ] {
            try client.query(sql)
            try eventually { try pooler.console("SHOW PINS").records.map { $0["reasons"] } == [reason] }
            let other = try pooler.connect()
            #expect(throws: PostgresError.self) { try other.query("set work_mem = '5MB'") }
            #expect(try other.setting("work_mem") == "4MB")
            try client.query(end)
            try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
        }
        try client.query("set application_name = 'tracked as ever'")
    }

    @Test func `it can be set for a database and for a user`() throws {
        let pooler = try Pooler(
            ["pool_mode": "transaction", "session_state": "passthrough", "default_pool_size": "2"],
            databases: ["tracked": "$server dbname=app session_state=track max_pinned=1"],
            users: ["postgres": "session_state=reset"])
        let states = { try pooler.console("SHOW PIN_STATS").records }
        try pooler.connect().query("select 1")
        try pooler.connect(database: "tracked").query("select 1")
        try pooler.connect(user: "postgres").query("select 1")
        #expect(
            try states().first { $0["database"] == "app" && $0["user"] == "app" }?["session_state"] == "passthrough")
        #expect(try states().first { $0["database"] == "tracked" }?["session_state"] == "track")
        #expect(try states().first { $0["database"] == "tracked" }?["max_pinned"] == "1")
        #expect(try states().first { $0["user"] == "postgres" }?["session_state"] == "reset")
    }

    @Test(arguments: ["track", "pin", "reset"])
    func `what connect_query has set is there for every client`(state: String) throws {
        let settings = ["pool_mode": "transaction", "default_pool_size": "2", "session_state": state]
        let query = "connect_query='set work_mem = ''7MB''; set app.base = ''b'''"
        let pooler = try Pooler(settings, databases: ["based": "$server dbname=app \(query)"])
        let client = try pooler.connect(database: "based")
        let look = "select current_setting('work_mem') || current_setting('app.base') || current_setting('geqo')"
        for sql in ["set geqo = off", "set work_mem = '8MB'", "begin; set work_mem = '9MB'; rollback"] {
            try client.query(sql)
            for _ in 0..<3 {
                #expect(try pooler.connect(database: "based").query(look).value == "7MBbon", "after \(sql)")
            }
        }
        if state == "track" { #expect(try client.query(look).value == "8MBboff") }
    }

    @Test func `a large statement is looked at afterwards`() throws {
        let pooler = try pooler("track", "transaction")
        let client = try pooler.connect()
        let filler = String(repeating: "x", count: 300_000)
        try client.query("select '\(filler)'; set work_mem = '7MB'; set state.large = 'y'")
        #expect(try client.setting("work_mem") == "7MB")
        #expect(try pooler.connect().setting("work_mem") == "4MB")
        try client.query("create temp table state_t as select '\(filler)'", [] as [String?])
        #expect(try client.query("select count(*) from state_t").value == "1")
        #expect(try pooler.connect(user: "postgres").setting("work_mem") == "4MB")
    }

    @Test func `a plain transaction asks the server nothing more`() throws {
        let pooler = try pooler("track", "transaction", ["stats_period": "1"])
        let client = try pooler.connect()
        try client.query("select 1")
        let before = try Postgres.shared.connect(database: "app").query("select 1").value
        #expect(before == "1")
        #expect(try client.query("select count(*) from pg_prepared_statements").value == "0")
    }
}
