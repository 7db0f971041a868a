import Testing

@testable import Pooler

@Suite("The extended protocol on the console")
struct ConsoleExtendedProtocolTests {
    @Test("A driver's usual sequence gives the rows of the simple protocol")
    func usualSequence() {
        var client = ConsoleClient(.stats)
        client.parse("show version")
        client.describe("S")
        client.bind()
        client.describe("P")
        client.execute()
        client.send("H")
        #expect(client.answers() == ["1", "t", "T", "2", "T", "D PgBouncer 1.25.2", "C SHOW"])
        client.send("S")
        #expect(client.answers() == ["Z"])
    }

    @Test("A named statement can be run again, also for effects")
    func namedStatement() {
        var client = ConsoleClient()
        client.parse("reconnect a", name: "s1")
        client.describe("S", "s1")
        for _ in 0..<2 {
            client.bind(statement: "s1")
            client.execute()
            client.send("S")
        }
        #expect(client.answers() == ["1", "t", "n", "2", "C RECONNECT", "Z", "2", "C RECONNECT", "Z"])
        #expect(client.effects == [.reconnect("a"), .reconnect("a")])
        client.send("C", [0x53] + ConsoleClient.strings("s1"))
        client.bind(statement: "s1")
        client.send("S")
        #expect(client.answers() == ["3", "E ERROR 26000 prepared statement \"s1\" does not exist", "Z"])
    }

    @Test("A limited Execute suspends the portal")
    func limitedExecute() {
        var client = ConsoleClient()
        client.parse("show state")
        client.bind()
        for _ in 0..<2 { client.execute(limit: 2) }
        client.execute()
        client.send("S")
        #expect(
            client.answers() == [
                "1", "2", "D active|yes", "D paused|no", "s", "D suspended|no", "C SHOW", "C SHOW", "Z",
            ])
    }

    @Test("After an error everything up to Sync is skipped")
    func skipping() {
        var client = ConsoleClient()
        client.parse("nonsense")
        client.bind()
        client.execute()
        #expect(client.query("show version") == ["E ERROR 08P01 invalid command 'nonsense', use SHOW HELP;"])
        client.send("S")
        #expect(client.answers() == ["Z"])
        #expect(client.query("show version").last == "Z")
    }

    @Test("A failed effect skips until Sync as well")
    func failedEffect() {
        var client = ConsoleClient()
        client.result = .failed(.canceled)
        client.parse("pause")
        client.bind()
        client.execute()
        client.execute()
        client.send("S")
        #expect(client.answers() == ["1", "2", "E ERROR 57014 canceling statement due to user request", "Z"])
    }

    @Test("What waits behind an Execute comes out in order")
    func waiting() {
        var client = ConsoleClient()
        client.holds = true
        client.parse("show version")
        client.bind()
        client.execute()
        client.send("S")
        #expect(client.query("kill_client 5") == ["1", "2"])
        client.arrive()
        #expect(client.answers() == ["D PgBouncer 1.25.2", "C SHOW", "Z"])
        #expect(client.effects == [.killClient(5)])
        client.complete(.failed(.clientNotFound))
        #expect(client.answers() == ["E ERROR 08P01 client not found", "Z"])
    }

    @Test("Permission is asked at Parse")
    func permission() {
        var client = ConsoleClient(.stats)
        client.parse("pause")
        client.send("S")
        #expect(client.answers() == ["E ERROR 08P01 admin access needed", "Z"])
    }

    @Test(
        "Each mistake has the error that Postgres gives it",
        arguments: [
            ("duplicate", "42P05 prepared statement \"s\" already exists"),
            ("unnamed", "26000 unnamed prepared statement does not exist"),
            ("portal", "34000 portal \"p\" does not exist"), ("portals", "42P03 portal \"p\" already exists"),
            ("again", "55000 portal \"\" cannot be run"),
            ("parameters", "08P01 bind message supplies 2 parameters, but prepared statement \"s\" requires 0"),
            ("formats", "08P01 bind message has 2 result formats but query has 1 columns"),
            ("format", "22023 unsupported format code: 7"), ("gone", "34000 portal \"p\" does not exist"),
        ])
    func mistakes(mistake: String, error: String) {
        var client = ConsoleClient()
        client.parse("show version", name: "s")
        switch mistake {
        case "duplicate": client.parse("show state", name: "s")
        case "unnamed": client.bind()
        case "portal": client.execute("p")
        case "portals":
            client.bind(portal: "p", statement: "s")
            client.bind(portal: "p", statement: "s")
        case "again":
            client.parse("reconnect")
            client.bind()
            client.execute()
            client.execute()
        case "parameters": client.bind(statement: "s", parameters: 2)
        case "formats": client.bind(statement: "s", formats: [0, 0])
        case "format": client.bind(statement: "s", formats: [7])
        default:
            client.bind(portal: "p", statement: "s")
            client.send("S")
            client.describe("P", "p")
        }
        #expect(client.answers().last == "E ERROR " + error)
    }

    @Test(
        "A broken message is an error until Sync",
        arguments: [
            ("P", [0], "Parse"), ("P", [0, 0], "Parse"), ("P", [0, 0, 0xFF, 0xFF], "Parse"),
            ("P", [0, 0, 0, 1], "Parse"),
            ("P", [0, 0, 0, 0, 0], "Parse"), ("B", [], "Bind"), ("B", [0, 0, 0x7F, 0xFF], "Bind"),
            ("B", [0, 0, 0, 0, 0, 1, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0], "Bind"),
            ("B", [0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFE, 0, 0], "Bind"), ("D", [], "Describe"),
            ("D", [0x53, 0x41], "Describe"), ("D", [0x54, 0], "Describe"), ("E", [0], "Execute"),
            ("E", [0, 0, 0, 0, 0, 0], "Execute"), ("C", [0x50], "Close"), ("C", [0x50, 0, 0], "Close"),
        ] as [(Character, [UInt8], String)])
    func brokenMessages(type: Character, body: [UInt8], name: String) {
        var client = ConsoleClient()
        client.send(type, body)
        client.parse("show version")
        client.send("S")
        #expect(client.answers() == ["E ERROR 08P01 broken \(name) packet", "Z"])
    }

    @Test("Statements and portals are bounded, and the session outlives the bound")
    func bounds() {
        var client = ConsoleClient()
        for number in 0...ConsoleStatementBook.capacity { client.parse("show version", name: "s\(number)") }
        #expect(client.answers().last == "E ERROR 54000 too many prepared statements in the admin console")
        client.send("S")
        for number in 0...ConsoleStatementBook.capacity { client.bind(portal: "p\(number)", statement: "s1") }
        #expect(client.answers().last == "E ERROR 54000 too many portals in the admin console")
        client.send("S")
        #expect(client.answers() == ["Z"])
        #expect(client.query("show version").last == "Z")
    }

    @Test("Binary results hold the same numbers")
    func binaryResults() {
        #expect(ShowValue.int4(-2).encoded(.binary) == [0xFF, 0xFF, 0xFF, 0xFE])
        #expect(ShowValue.int4(1 << 40).encoded(.binary) == [0x7F, 0xFF, 0xFF, 0xFF])
        #expect(ShowValue.int4(1 << 40).encoded(.text) == Array("1099511627776".utf8))
        #expect(ShowValue.int8(258).encoded(.binary) == [0, 0, 0, 0, 0, 0, 1, 2])
        #expect(ShowValue.numeric(0).encoded(.binary) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(ShowValue.numeric(10_000).encoded(.binary) == [0, 1, 0, 1, 0, 0, 0, 0, 0, 1])
        // 1 2345 0000
        #expect(ShowValue.numeric(123_450_000).encoded(.binary) == [0, 2, 0, 2, 0, 0, 0, 0, 0, 1, 0x09, 0x29])
        #expect(ShowValue.text("é").encoded(.binary) == Array("é".utf8))
        #expect(ShowValue.null.encoded(.binary) == nil)
        var client = ConsoleClient()
        client.parse("show lists")
        client.bind(formats: [0, 1])
        client.describe("P")
        client.execute()
        let messages = client.messages()
        #expect(messages[2].body.suffix(2) == [0, 1])
        #expect(messages[3].body == [0, 2, 0, 0, 0, 9] + Array("databases".utf8) + [0, 0, 0, 4, 0, 0, 0, 0])
    }
}
