import Glibc
import PoolerTestSupport
import Testing

/// Clients that cannot go to another process: the old one goes on for them, and ends with the last.
@Suite(.pgvaletOnly) struct HandedOverTests {
    private static func pooler() throws -> Pooler {
        let identity = CertificateAuthority.localhost
        return try Pooler([
            "pool_mode": "transaction", "client_tls_sslmode": "allow", "client_tls_cert_file": identity.certificate,
            "client_tls_key_file": identity.key, "worker_threads": "2",
        ])
    }

    @Test func `TLS clients finish on the old process, which then ends`() throws {
        let pooler = try Self.pooler()
        let (secret, plain) = (try pooler.connect(["sslmode": "require"]), try pooler.connect())
        try secret.query("begin")
        let server = try secret.serverPID()
        try plain.query("select 1")
        let old = try pooler.takeOver()
        try eventually { pooler.log.contains("clients that stay here until they leave: 1") }
        #expect(try plain.query("select 2").value == "2")
        #expect(try secret.serverPID() == server)
        try secret.query("commit")
        for round in 0..<5 { #expect(try secret.query("select \(round)").value == "\(round)") }
        #expect(try pooler.connect(["sslmode": "require"]).query("select 3").value == "3")
        #expect(old.ended == nil)
        secret.close()
        #expect(try old.wait() == .exited(0))
        #expect(try plain.query("select 4").value == "4")
    }

    @Test func `cancel requests reach them`() throws {
        let pooler = try Self.pooler()
        let secret = try pooler.connect(["sslmode": "require"])
        let first = try pooler.takeOver()
        #expect(try pooler.takeOver().wait() == .exited(0))
        let role = "app"
        try secret.send("select pg_sleep(61)")
        try eventually {
            try !pooler.postgres.query(
                "select from pg_stat_activity where usename = '\(role)' and query = 'select pg_sleep(61)'"
            ).isEmpty
        }
        try secret.cancel()
        #expect(throws: PostgresError("ERROR", "57014", "canceling statement due to user request")) {
            try secret.lastResult()
        }
        secret.close()
        #expect(try first.wait() == .exited(0))
    }

    @Test func `PAUSE and RESUME hold for them too`() throws {
        let pooler = try Self.pooler()
        let secret = try pooler.connect(["sslmode": "require"])
        let old = try pooler.takeOver()
        try pooler.console("PAUSE")
        try eventually {
            try secret.send("select 'later'")
            let isHeld = (try? secret.lastResult(within: .milliseconds(300))) == nil
            return isHeld
        }
        try pooler.console("RESUME")
        #expect(try secret.lastResult().value == "later")
        old.signal(SIGTERM)
        #expect(try secret.query("select 1").value == "1")
        secret.close()
        #expect(try old.wait() == .exited(0))
    }

    @Test func `the old process alone is stopped by signals of its own`() throws {
        let pooler = try Self.pooler()
        let (secret, plain) = (try pooler.connect(["sslmode": "require"]), try pooler.connect())
        let old = try pooler.takeOver()
        old.signal(SIGQUIT)
        #expect(try old.wait() == .exited(0))
        #expect(throws: PostgresError.self) { try secret.query("select 1") }
        #expect(try plain.query("select 1").value == "1")
        #expect(try pooler.connect(["host": pooler.directory]).query("select 1").value == "1")
        try eventually { pooler.log.contains("a process that was taken over has ended") }
    }
}

/// Several processes on one port, restarted one after the other.
@Suite(.pgvaletOnly) struct RollingRestartTests {
    @Test(arguments: ["WAIT_FOR_CLIENTS", "WAIT_FOR_SERVERS"])
    func `another process on the same port takes the new clients`(mode: String) throws {
        let first = try Pooler(["pool_mode": "transaction", "so_reuseport": "1"])
        let (open, idle) = (try first.connect(), try first.connect())
        try open.query("begin")
        let second = try Pooler(["pool_mode": "transaction", "so_reuseport": "1", "listen_port": "\(first.port)"])
        #expect(second.port == first.port)
        let console = try RawClient(unix: first)
        try console.logIn([("user", "admin"), ("database", "pgbouncer")])
        _ = try console.query("SHUTDOWN \(mode)")
        // From here on every new client is the second process's.
        let newcomers = try (0..<20).map { number in
            let client = try second.connect()
            #expect(try client.query("select \(number)").value == "\(number)")
            return client
        }
        #expect(try newcomers.count == second.console("SHOW CLIENTS").records.count { $0["user"] == "app" })
        #expect(try open.query("select 'in the transaction'").value == "in the transaction")
        try open.query("commit")
        if mode == "WAIT_FOR_CLIENTS" {
            #expect(try idle.query("select 'still served'").value == "still served")
            #expect(first.ended == nil)
            for client in [open, idle] { client.close() }
            console.close()
        }
        #expect(try first.wait() == .exited(0))
        for newcomer in newcomers { #expect(try newcomer.query("select 1").value == "1") }
    }
}
