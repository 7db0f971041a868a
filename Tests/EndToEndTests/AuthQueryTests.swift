import PoolerTestSupport
import Testing

/// auth_query: users who are not in auth_file are looked up on a server.
@Suite(.pgvaletOnly) struct AuthQueryTests {
    /// A pooler whose auth_file holds nobody but those who run queries.
    private static func pooler(
        _ more: [String: String] = [:], databases: [String: String] = [:], postgres: Postgres = .shared
    ) throws -> Pooler {
        var settings = PoolerSettings()
        settings.main["auth_type"] = "scram-sha-256"
        settings.main["auth_user"] = "postgres"
        settings.main.merge(more) { $1 }
        settings.databases.merge(databases) { $1 }
        settings.secrets = ["admin": "admin-secret", "postgres": "pg-secret"]
        return try Pooler(settings, postgres: postgres)
    }

    private static let wrong = PostgresError.fatal("SASL authentication failed", "28P01")

    /// A role of its own with a password.
    private static func role(_ options: String = "", password: String = "secret") throws -> String {
        let role = try Postgres.shared.makeRole()
        try Postgres.shared.query("alter role \(role) password '\(password)' \(options)")
        return role
    }

    @discardableResult
    private static func logIn(_ pooler: Pooler, _ user: String, _ password: String = "secret") throws -> String? {
        try pooler.connect(user: user, ["password": password]).query("select current_user").value
    }

    @Test(arguments: [
        ("scram-sha-256", "scram_user"), ("md5", "scram_user"), ("md5", "md5_user"), ("plain", "md5_user"),
        ("plain", "clear_user"), ("plain", "scram_user"),
    ])
    func `the secret of the server lets the client in, and opens the server`(type: String, user: String) throws {
        let pooler = try Self.pooler(["auth_type": type])
        #expect(try Self.logIn(pooler, user) == user)
        #expect(throws: PostgresError.self) { try Self.logIn(pooler, user, "wrong") }
    }

    @Test func `trust lets those in who can be found`() throws {
        let pooler = try Self.pooler(["auth_type": "trust"])
        #expect(try Self.logIn(pooler, "app") == "app")
        #expect(throws: PostgresError.fatal("\"trust\" authentication failed", "28P01")) {
            try Self.logIn(pooler, "nobody")
        }
    }

    @Test func `an unknown user cannot be told from a known one`() throws {
        let pooler = try Self.pooler()
        for user in ["scram_user", "nobody"] {
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", user), ("database", "app")]))
            #expect(try client.read().map { Array($0.body.prefix(4)) } == int32(10))
            #expect(throws: Self.wrong) { try Self.logIn(pooler, user, "wrong") }
        }
    }

    @Test func `auth_dbname says where the query runs`() throws {
        let sql = "select rolname, rolpassword from pg_authid where rolname = $1 and current_database() = 'postgres'"
        let pooler = try Self.pooler(
            ["auth_query": sql, "auth_dbname": "lookup", "admin_users": "admin, scram_user"],
            databases: ["lookup": "$server dbname=postgres"])
        #expect(try Self.logIn(pooler, "scram_user") == "scram_user")
        // Users of the console too.
        let console = try pooler.connect(user: "scram_user", database: "pgbouncer", ["password": "secret"])
        #expect(
            try console.query("SHOW POOLS").records.contains {
                $0["database"] == "lookup" && $0["user"] == "postgres"
            })
        let elsewhere = try Self.pooler(["auth_query": sql])
        #expect(throws: Self.wrong) { try Self.logIn(elsewhere, "scram_user") }
    }

    @Test func `a database has its own auth_user and auth_query`() throws {
        let pooler = try Self.pooler(
            ["auth_user": ""],
            databases: ["own": "$server dbname=app auth_user=postgres auth_query='select $1, ''of-own'''"])
        #expect(
            try pooler.connect(user: "app", database: "own", ["password": "of-own"]).query("select 1").value == "1")
        #expect(throws: Self.wrong) { try Self.logIn(pooler, "app", "of-own") }
    }

    @Test func `a role that has expired or may not log in is refused`() throws {
        let pooler = try Self.pooler(["auth_query_cache_ttl": "3600"])
        // Whatever the query returns: this one looks at neither.
        let blind = try Self.pooler([
            "auth_query": "select rolname, rolpassword from pg_authid where rolname = $1",
            "auth_query_cache_ttl": "3600",
        ])
        let trusting = try Self.pooler(["auth_type": "trust"])
        for options in ["valid until '2001-01-01'", "nologin", "valid until '-infinity'"] {
            let role = try Self.role(options)
            #expect(throws: Self.wrong) { try Self.logIn(pooler, role) }
            #expect(throws: Self.wrong) { try Self.logIn(blind, role) }
            #expect(throws: PostgresError.fatal("\"trust\" authentication failed", "28P01")) {
                try Self.logIn(trusting, role)
            }
        }
        for options in ["valid until 'infinity'", "valid until '2100-01-01'"] {
            let role = try Self.role(options)
            #expect(try Self.logIn(pooler, role) == role)
        }
    }

    @Test func `a role that expires is refused, also while it is cached`() throws {
        let pooler = try Self.pooler(["auth_query_cache_ttl": "3600"])
        let role = try Postgres.shared.makeRole()
        let end = try Postgres.shared.query("select now() + interval '4 seconds'")[0][0] ?? ""
        try Postgres.shared.query("alter role \(role) password 'secret' valid until '\(end)'")
        #expect(try Self.logIn(pooler, role) == role)
        try eventually("the role's end") {
            do {
                try Self.logIn(pooler, role)
                return false
            } catch { return error as? PostgresError == Self.wrong }
        }
        #expect(try Postgres.shared.query("select now() >= '\(end)'")[0][0] == "t", "not before its time")
    }

    @Test func `a role that may no longer log in is refused when the cache's time is over, or is forgotten`() throws {
        let brief = try Self.pooler(["auth_query_cache_ttl": "2"])
        let long = try Self.pooler(["auth_query_cache_ttl": "3600"])
        let role = try Self.role()
        for pooler in [brief, long] { #expect(try Self.logIn(pooler, role) == role) }
        try Postgres.shared.query("alter role \(role) nologin")
        try eventually {
            do {
                try Self.logIn(brief, role)
                return false
            } catch { return error as? PostgresError == Self.wrong }
        }
        try long.console("RECONNECT", password: "admin-secret")
        #expect(throws: Self.wrong) { try Self.logIn(long, role) }
    }

    @Test func `without a cache the server's word of now holds, with one that of then`() throws {
        let role = try Self.role(password: "old")
        let fresh = try Self.pooler()
        let caching = try Self.pooler(["auth_query_cache_ttl": "3600"])
        for pooler in [fresh, caching] { #expect(try Self.logIn(pooler, role, "old") == role) }
        try Postgres.shared.query("alter role \(role) password 'new'")
        #expect(try Self.logIn(fresh, role, "new") == role)
        #expect(throws: Self.wrong) { try Self.logIn(fresh, role, "old") }
        #expect(throws: Self.wrong) { try Self.logIn(caching, role, "new") }
        try caching.console("RELOAD", password: "admin-secret")
        #expect(try Self.logIn(caching, role, "new") == role)
        try Postgres.shared.query("alter role \(role) nologin")
        #expect(throws: Self.wrong) { try Self.logIn(fresh, role, "new") }
    }

    @Test(arguments: [1, 3])
    func `a storm of logins asks once`(workers: Int) throws {
        let schema = "storm_\(workers)"
        try Postgres.shared.query(
            """
            create schema \(schema);
            create table \(schema).asked (name text);
            create function \(schema).slow_auth(who text, out name text, out secret text) language plpgsql as $$
            begin
              insert into \(schema).asked values (who);
              perform pg_advisory_xact_lock(471\(workers));
              select rolname, rolpassword into name, secret from pg_authid where rolname = who;
            end $$;
            """, database: "app")
        let role = try Self.role()
        let pooler = try Self.pooler([
            "auth_query": "select name, secret from \(schema).slow_auth($1)", "worker_threads": "\(workers)",
        ])
        let gate = try Postgres.shared.connect(database: "app")
        try gate.query("select pg_advisory_lock(471\(workers))")
        let clients = try (0..<20).map { _ in
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", role), ("database", "app")]))
            return client
        }
        try eventually { pooler.log.split(separator: "login attempt: db=app user=\(role)").count == 21 }
        // One of them does not wait.
        clients[7].close()
        try gate.query("select pg_advisory_unlock(471\(workers))")
        for (number, client) in clients.enumerated() where number != 7 { #expect(try client.read()?.type == "R") }
        // What the transaction wrote is there when it has ended.
        try eventually {
            try Postgres.shared.query("select count(*) from \(schema).asked", database: "app")[0][0] == "1"
        }
    }

    @Test(
        arguments: [
            ("select rolname, null from pg_roles where rolname = $1 and false", nil),
            ("select null::text, 'secret' where $1 <> ''", "returned another name"),
            ("select 'postgres', 'secret' where $1 <> ''", "returned another name"),
            ("select $1, null", nil),
            ("select $1, ''", nil),
            ("select $1, 'secret' from generate_series(1, 2)", "more than one row"),
            ("select $1, 'secret' from generate_series(1, 2000)", "more than one row"),
            ("select $1", "expected 2 columns from auth_query, not 1"),
            ("select $1, 'secret', 'more'", "expected 2 columns from auth_query, not 3"),
            ("select no_such_function($1)", "no_such_function"),
            ("select 1 / 0, $1", "division by zero"),
            ("insert into nothing values ($1)", "nothing"), ("copy pg_class to stdout", ""),
            ("commit", ""), ("select $1, $2", ""), ("select 1", ""),
        ])
    func `what is no answer lets nobody in, and tells strangers nothing`(sql: String, log: String?) throws {
        let pooler = try Self.pooler(["auth_query": sql])
        for password in ["secret", "x"] {
            #expect(throws: Self.wrong) { try Self.logIn(pooler, "some_user", password) }
        }
        if let log {
            #expect(pooler.log.contains("auth_query for user \"some_user\" failed: "))
            #expect(log.isEmpty || pooler.log.contains(log))
        }
        // And those who need no query come in as before.
        #expect(try Self.logIn(pooler, "postgres", "pg-secret") == "postgres")
    }

    @Test func `the manual's function lets an auth_user ask who is no superuser`() throws {
        let manual = readFile(String(#filePath.split(separator: "Tests/")[0]) + "docs/authentication.md")
        let sql = String(manual.split(separator: "```sql")[1].split(separator: "```")[0])
        let user = try Postgres.shared.makeRole()
        try Postgres.shared.query("create schema pgvalet; create role pgvalet", database: "app")
        try Postgres.shared.query("grant usage on schema pgvalet to pgvalet; grant pgvalet to \(user)", database: "app")
        try Postgres.shared.query(sql, database: "app")
        let pooler = try Self.pooler([
            "auth_user": user, "auth_query": "SELECT uname, secret FROM pgvalet.lookup($1)",
        ])
        #expect(try Self.logIn(pooler, "scram_user") == "scram_user")
        #expect(throws: Self.wrong) { try Self.logIn(pooler, "scram_user", "x") }
        let superuser = try Self.role("superuser")
        #expect(throws: Self.wrong) { try Self.logIn(pooler, superuser) }
        #expect(throws: Self.wrong) { try Self.logIn(pooler, try Self.role("valid until '2001-01-01'")) }
    }

    @Test func `an auth_user who is refused, or has no database, tells strangers nothing`() throws {
        let refused = try Self.pooler(["auth_user": "refused_user"])
        var settings = PoolerSettings()
        settings.main.merge(["auth_type": "scram-sha-256", "auth_user": "postgres", "auth_dbname": "gone"]) { $1 }
        settings.databases = ["app": "$server"]
        let missing = try Pooler(settings)
        for pooler in [refused, missing] {
            #expect(throws: Self.wrong) { try Self.logIn(pooler, "scram_user") }
        }
        #expect(refused.log.contains("pg_hba.conf rejects connection"))
        #expect(missing.log.contains("authentication database \"gone\" is not configured (auth_dbname)"))
    }

    @Test func `nothing that a client sends reaches the query's session`() throws {
        try Postgres.shared.query(
            """
            create schema if not exists evil;
            create or replace view evil.pg_authid as
              select rolname, 'known-to-me'::text as rolpassword, null::timestamptz as rolvaliduntil, true as rolcanlogin
              from pg_catalog.pg_roles;
            grant usage on schema evil to public; grant select on evil.pg_authid to public;
            """, database: "app")
        let pooler = try Self.pooler(["track_extra_parameters": "search_path, role", "pool_mode": "transaction"])
        for options in ["-c search_path=evil,pg_catalog", "-c search_path=evil"] {
            #expect(throws: Self.wrong) {
                try pooler.connect(user: "scram_user", ["password": "known-to-me", "options": options])
            }
        }
        // Nor does what auth_user itself sets in a session of its own.
        let own = try pooler.connect(user: "postgres", ["password": "pg-secret"])
        try own.query("set search_path = evil, pg_catalog")
        try own.query("create temp table pg_authid as select rolname, 'known-to-me'::text rolpassword from pg_roles")
        #expect(throws: Self.wrong) { try Self.logIn(pooler, "scram_user", "known-to-me") }
        #expect(try Self.logIn(pooler, "scram_user") == "scram_user")
        // Not even what the role is set to.
        let unqualified = try Self.role("superuser")
        try Postgres.shared.query("alter role \(unqualified) set search_path = evil, pg_catalog")
        let other = try Self.pooler(["auth_user": unqualified])
        #expect(throws: Self.wrong) { try Self.logIn(other, "scram_user", "known-to-me") }
        #expect(try Self.logIn(other, "scram_user") == "scram_user")
    }

    @Test func `a client that leaves while it waits leaves nothing behind`() throws {
        let pooler = try Self.pooler()
        try pooler.console("PAUSE app", password: "admin-secret")
        for user in ["one", "two"] {
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", user), ("database", "app")]))
            try eventually { pooler.log.contains("user=\(user)") }
            client.close()
        }
        func waiting() throws -> String? {
            try pooler.console("SHOW POOLS", password: "admin-secret").records
                .first { $0["database"] == "app" && $0["user"] == "postgres" }?["cl_waiting"] ?? nil
        }
        try eventually { try waiting() == "0" }
        try pooler.console("RESUME app", password: "admin-secret")
        #expect(try Self.logIn(pooler, "scram_user") == "scram_user")
    }

    @Test func `a restart of Postgres costs no login`() throws {
        let postgres = try Postgres()
        let pooler = try Self.pooler(postgres: postgres)
        #expect(try Self.logIn(pooler, "scram_user") == "scram_user")
        try postgres.stop(.immediate)
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "md5_user"), ("database", "app")]))
        try eventually { pooler.log.contains("user=md5_user") }
        try postgres.start()
        #expect(try client.read()?.type == "R")
        #expect(try Self.logIn(pooler, "scram_user") == "scram_user")
    }

    @Test func `one place for servers is enough`() throws {
        let pooler = try Self.pooler(["default_pool_size": "1", "max_db_connections": "1"])
        for _ in 0..<3 {
            #expect(try Self.logIn(pooler, "postgres", "pg-secret") == "postgres")
            #expect(try Self.logIn(pooler, "scram_user") == "scram_user")
        }
    }
}
