import PoolerTestSupport
import Testing

/// One client does something to its session, by ways that a glance at the text does not see through; the next one on the same
/// server finds it as it would be without.
@Suite(.pgvaletOnly) struct SessionStateLeakTests {
    private static let comment = "/*\(String(repeating: "p", count: 70_000))*/ "
    private static let tag = String(repeating: "a", count: 70)

    /// What a client does, statement after statement.
    static let leaks: [[String]] = [
        ["set search_path = leak"],
        ["update pg_settings set setting = 'leak' where name = 'search_path'"],
        ["select U&\"set\\005fconfig\"('search_path', 'leak', false)"],
        ["select U&\"pg\\005fadvisory_lock\"(42)"],
        ["set U&\"leak\\002ea\" = 'leak'"],
        ["set session.leak = 'leak'"], ["set local.leak = 'leak'"], ["set schema.leak = 'leak'"],
        ["set time.leak = 'leak'"], ["set names.leak = 'leak'"],
        ["do $$ begin execute 'set leak.a = ''leak'''; end $$"],
        ["do $$ begin execute format('set %I.%I = leak', 'leak', 'a'); end $$"],
        ["do 'begin perform ''--''; execute ''set leak.a = 1''; end'"],
        ["do $$ begin perform pg_advisory_lock(42); end $$"],
        ["prepare p as select set_config('search_path', 'leak', false)", "execute p"],
        ["prepare p as select set_config('leak.a', 'leak', false)", "execute p", "deallocate p"],
        ["prepare p(int) as select pg_advisory_lock($1)", "execute p(42)", "deallocate p"],
        ["prepare p as select set_config('leak.a', 'leak', false)", "explain analyze execute p", "deallocate p"],
        ["do $$ begin prepare p as select set_config('leak.a', 'leak', false); end $$", "execute p", "deallocate p"],
        ["create table \"pg_temp\".\"leak_t\" (a int)"],
        ["select 1 as a into pg_temp.leak_t"], ["select 1 as a into /*x*/ temp leak_t"],
        ["explain analyze create table pg_temp.leak_t as select 1 as a"],
        ["set search_path = pg_temp", "create table leak_t (a int)"],
        ["set search_path = pg_temp", "select 1 as a into leak_t", "reset search_path"],
        ["begin; set local search_path = pg_temp; create table leak_t (a int); commit"],
        ["select query_to_xml('select set_config(''search_path'', ''leak'', false)', true, true, '')"],
        ["select query_to_xml('select set_config(''leak.''||''a'', ''leak'', false)', true, true, '')"],
        ["select E'a'\n'b\\'' ; set search_path = leak; --'"],
        ["select $\(tag)$ ' $\(tag)$ ; set search_path = leak; select '1'"],
        ["set standard_conforming_strings = off; select 'a\\'' ; set search_path = leak; --'"],
        [comment + "set leak.a = 'leak'"], [comment + "set search_path = leak"],
        [comment + "select pg_advisory_lock(42)"],
        ["select set_config('leak.' || 'a', 'leak', false)", "begin", "discard all", "rollback"],
        ["select set_config('leak.' || 'a', 'leak', false)", "select 1; discard all"],
        ["set dynamic_library_path = 'leak'; set role app"],
        ["set dynamic_library_path = 'leak'; set session authorization app"],
        [
            "listen a", "set dynamic_library_path = 'leak'; set session authorization app",
            "reset session authorization",
        ],
    ]

    private static let look = """
        select concat_ws(',', nullif(current_setting('search_path'), '"$user", public'),
        nullif(current_setting('dynamic_library_path'), '$libdir'),
        nullif(current_setting('leak.a', true), ''), nullif(current_setting('session.leak', true), ''),
        nullif(current_setting('local.leak', true), ''), nullif(current_setting('schema.leak', true), ''),
        nullif(current_setting('time.leak', true), ''), nullif(current_setting('names.leak', true), ''),
        nullif(current_setting('pgvalet.unknown_settings', true), ''), nullif(current_user, session_user),
        (select 'lock' from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
        (select 'table' from pg_class where relname = 'leak_t' and relnamespace = pg_my_temp_schema()),
        (select 'statement' from pg_prepared_statements where from_sql))
        """

    @Test(arguments: leaks.indices) func `the next client finds nothing`(index: Int) throws {
        let pooler = try Pooler([
            "pool_mode": "transaction", "default_pool_size": "1", "max_pinned": "1", "max_prepared_statements": "10",
        ])
        let statements = Self.leaks[index]
        let client = try pooler.connect(user: "postgres")
        for statement in statements { _ = try? client.query(statement) }
        client.close()
        let next = try pooler.connect(user: "postgres")
        #expect(try next.query(Self.look).value == "", "\(statements.map { $0.suffix(100) })")
    }

    @Test func `what a procedure sets does not stay`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "max_pinned": "1"])
        let client = try pooler.connect(user: "postgres")
        try client.query(
            """
            create or replace procedure leaking() language plpgsql as $$ begin perform set_config('leak.a', 'leak', false);
            set search_path = leak; perform pg_advisory_lock(42); end $$
            """)
        for parameters in [nil, []] as [[String?]?] {
            let caller = try pooler.connect(user: "postgres")
            if let parameters {
                try caller.query("call leaking()", parameters)
            } else {
                try caller.query("call leaking()")
            }
            #expect(try caller.setting("search_path") == "leak")
            caller.close()
            #expect(try client.query(Self.look).value == "")
        }
        try client.query("drop procedure leaking")
    }

    @Test func `what is made by a search_path of the startup packet is found`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1", "max_pinned": "1"])
        let client = try pooler.connect(["options": "-c search_path=pg_temp"])
        try client.query("create table leak_t (a int)")
        try eventually { try pooler.console("SHOW PINS").records.first?["reasons"] == "temporary tables" }
        client.close()
        #expect(try pooler.connect(user: "postgres").query(Self.look).value == "")
    }

    @Test func `RESET ALL and DISCARD ALL let go what nobody can look for, if they come to pass`() throws {
        for (query, isGone) in [("reset all", true), ("discard all", true), ("begin; reset all; rollback", false)] {
            let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2", "max_pinned": "1"])
            let client = try pooler.connect()
            try client.query("do $$ begin execute 'set leak.a = 1'; end $$")
            try client.query(query)
            try eventually { try pooler.console("SHOW PINS").rows.isEmpty == isGone }
            #expect(try client.query("select current_setting('leak.a', true)").value == (isGone ? "" : "1"))
        }
    }

    @Test func `a long text pins nobody`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2", "max_pinned": "1"])
        let client = try pooler.connect()
        try client.query("set work_mem = '7MB'")
        #expect(try client.query(Self.comment + "select 7").value == "7")
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
        #expect(try client.query("show work_mem").value == "7MB")
    }
}
