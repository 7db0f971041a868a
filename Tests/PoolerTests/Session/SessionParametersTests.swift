import Testing

@testable import Pooler

@Suite struct SessionParametersTests {
    private static let tracked = TrackedParameters(extra: ["IntervalStyle", "search_path", "TIMEZONE", "search_path"])

    private static func values(_ texts: [String: String]) -> [[UInt8]?] {
        tracked.names.map { texts[$0].map { Array($0.utf8) } }
    }

    private static func sql(_ alignment: Alignment?) -> String? {
        alignment.map { String(decoding: $0.sql, as: UTF8.self) }
    }

    @Test func `Extra parameters follow the fixed ones, each once`() {
        #expect(Self.tracked.names == TrackedParameters.fixed + ["IntervalStyle", "search_path"])
        #expect(Self.tracked.count == 7)
        #expect(Self.tracked.index(of: "timezone") == 2 && Self.tracked.index(of: "SEARCH_PATH") == 6)
        #expect(Self.tracked.index(of: "application_name") == TrackedParameters.applicationNameIndex)
        #expect(Self.tracked.index(of: "statement_timeout") == nil && Self.tracked.index(of: "") == nil)
    }

    @Test func `Equal values are one object`() {
        var sets = ParameterSets(tracked: Self.tracked)
        let first = sets.intern(Self.values(["TimeZone": "UTC"]))
        #expect(sets.intern(Self.values(["TimeZone": "UTC"])) === first)
        #expect(sets.intern(Self.values(["TimeZone": "utc"])) !== first)
        #expect(sets.intern(Self.values([:])) === sets.empty)
        #expect(first.text(2) == "UTC" && first.text(0) == nil)
        let changed = sets.replacing(2, of: first, with: Array("CET".utf8))
        #expect(changed === sets.intern(Self.values(["TimeZone": "CET"])))
        #expect(sets.replacing(2, of: changed, with: Array("CET".utf8)) === changed)
        #expect(sets.count == 4)
    }

    @Test(
        arguments: [
            ([:], [:], nil),
            (["TimeZone": "UTC"], ["TimeZone": "utc"], nil),
            (["client_encoding": "UTF8"], ["client_encoding": "utf8"], nil),
            (["DateStyle": "ISO, MDY"], ["DateStyle": "ISO, DMY"], "SET DateStyle TO 'ISO, DMY';"),
            (["application_name": "a"], ["application_name": "A"], "SET application_name TO 'A';"),
            (["search_path": "\"Foo\""], ["search_path": "\"foo\""], "SET search_path TO 'foo';"),
            ([:], ["search_path": "a"], "SET search_path TO 'a';"),
            (["search_path": "a"], [:], "RESET search_path;"),
            (
                ["TimeZone": "UTC", "application_name": "x", "search_path": "a"],
                ["TimeZone": "CET", "application_name": "y"],
                "SET TimeZone TO 'CET';SET application_name TO 'y';RESET search_path;"
            ),
        ] as [([String: String], [String: String], String?)])
    func `Only what differs is changed`(_ current: [String: String], _ wanted: [String: String], _ sql: String?) {
        var sets = ParameterSets(tracked: Self.tracked)
        let alignment = sets.alignment(
            from: sets.intern(Self.values(current)), to: sets.intern(Self.values(wanted)))
        #expect(Self.sql(alignment) == sql)
    }

    @Test func `Only values that servers have accepted go out unawaited`() {
        var sets = ParameterSets(tracked: Self.tracked)
        let known = sets.intern(Self.values(["TimeZone": "UTC"]))
        let wanted = sets.intern(Self.values(["TimeZone": "UTC", "search_path": "a"]))
        #expect(sets.alignment(from: sets.empty, to: wanted)?.isVerified == false)
        sets.serverReported(2, Array("UTC".utf8))
        #expect(sets.alignment(from: sets.empty, to: known)?.isVerified == true)
        // One value that is not known is enough.
        #expect(sets.alignment(from: sets.empty, to: wanted)?.isVerified == false)
        #expect(sets.alignment(from: known, to: wanted)?.isVerified == false)
        // The same text for another parameter says nothing.
        sets.serverReported(0, Array("a".utf8))
        #expect(sets.alignment(from: known, to: wanted)?.isVerified == false)
        sets.aligned(to: wanted)
        #expect(sets.alignment(from: sets.empty, to: wanted)?.isVerified == true)
        // Going back to the default always works.
        #expect(sets.alignment(from: wanted, to: sets.empty)?.isVerified == true)
    }

    @Test func `Sets that nobody uses are swept out, used ones stay the same object`() {
        var sets = ParameterSets(tracked: Self.tracked)
        var kept: [ParameterSet] = []
        for number in 0..<5000 {
            let set = sets.intern(Self.values(["application_name": "client \(number)"]))
            if number % 500 == 0 { kept.append(set) }
        }
        #expect(sets.count <= 1025)
        for (index, set) in kept.enumerated() {
            #expect(sets.intern(Self.values(["application_name": "client \(index * 500)"])) === set)
        }
        #expect(sets.intern(Self.values([:])) === sets.empty)
    }

    @Test func `What clients choose cannot make the list of accepted values grow without end`() {
        var sets = ParameterSets(tracked: Self.tracked)
        for number in 0..<3000 { sets.serverReported(4, Array("client \(number)".utf8)) }
        let last = sets.intern(Self.values(["application_name": "client 2999"]))
        let first = sets.intern(Self.values(["application_name": "client 0"]))
        #expect(sets.alignment(from: sets.empty, to: last)?.isVerified == true)
        #expect(sets.alignment(from: sets.empty, to: first)?.isVerified == false)
    }

    @Test func `A welcome keeps untracked parameters as messages and tracked ones as values`() {
        var welcome = Welcome(tracked: Self.tracked)
        welcome.reported("server_version", Array("17.2".utf8), among: Self.tracked)
        welcome.reported("timezone", Array("UTC".utf8), among: Self.tracked)
        welcome.reported("is_superuser", Array("off".utf8), among: Self.tracked)
        let text = "server_version\u{0}17.2\u{0}"
        let second = "is_superuser\u{0}off\u{0}"
        #expect(
            welcome.untracked == Array("S".utf8) + [0, 0, 0, UInt8(text.utf8.count + 4)] + Array(text.utf8)
                + Array("S".utf8) + [0, 0, 0, UInt8(second.utf8.count + 4)] + Array(second.utf8))
        #expect(welcome.tracked == Self.values(["TimeZone": "UTC"]))
        let values = welcome.completing(Self.values(["DateStyle": "SQL", "TimeZone": "CET"]))
        #expect(values == Self.values(["DateStyle": "SQL", "TimeZone": "CET"]))
        #expect(welcome.completing(Self.values([:])) == Self.values(["TimeZone": "UTC"]))
    }
}
