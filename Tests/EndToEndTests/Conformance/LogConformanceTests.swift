import Glibc
import PoolerTestSupport
import Testing

/// Lines of the log that tools and people look for, as PgBouncer 1.24 writes them.
@Suite(.since(24)) struct LogConformanceTests {
    private static func eventuallyLogs(_ pooler: Pooler, _ words: String...) throws {
        for text in words { try eventually("\(text)") { pooler.log.contains(text) } }
    }

    @Test func `a login attempt tells about replication`() throws {
        let pooler = try Pooler(["auth_type": "any"], databases: ["app": "$server dbname=app user=postgres"])
        try pooler.connect().query("select 1")
        try Self.eventuallyLogs(pooler, " login attempt: db=app user=app tls=no replication=no\n")
        for (value, word) in [("database", "database"), ("true", "yes")] {
            try RawClient(pooler).logIn([("user", "app"), ("database", "app"), ("replication", value)])
            try Self.eventuallyLogs(pooler, " login attempt: db=app user=app tls=no replication=\(word)\n")
        }
    }

    @Test func `who leaves before the password is not worth a line`() throws {
        let pooler = try Pooler(["auth_type": "md5"], secrets: ["app": "app-secret", "admin": "admin-secret"])
        let asked = try RawClient(pooler)
        try asked.send(startupPacket([("user", "app"), ("database", "app")]))
        #expect(try asked.read()?.type == "R")
        asked.close()
        try RawClient(pooler).close()
        try eventually {
            try pooler.console("SHOW LISTS", password: "admin-secret").rows.first { $0[0] == "login_clients" }?[1]
                == "0"
        }
        #expect(!pooler.log.contains("app/app@127.0.0.1") || !pooler.log.contains("client unexpected eof"))
    }

    @Test func `who leaves in the middle of a session is`() throws {
        let pooler = try Pooler()
        let client = try RawClient.loggedIn(pooler)
        client.close()
        try Self.eventuallyLogs(pooler, "closing because: client unexpected eof (age=0s)")
    }

    @Test(arguments: [
        (
            "refused", "$server dbname=no_such_database",
            "server login failed: FATAL database \"no_such_database\" does not exist"
        ),
        (
            "refused", "$server dbname=no_such_database",
            "closing because: database \"no_such_database\" does not exist (age=0s)"
        ),
        ("closed", "host=127.0.0.1 port=1", "closing because: connect failed (age=0s)"),
        ("nameless", "host=no-such-host.invalid", "WARNING "),
        ("nameless", "host=no-such-host.invalid", "DNS lookup failed: no-such-host.invalid: "),
        (
            "nameless", "host=no-such-host.invalid",
            ": nameless/app@(bad-af):0 closing because: server DNS lookup failed (age=0s)"
        ),
        ("missing", "host=/nonexistent port=1", ": missing/app@unix:1 closing because: connect failed (age=0s)"),
        (
            "query", "$server dbname=app connect_query='selec'",
            " error while executing exec_on_query: ERROR: syntax error"
        ),
    ])
    func `what is wrong with a server`(database: String, string: String, text: String) throws {
        let pooler = try Pooler(["client_login_timeout": "2"], databases: [database: string])
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "app"), ("database", database)]))
        try Self.eventuallyLogs(pooler, text)
    }

    @Test func `a parameter that no server takes`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try RawClient(pooler)
        try client.logIn([("user", "app"), ("database", "app"), ("TimeZone", "nowhere")])
        try client.send(WireMessage.query("select 1"))
        try Self.eventuallyLogs(
            pooler, "varcache_apply failed: ERROR: invalid value for parameter \"TimeZone\": \"nowhere\"")
    }

    @Test func `an automatic database is told about when it is made`() throws {
        let pooler = try Pooler(databases: ["*": "$server"])
        try pooler.connect(user: "postgres", database: "postgres").query("select 1")
        try Self.eventuallyLogs(pooler, " registered new auto-database: postgres\n")
    }

    @Test func `who waits for the first server of a pool is seen to wait`() throws {
        let server = try ScriptedServer { _, channel in
            try channel.readStartup()
            _ = try channel.receive(1)
        }
        let pooler = try Pooler(databases: ["slow": server.address])
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "app"), ("database", "slow")]))
        try eventually { (try pooler.pool(database: "slow")["maxwait"]).flatMap { Int($0) } ?? 0 >= 1 }
        #expect(try pooler.pool(database: "slow")["cl_waiting"] == "1")
    }

    @Test func `what an idle server says at its end is told`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect(["application_name": "idle-one"])
        let pid = try client.query("select pg_backend_pid()").value ?? ""
        try Postgres.shared.query("select pg_terminate_backend(\(pid))")
        try Self.eventuallyLogs(pooler, "got packet 'E' from server when not linked", "server conn crashed?")
    }

    @Test(arguments: ["select pg_sleep(10)", "begin; select pg_sleep(10)"])
    func `a client that leaves in its query`(query: String) throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try RawClient.loggedIn(pooler)
        try client.send(WireMessage.query(query))
        try eventually { try pooler.pool()["sv_active"] == "1" }
        client.close()
        try Self.eventuallyLogs(pooler, "closing because: client disconnect while server was not ready")
    }

    @Test func `a cancel request that finds no query`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let idle = try RawClient.loggedIn(pooler)
        try idle.cancel()
        try Self.eventuallyLogs(pooler, "closing because: cancel request for idle client (age=0s)")
        let busy = try RawClient.loggedIn(pooler)
        _ = try busy.query("begin")
        let console = try RawClient.loggedIn(pooler, user: "admin", database: "pgbouncer")
        try console.send(WireMessage.query("PAUSE"))
        try Self.eventuallyLogs(pooler, "PAUSE command issued")
        try console.cancel()
        try Self.eventuallyLogs(pooler, "closing because: cancel request for console client (age=0s)")
    }

    @Test(.pgvaletOnly) func `a database that is killed`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try client.query("select 1")
        try pooler.console("KILL app")
        try Self.eventuallyLogs(pooler, " closing because: database removed (age=", "pooler error: database removed")
        #expect(!pooler.log.contains("pause mode"))
        // Who comes now waits for the end of the pause.
        let late = try RawClient(pooler)
        try late.send(startupPacket([("user", "app"), ("database", "app")]))
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        try pooler.console("RESUME app")
        while let message = try late.read(), message.type != "Z" { #expect(message.type != "E") }
        #expect(try late.query("select 1").contains { $0.type == "D" })
    }

    @Test func `a Query where there are to be none`() throws {
        let pooler = try Pooler(["disable_pqexec": "1"])
        #expect(throws: PostgresError.self) { try pooler.connect().query("select 1") }
        try Self.eventuallyLogs(pooler, "ERROR ", " client used \"Query\" packet type\n")
    }

    @Test func `a database that is removed`() throws {
        let pooler = try Pooler(databases: ["app": "$server dbname=app", "other": "$server dbname=app"])
        try pooler.reload { $0.databases["other"] = nil }
        try Self.eventuallyLogs(
            pooler, "WARNING dropping database 'other' as it does not exist anymore or inactive auto-database\n")
    }

    @Test(.pgvaletOnly) func `a RELOAD that fails`() throws {
        let pooler = try Pooler()
        try pooler.configure { $0.main["pool_mode"] = "sesion" }
        #expect(throws: PostgresError.self) { try pooler.console("RELOAD") }
        let line = (pooler.ini.split(separator: "\n").firstIndex { $0.hasPrefix("pool_mode") } ?? 0) + 1
        try Self.eventuallyLogs(
            pooler, "ERROR invalid value \"sesion\" for parameter pool_mode in configuration (", ":\(line))\n",
            "WARNING config file loading failed")
    }

    @Test(arguments: [
        (
            SIGTERM, "got SIGTERM, shutting down, waiting for all clients disconnect\n",
            "LOG client connections dropped, exiting\n"
        ),
        (
            SIGINT, "got SIGINT, shutting down, waiting for all servers connections to be released\n",
            "LOG server connections dropped, exiting\n"
        ),
    ])
    func `an orderly end`(signal: Int32, first: String, last: String) throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try client.query("begin")
        pooler.signal(signal)
        try Self.eventuallyLogs(pooler, first)
        pooler.signal(SIGUSR2)
        try Self.eventuallyLogs(pooler, "got SIGUSR2 while shutting down, ignoring\n")
        try client.query("commit")
        client.close()
        #expect(try pooler.wait() == .exited(0))
        #expect(pooler.log.contains(last))
    }
}
