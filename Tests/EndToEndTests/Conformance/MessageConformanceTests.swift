import Glibc
import PoolerTestSupport
import Testing

/// Every message that a client can see, brought about: its severity, SQLSTATE and text, the end of the connection, and the same
/// words in the log.
@Suite(.pgvaletOnly) struct MessageConformanceTests {
    /// How one message comes about.
    struct Play: Sendable, CustomTestStringConvertible {
        /// As the table has it, with a placeholder for what varies.
        let row: String
        var text: String
        var sqlState = "08P01"
        var settings: [String: String] = [:]
        var databases = ["app": "$server"]
        var files: [String: String] = [:]
        /// The client that is told, and who has to live until then.
        let act: @Sendable (Pooler) throws -> (RawClient, [AnyObject])

        var testDescription: String { text }

        init(
            _ row: String, as text: String? = nil, _ sqlState: String = "08P01", _ settings: [String: String] = [:],
            databases: [String: String] = ["app": "$server"], files: [String: String] = [:],
            by act: @escaping @Sendable (Pooler) throws -> (RawClient, [AnyObject])
        ) {
            (self.row, self.text, self.sqlState) = (row, text ?? row, sqlState)
            (self.settings, self.databases, self.files, self.act) = (settings, databases, files, act)
        }
    }

    @Test(arguments: startup + logins + sessions)
    func `a message is told and logged by the letter`(play: Play) throws {
        var settings = PoolerSettings()
        settings.main["pool_mode"] = "transaction"
        settings.main.merge(play.settings) { $1 }
        settings.databases = play.databases
        settings.files = play.files
        let pooler = try Pooler(settings)
        let (client, others) = try play.act(pooler)
        let error = try client.readFatal()
        #expect(error == PostgresError("FATAL", play.sqlState, play.text))
        #expect(try client.isClosed())
        try eventually { pooler.log.contains("pooler error: \(play.text)\n") }
        #expect(pooler.log.contains("closing because: \(play.text) (age="))
        withExtendedLifetime(others) {}
    }

    @Test func `every row of the table is played here, or says where it is`() {
        let rows = Fixture("messages").records
        let played = Set((Self.startup + Self.logins + Self.sessions).map(\.row))
        #expect(Set(rows.filter { $0["where"] == "here" }.compactMap { $0["message"] }) == played)
        #expect(rows.allSatisfy { $0["where"]?.isEmpty == false })
    }

    // MARK: - The plays

    private static let app = [("user", "app"), ("database", "app")]
    private static let passthrough = ["session_state": "passthrough"]
    private static let hba = ["auth_type": "hba", "auth_hba_file": "$directory/hba"]
    private static let one = ["default_pool_size": "1"]

    private static func bytes(_ bytes: [UInt8]) -> @Sendable (Pooler) throws -> (RawClient, [AnyObject]) {
        { pooler in
            let client = try RawClient(pooler)
            try client.send(bytes)
            return (client, [])
        }
    }

    private static func says(_ parameters: [(String, String)]) -> @Sendable (Pooler) throws -> (RawClient, [AnyObject])
    {
        bytes(startupPacket(parameters))
    }

    /// Logs in as far as the request for a password, and answers with this message.
    private static func answers(_ message: WireMessage) -> @Sendable (Pooler) throws -> (RawClient, [AnyObject]) {
        { pooler in
            let client = try RawClient(pooler)
            try client.send(startupPacket(app))
            _ = try client.readUntil("R")
            try client.send(message)
            return (client, [])
        }
    }

    /// A second login beside one that stands.
    private static let second: @Sendable (Pooler) throws -> (RawClient, [AnyObject]) = { pooler in
        let first = try RawClient.loggedIn(pooler)
        let client = try RawClient(pooler)
        try client.send(startupPacket(app))
        return (client, [first])
    }

    private static let startup: [Play] = [
        Play("no username supplied", by: says([("database", "app")])),
        Play("username too long", by: says([("user", String(repeating: "u", count: 128)), ("database", "app")])),
        Play(
            "unsupported startup parameter: <name>", as: "unsupported startup parameter: foo", "08P01", passthrough,
            by: says(app + [("foo", "1")])),
        Play(
            "unsupported startup parameter in options: <name>", as: "unsupported startup parameter in options: foo",
            "08P01",
            passthrough, by: says(app + [("options", "-c foo=1")])),
        Play(
            "unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed",
            by: says(app + [("options", "-d 5")])),
        Play(
            "invalid startup packet layout: expected terminator as last byte",
            by: bytes(untyped(0x0003_0000, cString("user") + cString("app") + [1]))),
        Play("old V2 protocol not supported", by: bytes(untyped(0x0002_0000, [0]))),
        Play(
            "bad packet header: '<up to 16 hex digits>'", as: "bad packet header: '474554202f204854'",
            by: bytes(Array("GET / HTTP/1.0\r\n\r\n".utf8))),
        Play("received unencrypted data after SSL request", by: bytes(untyped(RequestCode.ssl) + [1, 2, 3])),
        Play(
            "received unencrypted data after GSSAPI encryption request",
            by: bytes(untyped(RequestCode.gss) + [1, 2, 3])),
        Play(
            "SSL required", "08P01",
            [
                "client_tls_sslmode": "require",
                "client_tls_cert_file": CertificateAuthority.localhost.certificate,
                "client_tls_key_file": CertificateAuthority.localhost.key,
            ], by: says(app)),
        Play("client password pkt before startup packet", by: bytes(WireMessage("p", cString("x")).bytes)),
        Play("client re-sent startup pkt", "08P01", ["auth_type": "plain"]) { pooler in
            let client = try RawClient(pooler)
            try client.send(startupPacket(app))
            _ = try client.readUntil("R")
            try client.send(startupPacket(app))
            return (client, [])
        },
        Play("no more connections allowed (max_client_conn)", "08P01", ["max_client_conn": "1"], by: second),
        Play(
            "client connections exceeded (max_db_client_connections)", "08P01", ["max_db_client_connections": "1"],
            by: second),
        Play(
            "client connections exceeded (max_user_client_connections)", "08P01", ["max_user_client_connections": "1"],
            by: second),
        Play("not allowed", by: says([("user", "app"), ("database", "pgbouncer")])),
        Play("bouncer config error", "08P01", ["auth_type": "any"], by: says(app)),
    ]

    private static let logins: [Play] = [
        Play("\"trust\" authentication failed", "28P01", by: says([("user", "nobody"), ("database", "app")])),
        Play(
            "password authentication failed", "28P01", ["auth_type": "plain"],
            by: answers(WireMessage("p", cString("wrong")))),
        Play(
            "empty password returned by client", "28P01", ["auth_type": "plain"],
            by: answers(WireMessage("p", cString("")))),
        Play(
            "SASL authentication failed", "28P01", ["auth_type": "scram-sha-256"],
            by: answers(WireMessage("p", cString("SCRAM-SHA-256") + int32(3) + Array("n,,".utf8)))),
        Play(
            "client selected an invalid SASL authentication mechanism", "08P01", ["auth_type": "scram-sha-256"],
            by: answers(WireMessage("p", cString("PLAIN") + int32(0)))),
        Play(
            "certificate authentication failed", "28000", hba, files: ["hba": "host all all all cert\n"], by: says(app)),
        Play("login rejected", "28000", hba, files: ["hba": "host all all all reject\n"], by: says(app)),
        Play("no authentication method is found", "28000", hba, files: ["hba": "local all all trust\n"], by: says(app)),
        Play("unix socket login rejected", "28000", hba, files: ["hba": "local all all peer\n"]) { pooler in
            let client = try RawClient(unix: pooler)
            try client.send(startupPacket(app))
            return (client, [])
        },
        Play(
            "no such database: <db>", as: "no such database: lost", by: says([("user", "app"), ("database", "lost")])),
        Play("database \"<db>\" is disabled", as: "database \"app\" is disabled") { pooler in
            try pooler.console("DISABLE app")
            return try says(app)(pooler)
        },
        Play("pooler is shutting down") { pooler in
            let first = try RawClient.loggedIn(pooler)
            try pooler.console("SHUTDOWN WAIT_FOR_CLIENTS")
            let client = try RawClient(unix: pooler)
            try client.send(startupPacket(app))
            return (client, [first])
        },
        Play("client_login_timeout", "08P01", ["client_login_timeout": "0.5", "auth_type": "plain"], by: says(app)),
        Play(
            "client_login_timeout (server down)", "08P01", ["client_login_timeout": "0.5"],
            databases: ["app": "host=127.0.0.1 port=1"], by: says(app)),
        Play(
            "(server message text)", as: "database \"nowhere\" does not exist", "3D000",
            databases: ["app": "$server dbname=nowhere"], by: says(app)),
        Play(
            "server login failed: wrong password type",
            databases: [
                "app": "$server user=scram_user password=SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$"
                    + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
            ], by: says(app)),
    ]

    /// A client that has said this.
    private static func asks(_ query: String) -> @Sendable (Pooler) throws -> (RawClient, [AnyObject]) {
        { pooler in
            let client = try RawClient.loggedIn(pooler)
            try client.send(.query(query))
            return (client, [])
        }
    }

    /// A client that has had the answer to this, and says no more.
    private static func rests(after query: String) -> @Sendable (Pooler) throws -> (RawClient, [AnyObject]) {
        { pooler in
            let client = try RawClient.loggedIn(pooler)
            _ = try client.query(query)
            return (client, [])
        }
    }

    /// A client in the queue behind one that keeps the only server.
    private static let queued: @Sendable (Pooler) throws -> (RawClient, [AnyObject]) = { pooler in
        let holder = try RawClient.loggedIn(pooler)
        _ = try holder.query("begin")
        let client = try RawClient.loggedIn(pooler)
        try client.send(.query("select 1"))
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        return (client, [holder])
    }

    private static let sessions: [Play] = [
        Play("invalid server parameter") { pooler in
            let client = try RawClient(pooler)
            try client.logIn(app + [("timezone", "no/where")])
            try client.send(.query("select 1"))
            return (client, [])
        },
        Play("bad pkt header", "08P01", ["max_packet_size": "1000"], by: asks("select repeat('x', 5000)")),
        Play("unknown pkt") { pooler in
            let client = try RawClient.loggedIn(pooler)
            try client.send(WireMessage("z", [UInt8]()))
            return (client, [])
        },
        Play(
            "transaction blocks not allowed in statement pooling mode", "08P01", ["pool_mode": "statement"],
            by: asks("begin")),
        Play("database configuration changed", "08P01", ["server_fast_close": "1", "pool_mode": "session"]) { pooler in
            let (client, _) = try rests(after: "select 1")(pooler)
            try pooler.console("RECONNECT")
            return (client, [])
        },
        Play("query_wait_timeout", "08P01", one.merging(["query_wait_timeout": "0.5"]) { $1 }, by: queued),
        Play("query_timeout", "08P01", one.merging(["query_timeout": "0.5"]) { $1 }, by: queued),
        Play("server shutting down", "08P01", one) { pooler in
            let waiting = try queued(pooler)
            try pooler.console("SHUTDOWN WAIT_FOR_SERVERS")
            return waiting
        },
        Play("query timeout", "08P01", ["query_timeout": "0.5"], by: asks("select pg_sleep(30)")),
        Play("idle transaction timeout", "08P01", ["idle_transaction_timeout": "0.5"], by: rests(after: "begin")),
        Play("transaction timeout", "08P01", ["transaction_timeout": "0.5"], by: rests(after: "begin")),
        Play("client_idle_timeout", "08P01", ["client_idle_timeout": "0.5"], by: rests(after: "select 1")),
        Play("database removed") { pooler in
            let (client, _) = try rests(after: "select 1")(pooler)
            try pooler.console("KILL app")
            return (client, [])
        },
        Play("admin forced disconnect") { pooler in
            let (client, _) = try rests(after: "select 1")(pooler)
            let row = try pooler.console("SHOW CLIENTS").records.first { $0["user"] == "app" }
            try pooler.console("KILL_CLIENT \(row?["id"] ?? "")")
            return (client, [])
        },
        Play("PQexec disallowed", "08P01", ["disable_pqexec": "1"], by: asks("select 1")),
        Play("server conn crashed?") { pooler in
            let role = try Postgres.shared.makeRole()
            try pooler.reload { $0.secrets[role] = "x" }
            let client = try RawClient.loggedIn(pooler, user: role)
            _ = try client.query("begin")
            try Postgres.shared.terminateBackends(of: role)
            // The server's own words come first.
            #expect(try client.readFatal().sqlState == "57P01")
            return (client, [])
        },
    ]
}
