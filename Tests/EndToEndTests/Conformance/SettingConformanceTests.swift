import Glibc
import PoolerTestSupport
import Testing

/// Every setting, at the daemon itself: a wrong value, a new one by SET and by RELOAD, and what only a restart changes.
@Suite(.pgvaletOnly) struct SettingConformanceTests {
    private static let rows = Fixture("settings").records
    private static let changeable = rows.filter { $0["changeable"] == "yes" }.map { $0["name"] ?? "" }
    private static let fixed = rows.filter { $0["changeable"] == "no" }.map { $0["name"] ?? "" }

    /// What cannot be read as the setting's value; nil where any text can.
    private static func wrongValue(_ row: [String: String]) -> String? {
        switch row["kind"] {
        case "int", "time": "12ab"
        case "bool": "maybe"
        case "enum", "list": "no_such_word"
        default: nil
        }
    }

    @Test func `a wrong value ends the start with the place, the key, what was found and what is expected`() throws {
        let home = try TemporaryDirectory("wrong")
        for row in Self.rows {
            guard let name = row["name"], let wrong = Self.wrongValue(row) else { continue }
            let file = try home.write("wrong.ini", "[pgbouncer]\n\n\(name) = \(wrong)\n")
            let (ending, output) = try ChildProcess.run([Pooler.binary, file])
            #expect(ending == .exited(1), "\(name)")
            #expect(output.contains("ERROR \(file):3: \(name): found \"\(wrong)\", expected "), "\(name): \(output)")
            #expect(output.hasSuffix("FATAL cannot load config file\n"), "\(name)")
        }
    }

    @Test func `a wrong value fails a RELOAD and a SET, and everything stays`() throws {
        let pooler = try Pooler(["query_wait_timeout": "77"])
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        let before = try console.query("SHOW CONFIG").rows
        let good = pooler.ini
        for row in Self.rows {
            guard let name = row["name"], let wrong = Self.wrongValue(row) else { continue }
            let lines = good.split(separator: "\n", omittingEmptySubsequences: false).filter {
                !$0.hasPrefix("\(name) =")
            }
            try pooler.writeIni(lines.joined(separator: "\n") + "query_wait_timeout = 5\n\(name) = \(wrong)\n")
            #expect(throws: PostgresError.console("RELOAD failed, see logs for additional details", "F0000"), "\(name)")
            {
                try console.query("RELOAD")
            }
            #expect(pooler.log.contains(": \(name): found \"\(wrong)\", expected "), "\(name)")
            let expected = row["changeable"] == "yes" ? "08P01" : "55P02"
            let error = #expect(throws: PostgresError.self) { try console.query("SET \(name) = '\(wrong)'") }
            #expect(error?.sqlState == expected, "\(name)")
        }
        #expect(try console.query("SHOW CONFIG").rows == before)
    }

    /// Another value than the default that can be set while the daemon runs and leaves it usable.
    private static func otherValue(_ row: [String: String]) -> String {
        switch row["name"] {
        case "admin_users": return "admin, other"
        case "auth_type": return "any"
        case "auth_hba_file", "auth_ident_file", "auth_file", "logfile", "conffile": return "/dev/null"
        case "auth_ldap_options": return "ldapserver=other"
        case "client_tls_sslmode", "server_tls_sslmode": return "disable"
        case "client_tls_protocols", "server_tls_protocols": return "tlsv1.3"
        case "pool_mode": return "statement"
        case "max_packet_size": return "1000000"
        case "log_format": return "json"
        case "syslog_facility": return "local3"
        case "client_tls_dheparams": return "none"
        default: break
        }
        return switch row["kind"] {
        case "int", "time": row["default"] == "7" ? "8" : "7"
        case "bool": row["default"] == "1" ? "0" : "1"
        default: "other"
        }
    }

    @Test(arguments: changeable) func `SET changes a setting, and RELOAD brings the file's value back`(name: String)
        throws
    {
        let row = try #require(Self.rows.first { $0["name"] == name })
        let pooler = try Pooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        func value() throws -> String? { try console.query("SHOW CONFIG").rows.first { $0[0] == name }?[1] }
        let (before, other) = (try value(), Self.otherValue(row))
        #expect(try console.query("SET \(name) = '\(other)'").tag == "SET \(name)=\(other)")
        #expect(try value() == (name == "auth_ldap_options" ? "(hidden)" : other))
        if name == "conffile" { try console.query("SET conffile = '\(pooler.directory)/pooler.ini'") }
        try console.query("RELOAD")
        #expect(try value() == before)
    }

    @Test func `RELOAD takes changeable settings from the file, and keeps the others with a warning`() throws {
        let pooler = try Pooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        func values() throws -> [String: String?] {
            Dictionary(try console.query("SHOW CONFIG").rows.map { ($0[0] ?? "", $0[1]) }) { $1 }
        }
        let before = try values()
        let skipped = [
            "conffile", "auth_file", "auth_type", "logfile", "user", "resolv_conf", "auth_hba_file",
            "auth_ldap_options",
        ]
        let rows = Self.rows.filter { !skipped.contains($0["name"] ?? "") && !($0["name"] ?? "").contains("_tls") }
        try pooler.reload { settings in
            for row in rows { settings.main[row["name"] ?? ""] = Self.otherValue(row) }
        }
        let after = try values()
        for row in rows {
            let (name, other) = (row["name"] ?? "", Self.otherValue(row))
            if row["changeable"] == "yes" {
                #expect(after[name] == other, "\(name)")
            } else {
                #expect(after[name] == before[name], "\(name)")
                if before[name] != other { #expect(pooler.log.contains("\(name) stays "), "\(name)") }
            }
        }
        // And a line that is gone brings the default back.
        try pooler.reload { settings in
            for row in rows where !["admin_users", "stats_users"].contains(row["name"] ?? "") {
                settings.main[row["name"] ?? ""] = nil
            }
            settings.main["server_login_retry"] = "1"
        }
        let restored = try values()
        for row in rows where row["changeable"] == "yes" && !["admin_users", "stats_users"].contains(row["name"] ?? "")
        {
            #expect(restored[row["name"] ?? ""] == before[row["name"] ?? ""], "\(row["name"] ?? "")")
        }
    }

    @Test(arguments: fixed) func `SET of a setting that needs a restart says so, and changes nothing`(name: String)
        throws
    {
        let pooler = try Pooler()
        let before = try pooler.console("SHOW CONFIG").rows
        let error = #expect(throws: PostgresError.self) { try pooler.console("SET \(name) = '1'") }
        let text = "parameter \"\(name)\" cannot be changed without restarting pgvalet"
        #expect(error == .console(text, "55P02"))
        #expect(try pooler.console("SHOW CONFIG").rows == before)
    }
}
