import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct ClientIdentityTests {
    private static let tracked = TrackedParameters(extra: ["statement_timeout"])
    private static let ignored = ["extra_float_digits", "jit"]

    private static func read(
        _ parameters: [(String, String)], version: Int32 = 0x0003_0000, ignored: [String] = ignored
    ) -> Result<ClientIdentity, LoginRefusal> {
        startupPacket(parameters, version: version).withSpan { span in
            do {
                guard case .startup(let message) = try StartupPacket(span) else { return .failure(.init(.noUsername)) }
                return .success(try ClientIdentity(message, tracked: tracked, ignored: ignored))
            } catch let refusal as LoginRefusal {
                return .failure(refusal)
            } catch {
                return .failure(LoginRefusal(.badStartupLayout))
            }
        }
    }

    private static func refusal(_ parameters: [(String, String)], ignored: [String] = ignored) -> CloseReason? {
        switch read(parameters, ignored: ignored) {
        case .failure(let refusal): refusal.reason
        case .success(let identity): identity.settingRefusal
        }
    }

    private static func set(_ identity: ClientIdentity) -> [String: String] {
        var values: [String: String] = [:]
        for (name, value) in zip(tracked.names, identity.parameters) {
            values[name] = value.map { String(decoding: $0, as: UTF8.self) }
        }
        return values
    }

    @Test func `The database is the user's, unless another is named`() throws {
        for (parameters, database) in [
            ([("user", "bob")], "bob"), ([("user", "bob"), ("database", "")], "bob"),
            ([("database", "shop"), ("user", "bob")], "shop"),
        ] {
            let identity = try Self.read(parameters).get()
            #expect(identity.user == "bob" && identity.database == database && identity.negotiation == nil)
        }
        #expect(try Self.read([("user", "a"), ("database", "pgbouncer")]).get().isConsole)
        #expect(try Self.read([("user", "a"), ("database", "pgvalet")]).get().isConsole)
        #expect(try !Self.read([("user", "a"), ("database", "PgBouncer")]).get().isConsole)
    }

    @Test(arguments: ["cafe\u{301}", "\u{212b}", "a\u{fffd}"])
    func `A name that could be mistaken for another is refused`(name: String) {
        #expect(Self.refusal([("user", name)]) == .ambiguousName)
        #expect(Self.refusal([("user", "bob"), ("database", name)]) == .ambiguousName)
    }

    @Test(arguments: ["caf\u{e9}", "हिन्दी", "中文", "ёж"])
    func `A name in normalization form C is as good as any`(name: String) {
        #expect(Self.refusal([("user", name), ("database", name)]) == nil)
    }

    @Test func `A user name is needed, of at most 127 bytes`() {
        #expect(Self.refusal([]) == .noUsername && Self.refusal([("user", "")]) == .noUsername)
        #expect(Self.refusal([("user", String(repeating: "u", count: 127))]) == nil)
        #expect(Self.refusal([("user", String(repeating: "u", count: 128))]) == .usernameTooLong)
        #expect(Self.refusal([("user", String(repeating: "é", count: 64))]) == .usernameTooLong)
    }

    @Test func `Tracked parameters are taken whatever their case, ignored ones by their exact name`() throws {
        let identity = try Self.read([
            ("user", "bob"), ("TIMEZONE", "CET"), ("application_name", "App"), ("jit", "off"),
            ("statement_timeout", "5s"), ("extra_float_digits", "2"),
        ]).get()
        #expect(
            Self.set(identity) == ["TimeZone": "CET", "application_name": "App", "statement_timeout": "5s"])
        #expect(Self.refusal([("user", "bob"), ("work_mem", "1MB")]) == .unsupportedParameter("work_mem"))
        #expect(Self.refusal([("user", "bob"), ("JIT", "off")]) == .unsupportedParameter("JIT"))
    }

    @Test(
        arguments: [
            ("-c statement_timeout=5s -c TimeZone=CET", nil), ("--Statement_Timeout=5s -ctimezone=CET", nil),
            ("-c jit=off", nil), ("", nil), ("-c work_mem=1", .unsupportedOption("work_mem")),
            ("-d 5", .unsupportedOptions), (" ", .unsupportedOptions), ("-c JIT=off", .unsupportedOption("JIT")),
        ] as [(String, CloseReason?)])
    func `Settings in options are treated like parameters`(_ options: String, _ reason: CloseReason?) throws {
        let parameters = [("user", "bob"), ("options", options)]
        #expect(Self.refusal(parameters) == reason)
        // Whoever ignores options ignores everything in it that is not tracked.
        let identity = try Self.read(parameters, ignored: ["options"]).get()
        if options.contains("5s") {
            #expect(Self.set(identity) == ["statement_timeout": "5s", "TimeZone": "CET"])
        } else {
            #expect(Self.set(identity) == [:])
        }
    }

    @Test(
        arguments: [
            ("", false), ("0", false), ("false", false), ("off", false), ("no", false), ("OFF", false), ("f", false),
            ("n", false), ("No", false), ("1", true), ("true", true), ("on", true), ("yes", true), ("database", true),
            ("of", false), ("fals", false), ("fa", false), ("o", true), ("falsey", true),
        ])
    func `Replication is asked for by every value that does not mean no`(_ value: String, _ isAsked: Bool) throws {
        let identity = try Self.read([("user", "bob"), ("replication", value)]).get()
        #expect((identity.replication != nil) == isAsked)
        #expect(identity.replication.map(\.kind) == (isAsked ? (value == "database" ? .logical : .physical) : nil))
    }

    @Test func `A replication client's options are handed on whole, wherever they stand`() throws {
        for parameters in [
            [("user", "bob"), ("replication", "true"), ("options", "-d 5 -c work_mem=1")],
            [("options", "-d 5 -c work_mem=1"), ("user", "bob"), ("replication", "true")],
        ] {
            let identity = try Self.read(parameters).get()
            #expect(identity.replication?.options == "-d 5 -c work_mem=1" && Self.set(identity) == [:])
            let startup = try #require(identity.replication).startupParameters(
                [nil, Array("UTF8".utf8)], tracked: Self.tracked)
            #expect(startup.map(\.name) == ["replication", "options", "client_encoding"])
            #expect(startup.map(\.value) == ["true", "-d 5 -c work_mem=1", "UTF8"])
        }
    }

    @Test func `A newer minor version and unknown extensions are negotiated down`() throws {
        let plain = try Self.read([("user", "bob")], version: 0x0003_0002).get()
        #expect(plain.negotiation == Array("v".utf8) + [0, 0, 0, 12, 0, 3, 0, 0, 0, 0, 0, 0])
        let extended = try Self.read([("user", "bob"), ("_pq_.a", "1"), ("_pq_.b", "")]).get()
        let names = Array("_pq_.a\0_pq_.b\0".utf8)
        #expect(extended.negotiation == Array("v".utf8) + [0, 0, 0, 26, 0, 3, 0, 0, 0, 0, 0, 2] + names)
        #expect(extended.protocolExtensions == ["_pq_.a", "_pq_.b"])
        #expect(Self.refusal([("user", "bob"), ("_pq_", "1")]) == .unsupportedParameter("_pq_"))
    }

    @Test func `Clients of the same names share one identity once they have logged in`() throws {
        var identities = ClientIdentities()
        let first = identities.loginEnded(
            try Self.read([("user", "bob"), ("database", "shop"), ("TimeZone", "UTC")]).get())
        let second = identities.loginEnded(
            try Self.read([("user", "bob"), ("database", "shop"), ("geqo", "off")]).get())
        #expect(first === second)
        #expect(first.user == "bob" && first.database == "shop")
        #expect(first.parameters.isEmpty && first.settings.isEmpty)
        let other = identities.loginEnded(try Self.read([("user", "shop"), ("database", "bob")]).get())
        #expect(other !== first && other.user == "shop")
    }

    @Test func `A replication client's identity is its own`() throws {
        var identities = ClientIdentities()
        let plain = identities.loginEnded(try Self.read([("user", "bob")]).get())
        let walreceiver = identities.loginEnded(try Self.read([("user", "bob"), ("replication", "true")]).get())
        #expect(plain.replication == nil && walreceiver.replication?.kind == .physical)
    }
}
