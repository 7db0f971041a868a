import PoolerTestSupport
import Testing

/// The console by the letter: every command in every form, for each kind of user, and what the log says of it.
@Suite(.pgvaletOnly) struct ConsoleConformanceTests {
    private static let answers = Fixture("console_answers").records

    private static func makePooler() throws -> Pooler {
        var settings = PoolerSettings()
        settings.databases = ["app": "$server", "lb": "$server dbname=app"]
        return try Pooler(settings)
    }

    @Test(arguments: ["admin", "stats"])
    func `every command is answered as the table says`(user: String) throws {
        let console = try Self.makePooler().connect(user: user, database: "pgbouncer")
        for row in Self.answers {
            let command = Self.unescaped(row["command"])
            let answer: String
            do {
                answer = try console.query(command).tag
            } catch let error as PostgresError {
                answer = error.description
            }
            // libpq keeps 63 bytes of a tag.
            let expected = Self.unescaped(row[user])
            #expect(answer == (expected.hasPrefix("ERROR") ? expected : String(expected.prefix(63))), "\(command)")
        }
    }

    @Test func `every refusal is logged as it was told, unless log_pooler_errors is off`() throws {
        let pooler = try Self.makePooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        for row in Self.answers {
            _ = try? console.query(Self.unescaped(row["command"]))
        }
        let texts = Self.answers.compactMap { $0["admin"] }.filter { $0.hasPrefix("ERROR ") && !$0.contains("\u{b}") }
            .map { "pooler error: \($0.split(separator: " ", maxSplits: 2)[2])\n" }
        try eventually { pooler.log.contains(texts.last ?? "") }
        let log = pooler.log
        for text in texts where !log.contains(text) { Issue.record("not logged: \(text)") }
        for text in texts.map({ $0.replacing("pooler error: ", with: "] ERROR ") }) where !log.contains(text) {
            Issue.record("not logged: \(text)")
        }
        let quiet = try Pooler(["log_pooler_errors": "0"])
        #expect(throws: PostgresError.self) { try quiet.console("SHOW nonsense") }
        try eventually { quiet.log.contains("] ERROR invalid command 'SHOW nonsense', use SHOW HELP;\n") }
        #expect(!quiet.log.contains("pooler error"))
    }

    @Test(arguments: [UInt8(ascii: "p"), UInt8(ascii: "!"), 0, 255])
    func `a byte that begins no message of a session ends it`(type: UInt8) throws {
        let pooler = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler, user: "admin", database: "pgbouncer")
        // The length is that of a body that never comes.
        try client.send([type, 0, 0, 1, 0])
        #expect(try client.readFatal() == .fatal("unknown pkt"))
        try eventually { pooler.log.contains("closing because: unknown pkt (age=") }
    }

    @Test func `what comes while everything stands still is refused before it counts as a command`() throws {
        let pooler = try Self.makePooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try console.query("PAUSE")
        for command in ["PAUSE", "PAUSE app", "SUSPEND"] {
            #expect(throws: PostgresError.self) { try console.query(command) }
        }
        try console.query("RESUME")
        #expect(pooler.log.ranges(of: "] ERROR already suspended/paused\n").count == 3)
        #expect(pooler.log.ranges(of: "PAUSE command issued").count == 1)
        #expect(!pooler.log.contains("SUSPEND command issued"))
    }

    @Test(arguments: [
        ("PAUSE", "PAUSE"), ("PAUSE app", "PAUSE 'app'"), ("RESUME", "RESUME"), ("RESUME app", "RESUME 'app'"),
        ("SUSPEND", "SUSPEND"), ("RELOAD", "RELOAD"), ("DISABLE app", "DISABLE 'app'"), ("ENABLE app", "ENABLE 'app'"),
        ("RECONNECT", "RECONNECT"), ("RECONNECT app", "RECONNECT 'app'"), ("WAIT_CLOSE", "WAIT_CLOSE"),
        ("WAIT_CLOSE app", "WAIT_CLOSE 'app'"), ("KILL", "KILL"), ("KILL app", "KILL 'app'"),
        ("KILL_CLIENT 99", "KILL_CLIENT '99'"), ("SHUTDOWN WAIT_FOR_CLIENTS", "SHUTDOWN WAIT_FOR_CLIENTS"),
        ("SHUTDOWN WAIT_FOR_SERVERS", "SHUTDOWN WAIT_FOR_SERVERS"), ("SHUTDOWN", "SHUTDOWN"),
    ])
    func `who looks at the log sees which command was given`(command: String, words: String) throws {
        let pooler = try Self.makePooler()
        _ = try? pooler.console(command)
        #expect(pooler.log.contains(" LOG \(words) command issued\n"))
    }

    @Test func `a message that is no command ends the session with bad packet, in the log too`() throws {
        let pooler = try Self.makePooler()
        let client = try RawClient.loggedIn(pooler, user: "admin", database: "pgbouncer")
        try client.send(WireMessage("F"))
        let answer = try client.readUntil("Z")
        #expect(answer.first?.error == .console("unsupported packet type for admin console: 70"))
        try client.expectFatal(.fatal("bad packet"))
        try eventually { pooler.log.contains("closing because: bad packet (age=0s)") }
        #expect(pooler.log.contains("pooler error: bad packet"))
    }

    @Test(arguments: ["app", "nobody", "pgbouncer"])
    func `whoever is in neither list gets no console`(user: String) throws {
        let error = #expect(throws: PostgresError.self) { try Self.makePooler().console("SHOW VERSION", user: user) }
        #expect(error?.message.contains("FATAL:  not allowed") == true || error?.message == "not allowed")
    }

    @Test func `TLS settings can be changed one after the other, and hold once they fit together`() throws {
        let pooler = try Self.makePooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        func value(_ name: String) throws -> String? {
            try console.query("SHOW CONFIG").rows.first { $0[0] == name }?[1]
        }
        #expect(try console.query("SET client_tls_sslmode = require").tag == "SET client_tls_sslmode=require")
        let kept = "TLS settings could not be applied, still using old configuration"
        #expect(console.notices.map(\.message) == [kept])
        #expect(try value("client_tls_sslmode") == "require")
        // It is not in force, so everybody still gets in without; and other settings can be changed.
        #expect(try pooler.connect().query("select 1").value == "1")
        #expect(try console.query("SET query_timeout = 33").tag == "SET query_timeout=33")
        #expect(console.notices.count == 1)
        let identity = CertificateAuthority.localhost
        try console.query("SET client_tls_cert_file = '\(identity.certificate)'")
        try console.query("SET client_tls_key_file = '\(identity.key)'")
        #expect(console.notices.count == 2)
        let refused = #expect(throws: PostgresError.self) { try pooler.connect(["sslmode": "disable"]) }
        #expect(refused?.message.contains("SSL required") == true)
        #expect(try pooler.connect(["sslmode": "require"]).query("select 1").value == "1")
    }

    private static func unescaped(_ text: String?) -> String {
        (text ?? "").replacing("\\t", with: "\t").replacing("\\n", with: "\n")
    }
}
