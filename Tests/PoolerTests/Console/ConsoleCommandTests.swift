import Testing

@testable import Pooler

@Suite("The console's commands")
struct ConsoleCommandTests {
    static let invalid = "E ERROR 08P01 invalid command"
    static let noAccess = "E ERROR 08P01 admin access needed"
    static let tooLong = "E ERROR 08P01 bad arguments"
    static let noDatabase = "E ERROR 08P01 a database is required"
    static let noPointer = "E ERROR 08P01 invalid client pointer supplied"

    @Test(
        "Each command of the reference has its tag, for whoever may run it",
        arguments: ConsoleFixture.rows("commands.tsv"))
    func tags(row: [String]) throws {
        try #require(row.count == 3)
        for (role, name) in [(ConsoleRole.admin, "admin"), (.stats, "stats")] {
            for spelling in [row[0], row[0].replacing("SH", with: "sh") + ";", " \t" + row[0] + "\r\n; \n"] {
                var client = ConsoleClient(role)
                let answers = client.query(spelling)
                if !row[1].contains(name) {
                    #expect(answers == [Self.noAccess, "Z"], "\(spelling)")
                    #expect(client.effects.isEmpty)
                } else if row[2] == "-" {
                    #expect(answers.isEmpty)
                    #expect(client.closeReason == .shutDown)
                } else {
                    #expect(Array(answers.suffix(2)) == ["C " + row[2], "Z"], "\(spelling)")
                }
            }
        }
    }

    @Test(
        "A command names its effect",
        arguments: [
            ("pause", .pause(nil)), ("PAUSE \"\"", .pause(nil)), ("pause db1", .pause("db1")),
            ("Pause \"My \"\"db\"\"\"", .pause("My \"db\"")), ("resume 1x", .resume("1x")),
            ("\"resume\" a", .resume("a")),
            ("suspend", .suspend), ("disable a", .disable("a")), ("enable \"a-b\"", .enable("a-b")),
            ("reconnect", .reconnect(nil)), ("wait_close a", .waitClose("a")), ("kill", .kill(nil)),
            ("kill_client 18446744073709551615", .killClient(.max)), ("reload ;", .reload),
            ("shutdown", .shutdown(.immediate)), ("shutdown wait_for_servers", .shutdown(.waitForServers)),
            ("SHUTDOWN Wait_For_Clients", .shutdown(.waitForClients)),
            ("set a=b", .set(key: "a", value: "b")), ("SET Aa TO'it''s'", .set(key: "Aa", value: "it's")),
            ("set \"k\" to \"1.5\" ;", .set(key: "k", value: "1.5")), ("set a = ''", .set(key: "a", value: "")),
        ] as [(String, ConsoleEffect)])
    func effects(text: String, effect: ConsoleEffect) throws {
        #expect(try ConsoleCommand.parse(text, for: .admin) == .run(effect))
    }

    /// What is not a command at all is said before anybody's permission is looked at.
    @Test(
        "What is no command is refused with its own text",
        arguments: [
            "", " \n", ";", "show", "show nothing", "show all", "SHOW transaction_isolation", "select 1",
            "show version;;",
            "show version x", "show 'version'", "show\"version\"", "show version -- x", "/* x */ show version",
            "show version\u{0B}", "show version; show state", "pause;resume", "pause a b", "pause a.b", "pause a-b",
            "pause $1", "pause é", "pause \"a", "pause a\"b\"", "pause a = b", "begin", "show a = b",
            "reload x", "suspend x", "shutdown x", "shutdown immediate", "set", "set a", "set a =", "set a = -1",
            "set a = 1.5", "set a = 'x", "set a == 1", "set a = b c", "set a.b = 1", "set session x = 1", "set a tob",
            "set = 1",
        ])
    func invalidCommands(text: String) {
        for role in ConsoleRole.allCases {
            var client = ConsoleClient(role)
            #expect(client.query(text) == ["E ERROR 08P01 invalid command '\(text)', use SHOW HELP;", "Z"])
        }
    }

    @Test(
        "Wrong arguments and missing permission are told apart in PgBouncer's order",
        arguments: [
            ("disable", noDatabase, noAccess), ("enable", noDatabase, noAccess), ("disable \"\"", noDatabase, noAccess),
            ("kill_client", noPointer, noAccess), ("kill_client x", noPointer, noAccess),
            ("kill_client \"-1\"", noPointer, noAccess), ("kill_client 18446744073709551616", noPointer, noAccess),
            ("abcdefghijklmnop", tooLong, tooLong), ("pause \(String(repeating: "x", count: 64))", tooLong, tooLong),
            ("pause \"\(String(repeating: "x", count: 64))\"", tooLong, tooLong),
            ("set \(String(repeating: "x", count: 64)) = 1", tooLong, tooLong),
            ("set a = '\(String(repeating: "x", count: 256))'", tooLong, tooLong),
        ])
    func wrongArguments(text: String, admin: String, stats: String) {
        for (role, expected) in [(ConsoleRole.admin, admin), (.stats, stats)] {
            var client = ConsoleClient(role)
            #expect(client.query(text) == [expected, "Z"])
            #expect(client.effects.isEmpty)
        }
    }

    @Test("The longest words that are allowed")
    func longestWords() throws {
        let (name, value) = (String(repeating: "x", count: 63), String(repeating: "y", count: 255))
        #expect(try ConsoleCommand.parse("pause \(name)", for: .admin) == .run(.pause(name)))
        #expect(try ConsoleCommand.parse("set \(name)='\(value)'", for: .admin) == .run(.set(key: name, value: value)))
        #expect(throws: ConsoleError.invalidCommand("abcdefghijklmno")) {
            try ConsoleCommand.parse("abcdefghijklmno", for: .admin)
        }
    }

    @Test("SHOW HELP is a notice that lists every command and every SHOW")
    func help() throws {
        var client = ConsoleClient(.stats)
        client.send("Q", ConsoleClient.strings("show help"))
        let messages = client.messages()
        #expect(messages.map(\.description) == ["N Console usage", "C SHOW", "Z"])
        let detail = try #require(messages.first?.fields["D"])
        #expect(detail.hasPrefix("\n\tSHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION\n\t"))
        // SELECT is another word for SHOW, TAKEOVER is for programs.
        for entry in ConsoleCommandTable.entries where !["SELECT", "TAKEOVER"].contains(entry.name) {
            #expect(detail.contains("\t" + entry.name))
        }
        for table in ShowTable.groups.joined() { #expect(detail.contains(table.name)) }
        #expect(messages.first?.fields["C"] == "00000")
    }

    @Test(
        "What drivers ask for on every connection has a constant answer",
        arguments: [
            ("client_encoding", "UTF-8"), ("Default_Transaction_Isolation", "read committed"),
            ("standard_conforming_strings", "on"), ("DATESTYLE", "ISO"), ("TimeZone", "GMT"),
        ])
    func constants(name: String, value: String) {
        var client = ConsoleClient(.stats)
        #expect(client.query("show \(name)") == ["T", "D \(value)", "C SHOW", "Z"])
        #expect(client.query("set \(name) to 'x'") == ["N SET ignored", "C SET", "Z"])
        #expect(ShowTable.fixed(name)?.headers == [.init(name: name.lowercased(), type: .text)])
    }

    @Test("A login to the console says what it is")
    func greeting() {
        let greeting = ConsoleGreeting.parameterStatuses(version: "1.25.2", tracked: [("application_name", "psql")])
        #expect(
            greeting.map { "\($0.name)=\($0.value)" } == [
                "server_version=1.25.2/bouncer", "client_encoding=UTF8", "server_encoding=UTF8", "DateStyle=ISO",
                "TimeZone=GMT", "standard_conforming_strings=on", "is_superuser=on", "application_name=psql",
            ])
        #expect(ConsoleGreeting.isConsole("pgbouncer") && ConsoleGreeting.isConsole("pgvalet"))
        #expect(!ConsoleGreeting.isConsole("postgres"))
    }
}
