import PoolerTestSupport
import Testing

/// CVE-2026-6667: who may do what on the console, for every command and every kind of user.
@Suite(.pgvaletOnly) struct ConsoleRoleTests {
    /// Every command of SHOW HELP, and whether it is for admins alone. The order keeps the pooler in working order.
    static let commands: [(command: String, isForAdmins: Bool)] = [
        ("SHOW HELP", false), ("SHOW VERSION", false), ("SHOW DATABASES", false), ("SHOW POOLS", false),
        ("SHOW CLIENTS", false), ("SHOW SERVERS", false), ("SHOW USERS", false), ("SHOW STATS", false),
        ("SHOW LISTS", false), ("SHOW MEM", false), ("SHOW STATE", false), ("SHOW CONFIG", false),
        ("SHOW SOCKETS", false),
        ("SHOW ACTIVE_SOCKETS", false), ("SHOW TOTALS", false), ("SHOW STATS_TOTALS", false),
        ("SHOW STATS_AVERAGES", false), ("SHOW DNS_HOSTS", false), ("SHOW DNS_ZONES", false), ("SHOW PEERS", false),
        ("SHOW PEER_POOLS", false), ("SHOW WORKERS", false), ("SHOW FDS", true),
        ("SET verbose = 0", true), ("SET admin_users = 'stats'", true), ("SET auth_type = 'any'", true),
        ("RELOAD", true), ("PAUSE app", true), ("RESUME app", true), ("PAUSE", true), ("RESUME", true),
        ("DISABLE app", true), ("ENABLE app", true), ("RECONNECT", true), ("RECONNECT app", true), ("KILL app", true),
        ("RESUME app", true), ("KILL_CLIENT 999999", true), ("SUSPEND", true), ("RESUME", true), ("WAIT_CLOSE", true),
        ("WAIT_CLOSE app", true), ("SHUTDOWN", true), ("SHUTDOWN WAIT_FOR_CLIENTS", true),
        ("SHUTDOWN WAIT_FOR_SERVERS", true),
    ]

    private static func pooler() throws -> Pooler {
        try Pooler(["auth_type": "plain", "auth_failure_limit": "0"], databases: ["app": "$server"])
    }

    @Test func `CVE-2026-6667 every command, as a stats user`() throws {
        let pooler = try Self.pooler()
        // Each way to write it, and both protocols.
        for (command, isForAdmins) in Self.commands {
            for text in [command, command.lowercased(), "  \(command) ;"] {
                for isExtended in [false, true] {
                    let console = try pooler.connect(
                        user: "stats", database: "pgbouncer", ["password": "stats-secret"])
                    do {
                        _ = isExtended ? try console.query(text, []) : try console.query(text)
                        #expect(!isForAdmins, "a stats user ran \(text)")
                    } catch let error as PostgresError {
                        #expect(isForAdmins && error.message == "admin access needed", "\(text): \(error)")
                    }
                }
            }
        }
        #expect(pooler.ended == nil)
        #expect(try pooler.connect(["password": "app-secret"]).query("select 1").value == "1")
        #expect(
            try pooler.console("SHOW CONFIG", password: "admin-secret").records.contains {
                $0["key"] == "admin_users" && $0["value"] == "admin"
            })
    }

    @Test func `CVE-2026-6667 nobody else comes in, whatever the password`() throws {
        let pooler = try Self.pooler()
        for user in ["app", "postgres", "nobody", "pgbouncer", "pgvalet", "admin ", "Admin", ""] {
            for database in ["pgbouncer", "pgvalet"] where !user.isEmpty {
                for password in ["app-secret", "pg-secret", "admin-secret", "stats-secret"] {
                    // Only who has proved to be somebody learns that it is the wrong somebody.
                    let isProved =
                        (user == "app" && password == "app-secret") || (user == "postgres" && password == "pg-secret")
                    let error =
                        isProved
                        ? PostgresError.fatal("not allowed") : .fatal("password authentication failed", "28P01")
                    #expect(throws: error) {
                        try pooler.connect(user: user, database: database, ["password": password])
                    }
                }
            }
        }
        // Nor those who belong there without their own.
        for (user, password) in [("admin", "stats-secret"), ("stats", "admin-secret"), ("admin", "x")] {
            #expect(throws: PostgresError.fatal("password authentication failed", "28P01")) {
                try pooler.connect(user: user, database: "pgbouncer", ["password": password])
            }
        }
    }

    @Test func `CVE-2026-6667 the commands of the table are all there are`() throws {
        let notices = try {
            let console = try Self.pooler().connect(user: "admin", database: "pgbouncer", ["password": "admin-secret"])
            try console.query("SHOW HELP")
            return console.notices
        }()
        let words = Set(Self.commands.map { $0.command.split(separator: " ")[0] })
        for line in (notices.first?.detail ?? "").split(separator: "\n") {
            let word = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first ?? ""
            #expect(words.contains(word) || word.hasPrefix("[") || word.contains("|"), "\(word) is not in the table")
        }
    }
}
