import Testing

@testable import Pooler

/// Methods that compare no password with a stored secret: cert, peer, reject, and passwords that somebody else judges.
@Suite struct OutsideMethodTests {
    private static func machine(
        _ method: ClientAuthentication.Method, isKnown: Bool = true, secret: Secret = Sample.scram
    ) throws -> ClientAuthentication {
        ClientAuthentication(
            method: method, user: Sample.user, isKnown: isKnown, secret: secret, context: try Sample.context())
    }

    private static func outcome(_ action: ClientAuthentication.Action) -> String {
        switch action {
        case .send: "asks"
        case .check: "checks"
        case .derive: "derives"
        case .succeeded(let credential, _): "in with \(credential.secret)"
        case .failed(let failure): "\(failure.sqlState) \(failure.message)"
        }
    }

    @Test(
        arguments: [
            (ClientAuthentication.Method.cert(isNamed: true), true, "in with SCRAM secret (hidden)"),
            (.cert(isNamed: true), false, "28000 certificate authentication failed"),
            (.cert(isNamed: false), true, "28000 certificate authentication failed"),
            (.peer(isNamed: true), true, "in with SCRAM secret (hidden)"),
            (.peer(isNamed: true), false, "28000 unix socket login rejected"),
            (.peer(isNamed: false), true, "28000 unix socket login rejected"),
            (.refused(.rejected), true, "28000 login rejected"),
            (.refused(.noRule), true, "28000 no authentication method is found"),
        ])
    func `What a client shows lets a known user in`(
        _ method: ClientAuthentication.Method, _ isKnown: Bool, _ expected: String
    ) throws {
        var machine = try Self.machine(method, isKnown: isKnown)
        #expect(Self.outcome(machine.started()) == expected)
    }

    @Test(arguments: [
        (PasswordCheck.Verdict.accepted, "in with plain secret (hidden)"),
        (.refused(reason: "no"), "28P01 password authentication failed"),
        (.unavailable(reason: "down"), "28P01 password authentication failed"),
        (.queueFull, "53400 too many logins wait for Oracle authentication"),
    ])
    func `A verdict decides, known user or not`(_ verdict: PasswordCheck.Verdict, _ expected: String) throws {
        for isKnown in [true, false] {
            var machine = try Self.machine(.checked(Sample.check()), isKnown: isKnown)
            #expect(Self.outcome(machine.started()) == "asks")
            guard case .check(_, let password) = machine.passwordMessageReceived(bytes: Array("guess".utf8) + [0])
            else {
                Issue.record("the password was not checked")
                return
            }
            #expect(password == Array("guess".utf8))
            #expect(Self.outcome(machine.verdictArrived(verdict)) == expected)
            // Once only.
            #expect(Self.outcome(machine.verdictArrived(.accepted)).hasPrefix("28P01"))
        }
    }

    @Test func `A token does not open servers`() throws {
        var machine = try Self.machine(.checked(Sample.check(opensServers: false)))
        _ = machine.started()
        _ = machine.passwordMessageReceived(bytes: Array("token".utf8) + [0])
        #expect(Self.outcome(machine.verdictArrived(.accepted)) == "in with SCRAM secret (hidden)")
    }

    @Test func `Nothing is checked but one whole password`() throws {
        for body in [[], [0], Array("two".utf8) + [0, 1, 0], Array("open".utf8)] as [[UInt8]] {
            var machine = try Self.machine(.checked(Sample.check()))
            _ = machine.started()
            #expect(Self.outcome(machine.passwordMessageReceived(bytes: body)).hasPrefix("28P01"))
        }
        var machine = try Self.machine(.checked(Sample.check()))
        #expect(Self.outcome(machine.verdictArrived(.accepted)).hasPrefix("28P01"), "a verdict that nobody asked for")
    }
}
