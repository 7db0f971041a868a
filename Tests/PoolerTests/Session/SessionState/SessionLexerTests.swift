import Testing

@testable import Pooler

/// What a text may do to its session is found where Postgres would do it, and nowhere else.
@Suite struct SessionLexerTests {
    static func effects(_ text: String, hasBackslashes: Bool = false) -> SessionEffects {
        Array(text.utf8).withSpan { SessionLexer.effects(of: $0, hasBackslashes: hasBackslashes) }
    }

    @Test(arguments: [
        "", ";", "select 1", "SELECT * FROM t WHERE a = $1", "insert into t values (1)", "insert into temp values (1)",
        "begin", "commit;", "rollback to a", "start transaction read only", "update t set a = 1 where set_a = 2",
        "delete from pg_temp_things", "set local work_mem = '1MB'", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "set constraints all deferred", "show all", "-- set a = 1", "/* set a = 1 /* ; set b = 2 */ */ select 1",
        "select '; listen a'", "select $$; listen a; $$",
        "select $q$ $$; listen a; $$ $q$", "select \"; listen a\"", "select e'\\'; listen a; --'",
        "select 'it''s; listen a'", "select pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(2)",
        "select set_config('a.b', $1, true)", "select set_config($1, $2, true), set_config('x', 'y', /* so */ true )",
        "alter role app set work_mem = '1MB'", "merge into t using u on a = b when matched then delete",
        "with a as (insert into t values (1) returning a) select a",
        "prepare transaction 'x'", "notify a, 'b'", "fetch all from c", "declare c cursor for select 1 with hold",
        "declare c cursor without hold for select 1", "discard plans", "discard sequences",
        "set transaction_isolation = 'serializable'", "grant execute on function f() to a",
        "select e'it\\'s', 'a\\b'", "select 'ä', 'b\\'", "select a.temp from b.temp",
        "select my_pg_advisory_lock(1), pg_advisory_lock2(1), $1pg_advisory_lock", "(select 1)",
        "vacuum", "with a as (select 1) select * from a", "select item, system, remember from into_temp",
    ])
    func `plain statements change nothing`(text: String) {
        #expect(Self.effects(text) == .none)
    }

    @Test(arguments: [
        ("set a = 1", ["a"]), ("SET Work_Mem TO '1MB'", ["work_mem"]), ("set session x to default", ["x"]),
        ("set app.user_id = '7'", ["app.user_id"]), ("set \"App\".\"user\" = '7'", ["app.user"]),
        ("reset work_mem", ["work_mem"]), ("set time zone 'UTC'", ["timezone"]), ("reset time zone", ["timezone"]),
        ("set names 'UTF8'", ["client_encoding"]), ("set schema 'x'", ["search_path"]),
        ("begin; set a = 1; set local b = 2; /**/ set -- c\n c = 3", ["a", "c"]),
        ("select set_config('a.b', 'c', false)", ["a.b"]), ("select pg_catalog.set_config ( 'a' , $1, $2 )", ["a"]),
        ("select \"set_config\"('a', 'b', false)", ["a"]),
        ("select set_config('a', set_config('b', 'true', false), true)", ["b"]),
        ("insert into t select set_config('a', 'b', 'f')", ["a"]), ("set äö = 1", ["äö"]),
        ("set a = ';'; set b = 1", ["a", "b"]), ("set .a = 1; set a. = 1", ["a."]),
        ("set session.tenant = '1'", ["session.tenant"]), ("set local . x = '1'", ["local.x"]),
        ("set schema.x = '1'; set time.x = '2'", ["schema.x", "time.x"]), ("set xml/**/.x = '1'", ["xml.x"]),
        ("set transaction.x = '1'; set constraints.x = '2'", ["transaction.x", "constraints.x"]),
        ("set names.x = '1'; set session local.x = '2'", ["names.x", "local.x"]),
        ("set session session.x = '1'; reset session.y; reset all.x", ["session.x", "session.y", "all.x"]),
        ("select e'a'\n'b\\''; set a = 1; --'", ["a"]), ("select e'a' -- '\n 'b\\''; set a = 1; --'", ["a"]),
        (
            "select $\(String(repeating: "a", count: 70))$ ' $\(String(repeating: "a", count: 70))$; set a = 1; --'",
            ["a"]
        ),
        ("select 'a\\''; set a = 1; --'", ["a"]), ("select 'a\\'; set a = 1; --'", ["a"]),
    ])
    func `parameters are named`(text: String, names: [String]) {
        #expect(Self.effects(text).names.filter { $0 != ".a" } == names)
    }

    @Test(
        arguments: [
            ("set role app", .role), ("SET SESSION AUTHORIZATION DEFAULT", .role), ("reset role", .role),
            ("set session role x", .role), ("reset session authorization", .role), ("set role = 'x'", .role),
            ("set session characteristics as transaction read only", .settings),
            ("create temp table t (a int) on commit drop", .temporary),
            ("load 'x'", .settings), ("create table t (a int)", .temporary),
            ("create or replace function set_a() ...", .temporary), ("explain create table x as select 1", .temporary),
            ("select 1 as a into t", .temporary), ("select 1 into /*x*/ temp_t", .temporary),
            ("create table \"pg_temp\".\"t\" (a int)", .temporary), ("insert into pg_temp.t select 1", .temporary),
            ("insert into \"pg_temp_3\".t select 1", .temporary),
            ("update pg_settings set setting = 'x' where name = 'search_path'", .settings),
            ("update \"pg_settings\" set setting = 'x'", .settings),
            ("select run('select set_config(''a'', ''b'', false)')", [.settings, .advisoryLock]),
            ("select run($$select pg_advisory_lock(1)$$)", [.settings, .advisoryLock]),
            ("execute a(1)", .knowable.subtracting(.statement)),
            ("explain analyze execute a(1)", .knowable.subtracting(.statement)),
            ("create table t as execute a", .knowable.subtracting(.statement)),
            ("select query_to_xml('select 1', true, true, '')", [.knowable, .unread]),
            ("select \"query_to_xml\"($1, true, true, '')", [.knowable, .unread]),
            ("select * from ts_stat($1)", [.knowable, .unread]),
            ("select e'\u{95}\\' ; --'", [.knowable, .unread]),
        ] as [(String, SessionEffects.Kinds)])
    func `what the server has to be asked about`(text: String, kinds: SessionEffects.Kinds) {
        #expect(Self.effects(text).touches == kinds)
        #expect(Self.effects(text).makes == [])
    }

    @Test(
        arguments: [
            ("listen a", .listen), ("create temp table t (a int)", .temporary),
            ("CREATE TEMPORARY VIEW v AS SELECT 1", .temporary),
            ("create or replace temp view v as select 1", .temporary), ("create local temp sequence s", .temporary),
            ("create table pg_temp.t (a int)", .temporary), ("create function pg_temp.f() returns int", .temporary),
            ("create temp table t (a int) on commit delete rows", .temporary),
            ("select 1 as a into temp t", .temporary), ("select 1 as a into /*c*/ temp t", .temporary),
            ("select 1 as a into pg_temp.t", .temporary),
            ("select 1 into local temporary t", .temporary),
            ("explain analyze create temp table t as select 1", .temporary),
            ("select pg_advisory_lock(1)", .advisoryLock), ("select PG_TRY_ADVISORY_LOCK_SHARED(1)", .advisoryLock),
            ("select * from t where pg_catalog.pg_try_advisory_lock(id)", .advisoryLock),
            ("select \"pg_advisory_lock\"(1)", .advisoryLock),
            ("create table t as select pg_advisory_lock(1)", [.temporary, .advisoryLock]),
            ("declare c cursor with hold for select 1", .cursor),
            ("declare c no scroll cursor with hold for select 1", .cursor),
            ("prepare a as select 1", .statement), ("prepare a (int) as select $1", .statement),
            ("select set_config($1, $2, false)", [.settings, .unknownSettings]),
            ("select set_config('a.' || 'b', $2, false)", [.settings, .unknownSettings]),
            ("begin; listen a; commit", .listen),
            ("declare c cursor for select pg_advisory_lock(1)", .advisoryLock),
        ] as [(String, SessionEffects.Kinds)])
    func `what keeps a client on its server`(text: String, kinds: SessionEffects.Kinds) {
        #expect(Self.effects(text).touches == kinds)
        #expect(!Self.effects(text).makes.isDisjoint(with: kinds.intersection(.bound)))
    }

    @Test(
        arguments: [
            ("unlisten *", .listen), ("close c", .cursor), ("deallocate a", .statement), ("drop table t", .temporary),
            ("discard temp", .temporary), ("select pg_advisory_unlock(1)", .advisoryLock), ("discard all", .all),
            ("reset all", .settings),
            ("select pg_advisory_unlock_all()", .advisoryLock),
        ] as [(String, SessionEffects.Kinds)])
    func `what lets it go again`(text: String, kinds: SessionEffects.Kinds) {
        #expect(Self.effects(text).ends == kinds)
    }

    @Test func `the body of a DO block is read, what it calls is not`() {
        let effects = Self.effects(
            "do $body$ begin perform set_config('a.b', 'c', false); set c.d = 'e'; end $body$; set f.g = 1")
        #expect(effects.names == ["a.b", "c.d", "f.g"])
        #expect(effects.touches == .knowable)
        #expect(effects.makes == [])
        for body in [
            "do $$ begin execute 'set a.b = 1'; end $$", "do 'begin execute ''set a.b = 1''; end'",
            "do 'begin perform ''--''; execute ''set a.b = 1''; end'", "do e'begin ex\\145cute x; end'",
            "do language plperl $$ spi_exec_query('x') $$", "set u&\"app\\002ex\" = '1'",
            "select u&\"set\\005fconfig\"('a', 'b', false)", "execute \"PGBOUNCER_1\"",
        ] {
            #expect(Self.effects(body).makes == .unknownSettings, "\(body)")
        }
        #expect(Self.effects("do language plpgsql 'begin set a.b = 1; end'").names == ["a.b"])
        #expect(Self.effects("call p()").touches == [.knowable, .unread])
    }

    @Test(arguments: [
        ("execute a(1)", ["execute a"]), ("EXPLAIN ANALYZE EXECUTE \"A\"\"b\"", ["execute A\"b"]),
        ("create temp table t as execute a", ["execute a"]), ("create table t as execute a(1)", ["execute a"]),
        ("select 1; /* x */ deallocate a ; deallocate prepare b", ["deallocate a", "deallocate b"]),
        ("begin; DEALLOCATE ALL", ["deallocate -"]), ("deallocate; select 1", []),
        ("deallocate prepare", ["deallocate prepare"]),
        ("prepare A (int) as select 1; execute a(1)", ["prepare a", "execute a"]), ("prepare transaction 'x'", []),
        ("select 'deallocate a'; select $$execute b$$", []), ("select 'a\\'; deallocate a; --'", []),
        ("deallocate b; select 'a\\'; deallocate a; --'", ["deallocate b"]),
        ("create temp table t (execute int)", []), ("grant execute on function f() to a", []),
    ])
    func `prepared statements are found by name`(text: String, names: [String]) {
        let found = Array(text.utf8).withSpan { SessionLexer.statementReferences(in: $0) }
        #expect(
            found.map { "\($0.verb) " + ($0.name.map { String(decoding: $0, as: UTF8.self) } ?? "-") } == names)
        for reference in found where reference.name != nil {
            let written = String(decoding: Array(text.utf8)[reference.range], as: UTF8.self)
            #expect(["a", "b", "A", "prepare", "\"A\"\"b\""].contains(written))
        }
        #expect(names.isEmpty || Self.effects(text).namesStatements)
    }

    @Test(arguments: [
        ("reset all", true), ("RESET a", true), ("set a to default", true), ("set time zone local", true),
        ("discard all", true), ("set a = 1", false), ("set local a = 1", false), ("select 1; reset a; select 2", true),
        ("set a = 'default'", false), ("update t set a = default", false), ("discard plans", false),
    ])
    func `what goes back to its beginning is told`(text: String, resets: Bool) {
        #expect(Self.effects(text).resets == resets)
    }

    @Test func `COPY is told, and nothing else of it`() {
        var copies = SessionEffects.none
        copies.copies = true
        #expect(Self.effects("copy t from stdin") == copies)
        #expect(Self.effects("reset all; COPY t to stdout").copies)
        #expect(!Self.effects("select copy from t").copies)
    }

    @Test func `what a backslash means may change on the way, so both readings count`() {
        for hasBackslashes in [false, true] {
            #expect(Self.effects("select 'a\\'; listen b; --'", hasBackslashes: hasBackslashes).touches == .listen)
            #expect(
                Self.effects("select 'a\\''; listen b; --'", hasBackslashes: hasBackslashes).touches == .listen)
        }
    }

    @Test func `names are bounded`() {
        let text =
            (0..<100).map { "set a.n\($0) = 1;" }.joined()
            + (0..<100).map { "select set_config('b.n\($0)', '', false);" }.joined()
        let effects = Self.effects(text)
        #expect(effects.names.count == SessionEffects.nameLimit)
        #expect(effects.makes == .unknownSettings)
    }
}
