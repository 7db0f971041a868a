import PoolerTestSupport
import Testing

/// SUSPEND: everything stands still at the end of a message, and goes on with RESUME as if nothing had been.
@Suite(.pgvaletOnly) struct SuspendTests {
    private static func pooler(_ more: [String: String] = [:]) throws -> Pooler {
        try Pooler(["pool_mode": "transaction", "worker_threads": "2"].merging(more) { $1 })
    }

    @Test func `what runs stands still, and goes on`() throws {
        let pooler = try Self.pooler()
        let (open, idle) = (try pooler.connect(), try pooler.connect())
        try open.query("begin")
        let pid = try open.serverPID()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        #expect(try console.query("SUSPEND").tag == "SUSPEND")
        #expect(try console.query("SHOW STATE").rows == [["active", "no"], ["paused", "no"], ["suspended", "yes"]])
        #expect(throws: PostgresError.console("already suspended/paused")) { try console.query("PAUSE") }
        try open.send("select 'open'")
        try idle.send("select 'idle'")
        try always(for: .milliseconds(400)) { !open.isAnswered && !idle.isAnswered }
        #expect(throws: SystemError.self) { try pooler.connect(within: .milliseconds(300)) }
        #expect(try console.query("RESUME").tag == "RESUME")
        #expect(try open.lastResult().value == "open")
        #expect(try idle.lastResult().value == "idle")
        #expect(try open.serverPID() == pid)
        try open.query("commit")
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `it waits for the end of a message, and reads no more`() throws {
        let pooler = try Self.pooler()
        let client = try RawClient.loggedIn(pooler)
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        let message = WireMessage.query("select 'the whole'").bytes
        // First a part of the header, then a part of the text; behind the end, another message.
        try client.send(Array(message.prefix(3)))
        try eventually { try console.query("SHOW SOCKETS").records.contains { $0["pkt_avail"] == "3" } }
        try console.send("SUSPEND")
        try client.send(Array(message[3..<12]))
        try always(for: .milliseconds(300)) { !console.isAnswered }
        try client.send(Array(message[12...]) + WireMessage.query("select 'more'").bytes)
        #expect(try console.lastResult().tag == "SUSPEND")
        try console.query("RESUME")
        #expect(try client.readUntil("Z").contains { $0.type == "D" })
        #expect(try client.readUntil("Z").contains { $0.type == "D" })
        #expect(try client.query("select 1").contains { $0.type == "D" })
    }

    @Test func `suspend_timeout closes who stops in the middle, and nobody else`() throws {
        let pooler = try Self.pooler(["suspend_timeout": "1"])
        let (halfway, bystander) = (try RawClient.loggedIn(pooler), try pooler.connect())
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try halfway.send(Array(WireMessage.query("select 1").bytes.prefix(7)))
        try eventually {
            try console.query("SHOW SOCKETS").records.contains {
                $0["pkt_avail"] != "0" && $0["type"] == "C" && $0["user"] == "app"
            }
        }
        #expect(try console.query("SUSPEND").tag == "SUSPEND")
        #expect(try halfway.readFatal() == .fatal("suspend_timeout"))
        try console.query("RESUME")
        #expect(try bystander.query("select 1").value == "1")
    }

    @Test func `suspend_timeout closes who does not take its answer`() throws {
        let pooler = try Self.pooler(["suspend_timeout": "1"])
        let (slow, bystander) = (try RawClient.loggedIn(pooler, receiveBuffer: 2048), try pooler.connect())
        try slow.send(.query("select repeat('x', 1000) from generate_series(1, 50000)"))
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try eventually { try console.query("SHOW SOCKETS").records.contains { $0["send_avail"] != "0" } }
        #expect(try console.query("SUSPEND").tag == "SUSPEND")
        try console.query("RESUME")
        #expect(try bystander.query("select 1").value == "1")
        try eventually { try pooler.pool()["sv_active"] == "0" }
    }

    @Test func `an answer that streams is taken up where it was left`() throws {
        let pooler = try Self.pooler()
        let client = try pooler.connect()
        try client.send("select i, repeat('x', 700) from generate_series(1, 100000) i")
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        // The client takes what libpq takes by itself; what it does not, has to be read for the buffers to be empty.
        try console.send("SUSPEND")
        try eventually { console.isAnswered || client.isAnswered }
        #expect(try console.lastResult().tag == "SUSPEND")
        try console.query("RESUME")
        #expect(try client.lastResult().rows.count == 100_000)
        #expect(try client.query("select 1").value == "1")
    }

    @Test func `a client in the queue keeps its place`() throws {
        let pooler = try Self.pooler(["default_pool_size": "1", "suspend_timeout": "1"])
        let (holder, waiter) = (try pooler.connect(), try pooler.connect())
        try holder.query("begin")
        try waiter.send("select 'waited'")
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try console.query("SUSPEND")
        try console.query("RESUME")
        try holder.query("commit")
        #expect(try waiter.lastResult().value == "waited")
    }

    @Test func `TLS clients stand still and go on`() throws {
        let identity = CertificateAuthority.localhost
        let pooler = try Self.pooler([
            "client_tls_sslmode": "require", "client_tls_cert_file": identity.certificate,
            "client_tls_key_file": identity.key,
        ])
        let client = try pooler.connect(["sslmode": "require"])
        try client.query("begin")
        let console = try pooler.connect(user: "admin", database: "pgbouncer", ["sslmode": "require"])
        try console.query("SUSPEND")
        try client.send("select 'over TLS'")
        try always(for: .milliseconds(300)) { !client.isAnswered }
        try console.query("RESUME")
        #expect(try client.lastResult().value == "over TLS")
    }

    @Test func `it ends with the last console`() throws {
        let pooler = try Self.pooler()
        let client = try pooler.connect()
        let (first, last) = (
            try pooler.connect(user: "admin", database: "pgbouncer"),
            try pooler.connect(user: "admin", database: "pgbouncer")
        )
        try first.query("SUSPEND")
        first.close()
        try client.send("select 'on'")
        try always(for: .milliseconds(300)) { !client.isAnswered }
        #expect(try last.query("SHOW STATE").rows.contains(["suspended", "yes"]))
        last.close()
        #expect(try client.lastResult().value == "on")
    }
}

/// server_fast_close: who keeps a server in session mode does not keep one that is to be closed.
@Suite(.since(9)) struct FastCloseTests {
    @Test func `a client in session mode loses its server at the end of its transaction`() throws {
        let pooler = try Pooler(["pool_mode": "session", "server_fast_close": "1"])
        let (idle, busy) = (try RawClient.loggedIn(pooler), try RawClient.loggedIn(pooler))
        _ = try idle.query("select 1")
        _ = try busy.query("begin")
        try pooler.console("RECONNECT")
        try idle.expectFatal(.fatal("database configuration changed"))
        _ = try busy.query("select 1")
        try busy.send(.query("commit"))
        _ = try busy.readUntil("Z")
        try busy.expectFatal(.fatal("database configuration changed"))
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `without it, the client leaves first`() throws {
        let pooler = try Pooler(["pool_mode": "session"])
        let client = try pooler.connect()
        let pid = try client.serverPID()
        try pooler.console("RECONNECT")
        try always(for: .milliseconds(800)) { client.isOpen && client.isAnswered }
        #expect(try client.serverPID() == pid)
    }
}

/// SHOW FDS.
@Suite(.pgvaletOnly) struct ShowFDsTests {
    @Test func `sockets are listed for admins, without a secret`() throws {
        let pooler = try Pooler(["pool_mode": "session"])
        let client = try pooler.connect()
        try client.query("select 1")
        let rows = try pooler.console("SHOW FDS").records
        #expect(rows.count { $0["task"] == "pooler" } == 2)
        let (one, other) = (rows.first { $0["task"] == "client" }, rows.first { $0["task"] == "server" })
        #expect(one?["link"] == other?["fd"] && one?["fd"] == other?["link"])
        #expect(one?["user"] == "app" && one?["addr"] == "127.0.0.1" && one?["client_encoding"] == "UTF8")
        #expect(one?["cancel"] != "0" && one?["password"] == nil)
        #expect(throws: PostgresError.console("admin access needed")) { try pooler.console("SHOW FDS", user: "stats") }
    }
}
