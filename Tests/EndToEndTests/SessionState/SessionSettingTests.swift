import PoolerTestSupport
import Testing

/// `session_state = track`: parameters follow their client from server to server, and nobody else sees them.
@Suite(.pgvaletOnly) struct SessionSettingTests {
    /// A client that sets things, and one that must not notice, over one server.
    private func pair(_ more: [String: String] = [:]) throws -> (client: Connection, other: Connection) {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"].merging(more) { $1 })
        return (try pooler.connect(), try pooler.connect())
    }

    /// What both see of a setting, by turns.
    private func expect(
        _ clients: (client: Connection, other: Connection), _ name: String, _ value: String?, _ usual: String?,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        for _ in 0..<2 {
            let text = "select current_setting('\(name)', true)"
            #expect(try clients.client.query(text).value == value, sourceLocation: location)
            #expect(try clients.other.query(text).value == usual, sourceLocation: location)
        }
    }

    @Test(arguments: [
        ("set work_mem = '7MB'", "work_mem", "7MB", "4MB"),
        ("SET statement_timeout TO 7000", "statement_timeout", "7s", "0"),
        ("set search_path = a, \"B c\", \"$user\"", "search_path", "a, \"B c\", \"$user\"", "\"$user\", public"),
        ("select set_config('geqo', 'off', false)", "geqo", "off", "on"),
        ("begin; set work_mem = '7MB'; commit", "work_mem", "7MB", "4MB"),
        ("begin; set local work_mem = '5MB'; set work_mem = '7MB'; commit", "work_mem", "7MB", "4MB"),
        ("begin; savepoint a; set work_mem = '5MB'; rollback to a; set geqo = off; commit", "work_mem", "4MB", "4MB"),
        (
            "begin; set work_mem = '5MB'; savepoint a; set work_mem = '6MB'; rollback to a; commit", "work_mem", "5MB",
            "4MB"
        ),
        ("begin; set work_mem = '7MB'; rollback", "work_mem", "4MB", "4MB"),
        ("set work_mem = '7MB'; reset work_mem", "work_mem", "4MB", "4MB"),
        ("set work_mem = '7MB'; reset all", "work_mem", "4MB", "4MB"),
        ("begin; set local work_mem = '7MB'; commit", "work_mem", "4MB", "4MB"),
        (
            "set session characteristics as transaction isolation level serializable", "transaction_isolation",
            "serializable", "read committed"
        ),
        ("set session characteristics as transaction read only", "transaction_read_only", "on", "off"),
        (
            "set session characteristics as transaction isolation level serializable, read only, deferrable",
            "transaction_deferrable", "on", "off"
        ),
        ("do $$ begin perform set_config('work_mem', '7MB', false); end $$", "work_mem", "7MB", "4MB"),
        ("do $$ begin set work_mem = '7MB'; end $$", "work_mem", "7MB", "4MB"),
        ("set xmloption = document", "xmloption", "document", "content"),
    ])
    func `parameters are kept for their client alone`(sql: String, name: String, value: String, usual: String) throws {
        let clients = try pair()
        try clients.client.query(sql)
        try expect(clients, name, value, usual)
    }

    @Test(arguments: ["it's \\ \"quoted\", $$äöü€$$", "", "'; select 1; --", "line\nbreak\ttab"])
    func `parameters of one's own keep any value`(value: String) throws {
        let clients = try pair()
        try clients.client.query("select set_config('app.who', $1, false)", [value])
        // The name is in the text.
        let quoted = value.replacing("'", with: "''")
        try clients.client.query("set standard_conforming_strings = on")
        try clients.client.query("set app.who = '\(quoted)'")
        for _ in 0..<2 {
            #expect(try clients.client.query("select current_setting('app.who', true)").value == value)
            let seen = try clients.other.query("select current_setting('app.who', true)").value
            #expect((seen ?? "").isEmpty)
        }
    }

    @Test func `a role is kept, and let go`() throws {
        let admin = try Postgres.shared.connect(database: "app")
        try admin.query("drop role if exists state_role; create role state_role; grant state_role to app")
        let clients = try pair()
        try clients.client.query("set role state_role")
        for _ in 0..<2 {
            #expect(try clients.client.query("select current_user").value == "state_role")
            #expect(try clients.other.query("select current_user").value == "app")
        }
        try clients.client.query("begin; reset role; rollback")
        #expect(try clients.client.query("select current_user").value == "state_role")
        try clients.client.query("reset role")
        #expect(try clients.client.query("select current_user").value == "app")
        try clients.client.query("begin; set local role state_role; commit")
        #expect(try clients.client.query("select current_user").value == "app")
    }

    @Test func `a role that is gone ends its client, and its queries do not run as another`() throws {
        let admin = try Postgres.shared.connect(database: "app")
        try admin.query("drop role if exists state_gone; create role state_gone; grant state_gone to app")
        let clients = try pair()
        try clients.client.query("set role state_gone")
        try clients.other.query("select 1")
        try admin.query("drop role state_gone")
        let error = #expect(throws: PostgresError.self) {
            try clients.client.query("create table state_gone_was_here ()")
        }
        #expect(error?.message == "invalid server parameter")
        #expect(error?.detail == "role \"state_gone\" does not exist")
        #expect(try clients.other.query("select to_regclass('state_gone_was_here')").value == nil)
        #expect(try clients.other.query("select current_user").value == "app")
    }

    // One after the other, since they grant and revoke the same right.
    @Test(.serialized, arguments: ["SET", "startup packet"])
    func `a query does not run without a value that the server refuses all of a sudden`(way: String) throws {
        let admin = try Postgres.shared.connect(database: "app")
        try admin.query("grant set on parameter log_min_duration_statement to app")
        let more = way == "SET" ? [:] : ["track_extra_parameters": "log_min_duration_statement"]
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"].merging(more) { $1 })
        let (client, other) = (
            try pooler.connect(way == "SET" ? [:] : ["options": "-c log_min_duration_statement=77s"]),
            try pooler.connect()
        )
        if way == "SET" { try client.query("set log_min_duration_statement = '77s'") }
        try other.query("select 1")
        #expect(try client.setting("log_min_duration_statement") == "77s")
        try other.query("select 1")
        try admin.query("revoke set on parameter log_min_duration_statement from app")
        let error = #expect(throws: PostgresError.self) { try client.query("create table refused_was_here ()") }
        #expect(error?.severity == "FATAL")
        #expect(error?.message == "invalid server parameter")
        #expect(error?.detail == "permission denied to set parameter \"log_min_duration_statement\"")
        #expect(try other.query("select to_regclass('refused_was_here')").value == nil)
        #expect(try other.setting("log_min_duration_statement") == "-1")
        #expect(try other.setting("exit_on_error") == "off")
    }

    @Test func `another session user is kept, with what only the first may set`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let (client, other) = (try pooler.connect(user: "postgres"), try pooler.connect(user: "postgres"))
        try client.query("set log_statement = 'all'; set session authorization app; set work_mem = '7MB'")
        for _ in 0..<2 {
            #expect(try client.query("select session_user").value == "app")
            #expect(try client.setting("log_statement") == "all")
            #expect(try client.setting("work_mem") == "7MB")
            #expect(try other.query("select session_user").value == "postgres")
            #expect(try other.setting("log_statement") == "none")
        }
        try client.query("reset session authorization")
        #expect(try client.query("select session_user").value == "postgres")
    }

    @Test func `settings follow to other servers`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"])
        let (client, other) = (try pooler.connect(), try pooler.connect())
        try client.query("set work_mem = '7MB'; set app.tenant = 'seven'")
        let home = try client.serverPID()
        try other.beginTransaction(onServer: home)
        #expect(try client.serverPID() != home)
        #expect(
            try client.query("select current_setting('work_mem') || current_setting('app.tenant')").value == "7MBseven")
        #expect(try other.setting("work_mem") == "4MB")
    }

    @Test func `DISCARD ALL and a new session begin anew`() throws {
        let clients = try pair()
        try clients.client.query("set work_mem = '7MB'; set app.tenant = 'seven'; set search_path = x")
        try clients.client.query("discard all")
        try expect(clients, "work_mem", "4MB", "4MB")
        try expect(clients, "search_path", "\"$user\", public", "\"$user\", public")
    }

    @Test func `statements that are prepared over the protocol set as well`() throws {
        let clients = try pair()
        try clients.client.prepare("s", "select set_config('work_mem', $1, false)")
        try clients.client.prepare("t", "set geqo = off")
        for value in ["7MB", "8MB"] {
            try clients.client.execute("s", [value])
            try expect(clients, "work_mem", value, "4MB")
        }
        try clients.client.execute("t")
        try expect(clients, "geqo", "off", "on")
        try clients.client.query("set work_mem = '9MB'", [])
        try expect(clients, "work_mem", "9MB", "4MB")
    }

    @Test func `a statement in another search_path is another statement`() throws {
        let admin = try Postgres.shared.connect(database: "app")
        try admin.query(
            """
            drop schema if exists state_a, state_b cascade; create schema state_a; create schema state_b;
            create table state_a.t (id int); create table state_b.t (id text, more text);
            insert into state_a.t values (1); insert into state_b.t values ('b', 'c');
            grant usage on schema state_a, state_b to app; grant select on state_a.t, state_b.t to app
            """)
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let a = try pooler.connect(["options": "-c search_path=state_a"])
        let b = try pooler.connect(["options": "-c search_path=state_b"])
        try a.prepare("s", "select * from t where id = $1")
        try b.prepare("s", "select * from t where id = $1")
        for _ in 0..<3 {
            #expect(try a.execute("s", ["1"]).rows == [["1"]])
            #expect(try b.execute("s", ["b"]).rows == [["b", "c"]])
        }
    }

    @Test func `a short statement_timeout does not get into the way`() throws {
        let clients = try pair()
        try clients.client.query("set statement_timeout = '100ms'")
        try expect(clients, "statement_timeout", "100ms", "0")
        #expect(throws: PostgresError.self) { try clients.client.query("select pg_sleep(5)") }
        try clients.client.query("set work_mem = '7MB'")
        try expect(clients, "statement_timeout", "100ms", "0")
        try expect(clients, "work_mem", "7MB", "4MB")
    }

    @Test func `nobody is fooled by a search_path of the client's choice`() throws {
        let admin = try Postgres.shared.connect(database: "app")
        try admin.query(
            """
            drop schema if exists state_trap cascade; create schema state_trap authorization app;
            set role app; set search_path = state_trap;
            create function set_config(text, text, boolean) returns text language sql as $$ select 'trapped' $$;
            create function current_setting(text) returns text language sql as $$ select 'trapped' $$;
            create view pg_settings as select 'work_mem' as name, '1GB' as setting, 'session' as source
            """)
        let clients = try pair()
        try clients.client.query("set search_path = state_trap, pg_catalog; set work_mem = '7MB'")
        for _ in 0..<2 {
            #expect(try clients.client.query("select pg_catalog.current_setting('work_mem')").value == "7MB")
            #expect(try clients.client.query("select current_setting('work_mem')").value == "trapped")
            #expect(try clients.other.setting("work_mem") == "4MB")
        }
    }

    @Test func `a client in another encoding keeps its values`() throws {
        let clients = try pair()
        try clients.client.query("set client_encoding = 'SJIS'")
        try clients.client.query("set app.name = U&'\\30BD\\30BD'; set app.quote = ''''")
        for _ in 0..<2 {
            #expect(
                try clients.client.query("select encode(convert_to(current_setting('app.name'), 'UTF8'), 'hex')").value
                    == "e382bde382bd")
            #expect(try clients.client.query("select current_setting('app.quote')").value == "'")
            try clients.other.query("select 1")
        }
    }

    @Test func `a client that leaves at once leaves nothing behind`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let other = try pooler.connect()
        for _ in 0..<20 {
            let client = try RawClient.loggedIn(pooler)
            try client.send(.query("set work_mem = '7MB'"), .terminate)
            _ = try client.readToEnd()
            #expect(try other.setting("work_mem") == "4MB")
        }
    }

    @Test func `many clients with settings of their own share two servers`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"])
        let clients = try (0..<8).map { _ in try pooler.connect() }
        for (number, client) in clients.enumerated() { try client.query("set work_mem = '\(number + 1)MB'") }
        for _ in 0..<5 {
            for (number, client) in clients.enumerated() {
                try client.send("select current_setting('work_mem'), \(number)")
            }
            for (number, client) in clients.enumerated() { #expect(try client.lastResult().value == "\(number + 1)MB") }
        }
    }

    @Test func `temp_buffers that a server refuses to change get another server`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"])
        let (client, other) = (try pooler.connect(), try pooler.connect())
        try client.query("set temp_buffers = '1600kB'")
        try other.query("create temp table state_t (a int); insert into state_t values (1); drop table state_t")
        #expect(try client.setting("temp_buffers") == "1600kB")
        try client.query("create temp table state_t (a int); insert into state_t values (1); drop table state_t")
        for _ in 0..<2 {
            #expect(try other.setting("temp_buffers") == "8MB")
            #expect(try client.setting("temp_buffers") == "1600kB")
        }
    }
}
