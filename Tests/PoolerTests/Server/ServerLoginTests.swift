import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct ServerLoginTests {
    private static let tracked = TrackedParameters(extra: [])

    private static func login(_ secret: Secret = Sample.plain, connectQuery: String? = nil) throws -> ServerLogin {
        var login = ServerLogin(
            encryption: .never, startup: [],
            authentication: ServerAuthentication(
                user: Sample.user, credential: Credential(secret: secret), context: try Sample.context()),
            tracked: tracked, connectQuery: connectQuery)
        #expect(login.connected() == .send([]))
        return login
    }

    private static let ok: [UInt8] = [0, 0, 0, 0]
    private static let idle: [UInt8] = [UInt8(ascii: "I")]

    private static func error(_ severity: String, _ state: String, _ text: String) -> [UInt8] {
        Array("S\(severity)\0V\(severity)\0C\(state)\0M\(text)\0\0".utf8)
    }

    /// Where a login can stand.
    enum Stage: CaseIterable, Sendable {
        case begun
        case settling
        case querying
        case ended
    }

    private static func login(at stage: Stage) throws -> ServerLogin {
        var login = try login(connectQuery: stage == .querying ? "SET x TO 1" : nil)
        guard stage != .begun else { return login }
        #expect(login.received("R", ok) == .none)
        guard stage != .settling else { return login }
        _ = login.received("Z", idle)
        return login
    }

    @Test func `A StartupMessage names user, database and the entry's parameters`() {
        let message = ServerLogin.startupMessage(
            user: "bob", database: "shop", parameters: [("client_encoding", "UTF8"), ("x", "a\0b")])
        #expect(
            message
                == startupPacket([
                    ("user", "bob"), ("database", "shop"), ("client_encoding", "UTF8"), ("x", "a"),
                ]))
    }

    @Test func `A server that trusts us is ready after its parameters and key`() throws {
        var login = try Self.login(.none)
        #expect(login.received("R", Self.ok) == .none)
        #expect(login.received("S", Array("server_version\0".utf8) + Array("17\0".utf8)) == .none)
        #expect(login.received("S", Array("TimeZone\0UTC\0".utf8)) == .none)
        #expect(login.received("N", Self.error("NOTICE", "00000", "hello")) == .none)
        #expect(login.received("K", [0, 0, 0, 1, 0, 0, 0, 2]) == .none)
        #expect(login.cancelKey == CancelKey(process: 1, secret: 2))
        guard case .ready(let welcome) = login.received("Z", Self.idle) else {
            Issue.record("not ready")
            return
        }
        #expect(welcome.tracked[2] == Array("UTC".utf8) && welcome.tracked[0] == nil)
        #expect(welcome.untracked.count == 5 + 15 + 3)
    }

    @Test func `A newer server's negotiation and a missing key are no obstacle`() throws {
        var login = try Self.login(.none)
        #expect(login.received("v", [0, 3, 0, 0, 0, 0, 0, 0]) == .none)
        #expect(login.received("R", Self.ok) == .none)
        guard case .ready = login.received("Z", Self.idle) else {
            Issue.record("not ready")
            return
        }
        #expect(login.cancelKey == nil)
    }

    @Test func `An md5 server is answered, and must say so before it is ready`() throws {
        var login = try Self.login(Sample.md5)
        let answer = Array("p".utf8) + [0, 0, 0, 40] + Array(Sample.md5Response.utf8) + [0]
        #expect(login.received("R", [0, 0, 0, 5, 1, 2, 3, 4]) == .send(answer))
        var impatient = login
        #expect(impatient.received("Z", Self.idle) == .fail(.protocolViolation))
        #expect(login.received("R", Self.ok) == .none)
        guard case .ready = login.received("Z", Self.idle) else {
            Issue.record("not ready")
            return
        }
    }

    @Test func `A SCRAM server is ready only after it has proved itself`() throws {
        let context = try Sample.context()
        var server = ClientAuthentication(
            method: .scramSHA256, user: Sample.user, isKnown: true, secret: Sample.scram, context: context)
        var login = try Self.login()
        var action = server.started()
        for _ in 0..<2 {
            guard case .send(let request) = action else {
                Issue.record("the exchange ended early")
                return
            }
            var answer = login.received("R", bodyOf(request))
            if case .deriveKeys(let derivation) = answer {
                #expect(login.isSuspended)
                answer = login.keysDerived(context.derived(derivation))
                #expect(!login.isSuspended)
            }
            guard case .send(let answer) = answer else {
                Issue.record("the exchange ended early")
                return
            }
            action = server.passwordMessageReceived(bytes: bodyOf(answer))
            if case .derive(let derivation) = action { action = server.keysDerived(context.derived(derivation)) }
        }
        guard case .succeeded(_, let final) = action else {
            Issue.record("the server refused")
            return
        }
        var unproved = login
        let noProof = "server login failed: the server did not prove that it knows the password"
        #expect(unproved.received("R", Self.ok) == .fail(.authentication(noProof)))
        #expect(login.received("R", bodyOf(final)) == .none)
        #expect(login.received("R", Self.ok) == .none)
        guard case .ready = login.received("Z", Self.idle) else {
            Issue.record("not ready")
            return
        }
    }

    @Test func `A secret that cannot answer ends the login`() throws {
        var login = try Self.login(Sample.md5)
        let text = "server login failed: wrong password type"
        #expect(login.received("R", [0, 0, 0, 3]) == .fail(.authentication(text)))
        #expect(login.received("R", Self.ok) == .fail(.protocolViolation))
    }

    @Test(arguments: Stage.allCases)
    func `An error of the server is its answer, whenever it comes`(_ stage: Stage) throws {
        var login = try Self.login(at: stage)
        let refused = ServerLogin.Action.fail(.refused(sqlState: "3D000", message: "no such database"))
        #expect(login.received("E", Self.error("FATAL", "3D000", "no such database")) == refused)
        #expect(login.received("Z", Self.idle) == .fail(.protocolViolation))
    }

    @Test func `A failing connect_query is logged, and the login goes on`() throws {
        var login = try Self.login(at: .querying)
        let error = Self.error("ERROR", "42601", "syntax error")
        #expect(login.received("E", error) == .logConnectQueryError("syntax error"))
        guard case .ready = login.received("Z", Self.idle) else {
            Issue.record("not ready")
            return
        }
    }

    @Test func `connect_query is sent when the server is ready, and its answers are no one's`() throws {
        var login = try Self.login(connectQuery: "SELECT 1")
        _ = login.received("R", Self.ok)
        #expect(login.received("Z", Self.idle) == .send(Array("Q".utf8) + [0, 0, 0, 13] + Array("SELECT 1\0".utf8)))
        for type in "TDCInAHdcG" { #expect(login.received(type, []) == .none, "\(type)") }
        #expect(login.received("S", Array("DateStyle\0SQL\0".utf8)) == .none)
        guard case .ready(let welcome) = login.received("Z", Self.idle) else {
            Issue.record("not ready")
            return
        }
        #expect(welcome.tracked[0] == Array("SQL".utf8))
        var empty = try Self.login(connectQuery: "")
        _ = empty.received("R", Self.ok)
        guard case .ready = empty.received("Z", Self.idle) else {
            Issue.record("not ready")
            return
        }
    }

    @Test(arguments: ["T", "E"])
    func `A connect_query that leaves a transaction open ends the login`(_ status: String) throws {
        var login = try Self.login(at: .querying)
        #expect(login.received("Z", Array(status.utf8)) == .fail(.connectQueryLeftTransaction))
    }

    @Test(
        arguments: [
            (.begun, "Z", [0x49]), (.begun, "K", [0, 0, 0, 1, 0, 0, 0, 2]), (.begun, "R", []), (.begun, "C", [0]),
            (.begun, "?", []), (.settling, "R", [0, 0, 0, 0]), (.settling, "K", []), (.settling, "K", [0, 0, 0, 1]),
            (.settling, "K", [UInt8](repeating: 1, count: 36)), (.settling, "Z", []), (.settling, "Z", [0]),
            (.settling, "Z", [0x49, 0x49]),
            (.settling, "Z", [0x54]), (.settling, "Z", [0x45]), (.settling, "T", []), (.settling, "S", []),
            (.settling, "S", [65, 66]),
            (.settling, "S", [65, 0, 66]), (.querying, "R", [0, 0, 0, 0]), (.querying, "K", [0, 0, 0, 1, 0, 0, 0, 2]),
            (.querying, "Z", [0x58]), (.ended, "Z", [0x49]), (.ended, "R", [0, 0, 0, 0]), (.ended, "D", []),
        ] as [(Stage, Character, [UInt8])])
    func `A message out of place ends the login`(_ stage: Stage, _ type: Character, _ body: [UInt8]) throws {
        var login = try Self.login(at: stage)
        let action = login.received(type, body)
        let isFailure = if case .fail = action { true } else { false }
        #expect(isFailure, "\(action)")
        #expect(login.received("Z", Self.idle) == .fail(.protocolViolation))
    }

    @Test(arguments: Stage.allCases)
    func `No message of any kind traps`(_ stage: Stage) throws {
        let start = try Self.login(at: stage)
        let bodies = [[], [0], Self.ok, Self.idle, pattern(8), Self.error("FATAL", "x", "y"), pattern(300)]
        for type in UInt8.min...UInt8.max {
            for body in bodies + damaged(Array("TimeZone\0UTC\0".utf8), seed: UInt64(type), mutations: 5) {
                var login = start
                let message = BackendMessageType(rawValue: type)
                let action = body.withSpan { login.messageReceived(message, $0) }
                if case .ready = action { #expect(type == UInt8(ascii: "Z") && body == Self.idle) }
            }
        }
    }

    @Test(arguments: ["N", "A", "S", "v"])
    func `A server that does not come to an end is given up`(_ type: String) throws {
        for stage in [Stage.begun, .settling] {
            var login = try Self.login(at: stage)
            let body = type == "S" ? Array("TimeZone\0\0".utf8) : []
            var count = 0
            var action = ServerLogin.Action.none
            while action == .none, count < 100_000 {
                action = login.received(Character(type), body)
                count += 1
            }
            #expect(action == .fail(.tooTalkative))
            #expect(count < ServerLogin.messageLimit + 2)
            var wordy = try Self.login(at: stage)
            let text = [UInt8](repeating: 65, count: 60_000)
            let long = type == "S" ? Array("x\0".utf8) + text + [0] : text
            let answers = (0..<20).map { _ in wordy.received(Character(type), long) }
            #expect(answers.contains(.fail(.tooTalkative)))
        }
    }

    @Test func `Parameters that clients would be told are bounded after connect_query too`() throws {
        var login = try Self.login(at: .querying)
        let body = Array("x\0".utf8) + [UInt8](repeating: 65, count: 30_000) + [0]
        #expect((0..<3).map { _ in login.received("S", body) } == [.none, .none, .fail(.tooTalkative)])
        // Its result is nobody's, and may be long.
        login = try Self.login(at: .querying)
        for _ in 0..<20_000 where login.received("D", []) != .none { Issue.record("given up") }
    }

    @Test func `Long hostile texts pass as they are, and cut nothing off`() throws {
        let long = String(repeating: "x\n", count: 30_000)
        var login = try Self.login(at: .begun)
        let refused = ServerFailure.refused(sqlState: "", message: long)
        #expect(login.received("E", Array("SFATAL\0M\(long)\0\0".utf8)) == .fail(refused))
        var settling = try Self.login(at: .settling)
        #expect(settling.received("S", Array("\(long.prefix(30_000))\0\(long.prefix(30_000))\0".utf8)) == .none)
    }
}

extension ServerLogin {
    fileprivate mutating func received(_ type: Character, _ body: [UInt8]) -> Action {
        let type = BackendMessageType(rawValue: type.asciiValue ?? 0)
        return body.withSpan { messageReceived(type, $0) }
    }
}
