import PoolerTestSupport
import Testing

/// log_format, and that no secret is in the log, whatever its form.
@Suite(.pgvaletOnly) struct LogTests {
    /// The fields of a line, as far as they are strings and numbers; nil when it is no such object.
    private static func fields(_ line: Substring) -> [String: String]? {
        // A reader of its own: strict, and for flat objects alone.
        var rest = line
        guard rest.popFirst() == "{" else { return nil }
        var fields: [String: String] = [:]
        while true {
            guard let name = string(&rest), rest.popFirst() == ":", fields[name] == nil else { return nil }
            if rest.first == "\"" {
                guard let value = string(&rest) else { return nil }
                fields[name] = value
            } else {
                let digits = rest.prefix { $0.isNumber }
                guard !digits.isEmpty else { return nil }
                fields[name] = String(digits)
                rest = rest.dropFirst(digits.count)
            }
            switch rest.popFirst() {
            case ",": continue
            case "}": return rest.isEmpty ? fields : nil
            default: return nil
            }
        }
    }

    private static func string(_ rest: inout Substring) -> String? {
        guard rest.popFirst() == "\"" else { return nil }
        var text = ""
        while let next = rest.unicodeScalars.popFirst() {
            switch next {
            case "\"": return text
            case "\\":
                switch rest.popFirst() {
                case "u":
                    guard let scalar = UInt32(rest.prefix(4), radix: 16).flatMap(Unicode.Scalar.init) else {
                        return nil
                    }
                    text.unicodeScalars.append(scalar)
                    rest = rest.dropFirst(4)
                case "n": text += "\n"
                case "r": text += "\r"
                case "t": text += "\t"
                case "\"": text += "\""
                case "\\": text += "\\"
                default: return nil
                }
            case _ where next.value < 0x20: return nil
            default: text.unicodeScalars.append(next)
            }
        }
        return nil
    }

    @Test func `every line is an object, with the fields of its connection`() throws {
        let pooler = try Pooler(["log_format": "json", "verbose": "3"])
        try pooler.connect(["application_name": "x\"y"]).query("select 1")
        let raw = try RawClient(pooler)
        try raw.send(
            startupPacketBytes([
                ("user", Array("we\"b\\\n\u{1b}\u{e9}".utf8)), ("database", Array("app".utf8)),
            ]))
        _ = try? raw.readToEnd()
        try eventually { pooler.log.contains("closing because") }
        let lines = pooler.log.split(separator: "\n")
        for line in lines { #expect(Self.fields(line) != nil, "\(line)") }
        let read = lines.compactMap(Self.fields)
        let login = try #require(
            read.first {
                $0["user"] == "app" && $0["side"] == "client" && $0["message"]?.hasPrefix("login attempt") == true
            })
        #expect(login["database"] == "app" && login["address"] == "127.0.0.1" && login["level"] == "LOG")
        #expect(login["connection"]?.hasPrefix("C-0x") == true)
        #expect(
            read.contains { $0["side"] == "server" && $0["message"]?.hasPrefix("new connection to server") == true })
        #expect(read.contains { $0["user"] == "we\"b\\\n\u{1b}\u{e9}" })
    }

    @Test func `RELOAD switches the form`() throws {
        let pooler = try Pooler()
        let before = pooler.log.utf8.count
        try pooler.reload { $0.main["log_format"] = "json" }
        try pooler.console("SHOW VERSION")
        try eventually { pooler.log.utf8.dropFirst(before).contains(UInt8(ascii: "{")) }
        try pooler.console("SET log_format = 'pgbouncer'")
        try pooler.connect().query("select 1")
        try eventually { pooler.log.contains("] LOG C-0x") }
    }

    /// Each method, with the secrets of its users in every form that a file may have.
    @Test(arguments: ["any", "trust", "plain", "md5", "scram-sha-256", "hba"], ["pgbouncer", "json"])
    func `no secret is logged`(type: String, form: String) throws {
        let scram =
            try Postgres.shared.query("select rolpassword from pg_authid where rolname = 'scram_user'")[0][0] ?? ""
        let md5 = try Postgres.shared.query("select rolpassword from pg_authid where rolname = 'md5_user'")[0][0] ?? ""
        var settings = PoolerSettings()
        settings.main.merge([
            "auth_type": type, "auth_hba_file": "$directory/hba", "log_format": form, "verbose": "3",
            "client_login_timeout": "2",
        ]) { $1 }
        settings.files["hba"] =
            "host all clear_user all password\nhost all md5_user all md5\nhost all all all scram-sha-256\n"
        settings.secrets.merge(["clear_user": "secret", "md5_user": md5, "scram_user": scram, "app": "hush-of-app"]) {
            $1
        }
        settings.databases = [
            "app": "$server", "forced": "$server dbname=app user=app password=hush-of-the-entry",
            "commanded":
                "$server dbname=app user=clear_user password_command='echo hush-from-a-command; echo hush-on-stderr >&2'",
        ]
        let pooler = try Pooler(settings)
        func logIn(_ user: String, _ database: String, _ password: String) {
            _ = try? pooler.connect(user: user, database: database, ["password": password]).query("select 1")
        }
        for user in ["clear_user", "md5_user", "scram_user", "app", "nobody"] {
            for password in [user == "app" ? "hush-of-app" : "secret", "hush-typed-wrong"] {
                logIn(user, "app", password)
            }
        }
        logIn("app", "forced", "hush-of-app")
        logIn("app", "commanded", "hush-of-app")
        _ = try? pooler.console("RELOAD", password: "admin-secret")
        let log = pooler.log
        #expect(log.contains("login attempt"))
        var secrets = ["hush", scram, md5, "admin-secret"]
        // The parts of a SCRAM secret are secrets as well.
        secrets += scram.split(whereSeparator: { "$:".contains($0) }).filter {
            $0.utf8.count > 10 && $0 != "SCRAM-SHA-256"
        }.map(String.init)
        for secret in secrets { #expect(!log.contains(secret), "\(secret)") }
    }
}

/// A startup packet whose values are any bytes.
private func startupPacketBytes(_ parameters: [(String, [UInt8])]) -> [UInt8] {
    var body: [UInt8] = []
    for (name, value) in parameters { body += cString(name) + value + [0] }
    return untyped(0x0003_0000, body + [0])
}
