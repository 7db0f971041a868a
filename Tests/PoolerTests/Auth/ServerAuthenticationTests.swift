import Testing

@testable import Pooler

@Suite struct ServerAuthenticationTests {
    private static let wrongType = "server login failed: wrong password type"
    private static let missing = "server login failed: no password is known for user \"bob\""

    private static func machine(_ credential: Credential) throws -> ServerAuthentication {
        ServerAuthentication(user: Sample.user, credential: credential, context: try Sample.context())
    }

    private static func reason(_ action: ServerAuthentication.Action) -> String? {
        switch action {
        case .failed(let reason): reason
        case .send, .wait, .derive: nil
        }
    }

    private static func sent(_ action: ServerAuthentication.Action) -> [UInt8]? {
        switch action {
        case .send(let bytes): bytes
        case .failed, .wait, .derive: nil
        }
    }

    private static func isWait(_ action: ServerAuthentication.Action) -> Bool {
        switch action {
        case .wait: true
        case .failed, .send, .derive: false
        }
    }

    @Test func `A clear-text request is answered with the password`() throws {
        var machine = try Self.machine(Credential(secret: Sample.plain))
        let answer = Self.sent(machine.authenticationRequestReceived(bytes: [0, 0, 0, 3]))
        #expect(answer == Array("p".utf8) + [0, 0, 0, 18] + Array(Sample.password.utf8) + [0])
        #expect(Self.isWait(machine.authenticationRequestReceived(bytes: [0, 0, 0, 0])))
    }

    @Test(arguments: [Sample.plain, Sample.md5])
    func `An md5 request is answered with the salted digest`(_ secret: Secret) throws {
        var machine = try Self.machine(Credential(secret: secret))
        let answer = Self.sent(machine.authenticationRequestReceived(bytes: [0, 0, 0, 5, 1, 2, 3, 4]))
        #expect(answer == Array("p".utf8) + [0, 0, 0, 40] + Array(Sample.md5Response.utf8) + [0])
    }

    @Test(
        arguments: [
            ([0, 0, 0, 2], "server login failed: authentication method not supported: Kerberos V5"),
            ([0, 0, 0, 6], "server login failed: authentication method not supported: SCM"),
            ([0, 0, 0, 7], "server login failed: authentication method not supported: GSSAPI"),
            ([0, 0, 0, 9], "server login failed: authentication method not supported: SSPI"),
            ([0, 0, 0, 99], "server login failed: authentication method not supported: number 99"),
            ([255, 255, 255, 255], "server login failed: authentication method not supported: number 4294967295"),
            ([0, 0, 0, 11], "server login failed: unexpected authentication request"),
            ([0, 0, 0, 12], "server login failed: unexpected authentication request"),
            ([0, 0, 0], "server login failed: malformed authentication request"),
            ([], "server login failed: malformed authentication request"),
            ([0, 0, 0, 5, 1, 2, 3], "server login failed: malformed authentication request"),
            (
                [0, 0, 0, 10] + Array("SCRAM-SHA-256-PLUS\0\0".utf8),
                "server login failed: none of the server's SASL authentication mechanisms are supported"
            ),
            (
                [0, 0, 0, 10], "server login failed: none of the server's SASL authentication mechanisms are supported"
            ),
        ] as [([UInt8], String)])
    func `What cannot be answered is named`(_ body: [UInt8], _ text: String) throws {
        var machine = try Self.machine(Credential(secret: Sample.plain))
        #expect(Self.reason(machine.authenticationRequestReceived(bytes: body)) == text)
        // And that is the end.
        #expect(Self.reason(machine.authenticationRequestReceived(bytes: [0, 0, 0, 0])) != nil)
    }

    // Which credential opens which server.

    enum Held: CaseIterable, Sendable { case none, plain, md5, scram, scramWithKeys }
    enum Result: Sendable { case opens, wrongType, missing }

    struct Row: Sendable {
        let held: Held
        let trust: Result
        let cleartext: Result
        let md5: Result
        let scram: Result
    }

    private static let table = [
        Row(held: .none, trust: .opens, cleartext: .missing, md5: .missing, scram: .missing),
        Row(held: .plain, trust: .opens, cleartext: .opens, md5: .opens, scram: .opens),
        Row(held: .md5, trust: .opens, cleartext: .wrongType, md5: .opens, scram: .wrongType),
        Row(held: .scram, trust: .opens, cleartext: .wrongType, md5: .wrongType, scram: .wrongType),
        Row(held: .scramWithKeys, trust: .opens, cleartext: .wrongType, md5: .wrongType, scram: .opens),
    ]

    private static func credential(_ held: Held, _ digests: Digests) throws -> Credential {
        switch held {
        case .none: return Credential(secret: .none)
        case .plain: return Credential(secret: Sample.plain)
        case .md5: return Credential(secret: Sample.md5)
        case .scram: return Credential(secret: Sample.scram)
        case .scramWithKeys:
            let keys = try SCRAMKeys(
                password: Array(Sample.password.utf8), salt: Array(0..<16), iterations: 4096, digests)
            return Credential(secret: Sample.scram, scramKeys: keys)
        }
    }

    @Test(arguments: table)
    func `A credential opens the servers that it can answer`(_ row: Row) throws {
        let context = try Sample.context()
        let cases: [(ClientAuthentication.Method, Secret, Result)] = [
            (.trust, Sample.scram, row.trust), (.plain, Sample.scram, row.cleartext), (.md5, Sample.md5, row.md5),
            (.scramSHA256, Sample.scram, row.scram),
        ]
        for (method, secret, result) in cases {
            var play = AuthenticationPlay(
                method, secret: secret, credential: try Self.credential(row.held, context.digests), context: context)
            let outcome = play.run()
            switch result {
            case .opens:
                guard case .succeeded = outcome else {
                    Issue.record("\(method): \(outcome)")
                    continue
                }
            case .wrongType: #expect(outcome == .gaveUp(Self.wrongType), "\(method)")
            case .missing: #expect(outcome == .gaveUp(Self.missing), "\(method)")
            }
        }
    }

    @Test(arguments: [
        (ClientAuthentication.Method.scramSHA256, Sample.scram, [true, false, false, true]),
        (.md5, Sample.scram, [true, false, false, true]), (.trust, Sample.scram, [true, false, false, false]),
        (.plain, Sample.scram, [true, true, true, true]), (.plain, Sample.md5, [true, true, true, true]),
        (.plain, Sample.plain, [true, true, true, true]), (.md5, Sample.plain, [true, true, true, true]),
        (.md5, Sample.md5, [true, false, true, false]), (.scramSHA256, Sample.plain, [true, true, true, true]),
        (.trust, Sample.plain, [true, true, true, true]),
    ])
    func `What a client proves is handed on to trust, clear-text, md5 and SCRAM servers`(
        _ method: ClientAuthentication.Method, _ secret: Secret, _ opens: [Bool]
    ) throws {
        let context = try Sample.context()
        var front = AuthenticationPlay(
            method, secret: secret, credential: Credential(secret: Sample.plain), context: context)
        guard case .succeeded(let credential) = front.run() else {
            Issue.record("not let in")
            return
        }
        let servers: [(ClientAuthentication.Method, Secret)] = [
            (.trust, Sample.scram), (.plain, Sample.scram), (.md5, Sample.md5), (.scramSHA256, Sample.scram),
        ]
        for ((method, secret), opens) in zip(servers, opens) {
            var back = AuthenticationPlay(method, secret: secret, credential: credential, context: context)
            let outcome = back.run()
            var isOpen = false
            if case .succeeded = outcome { isOpen = true }
            #expect(isOpen == opens, "\(method): \(outcome)")
        }
    }

    @Test func `Keys proven against one secret do not open a server with another salt`() throws {
        let context = try Sample.context()
        let salt: [UInt8] = [9, 9, 9, 9]
        let keys = try SCRAMKeys(
            password: Array(Sample.password.utf8), salt: salt, iterations: 4096, context.digests)
        let other = Secret.scram(try keys.secret(salt: salt, iterations: 4096, context.digests))
        var play = AuthenticationPlay(
            .scramSHA256, secret: other, credential: try Self.credential(.scramWithKeys, context.digests),
            context: context)
        #expect(play.run() == .failed(.sasl))
    }

    // A hostile server.

    @Test func `A server that does not know the password cannot prove itself`() throws {
        let context = try Sample.context()
        var play = AuthenticationPlay(
            .scramSHA256, secret: Sample.scram, credential: Credential(secret: Sample.plain), context: context)
        play.tamperWithServer = { position, body in
            guard position == 2 else { return body }
            return [0, 0, 0, 12] + Array("v=".utf8) + Base64.encode([UInt8](repeating: 1, count: 32))
        }
        #expect(play.run() == .gaveUp("server login failed: invalid server signature"))
    }

    @Test(arguments: [
        "e=other-error", "v=", "v=AAAA", "", "x=y", "e=invalid-proof,v=AAAA",
    ])
    func `A last message without a signature is refused`(_ text: String) throws {
        var play = AuthenticationPlay(
            .scramSHA256, secret: Sample.scram, credential: Credential(secret: Sample.plain),
            context: try Sample.context())
        play.tamperWithServer = { $0 == 2 ? [0, 0, 0, 12] + Array(text.utf8) : $1 }
        #expect(play.run() == .gaveUp("server login failed: failed to verify server signature"))
    }

    @Test(arguments: [1, 2])
    func `AuthenticationOk in the middle of SCRAM is not believed`(_ position: Int) throws {
        var play = AuthenticationPlay(
            .scramSHA256, secret: Sample.scram, credential: Credential(secret: Sample.plain),
            context: try Sample.context())
        play.tamperWithServer = { $0 == position ? [0, 0, 0, 0] : $1 }
        #expect(play.run() == .gaveUp("server login failed: the server did not prove that it knows the password"))
    }

    @Test(arguments: [[0, 0, 0, 3], [0, 0, 0, 5, 1, 2, 3, 4], [0, 0, 0, 10], [0, 0, 0, 7]] as [[UInt8]])
    func `A second request of another method is refused`(_ body: [UInt8]) throws {
        for position in [1, 2, 3] {
            var play = AuthenticationPlay(
                .scramSHA256, secret: Sample.scram, credential: Credential(secret: Sample.plain),
                context: try Sample.context())
            play.tamperWithServer = { $0 == position ? body : $1 }
            #expect(play.run() == .gaveUp("server login failed: unexpected authentication request"))
        }
    }

    @Test(arguments: [1_000_001, 2_147_483_647])
    func `A server's wish for endless iterations is refused`(_ iterations: Int) throws {
        var play = AuthenticationPlay(
            .scramSHA256, secret: Sample.scram, credential: Credential(secret: Sample.plain),
            context: try Sample.context())
        play.tamperWithServer = { position, body in
            guard position == 1, let place = body.lastIndex(of: UInt8(ascii: "i")) else { return body }
            return Array(body.prefix(upTo: place)) + Array("i=\(iterations)".utf8)
        }
        #expect(play.run() == .gaveUp("server login failed: too many SCRAM iterations (\(iterations))"))
    }

    @Test func `Keys are derived elsewhere, and nothing is believed meanwhile`() throws {
        let context = try Sample.context()
        var machine = ServerAuthentication(
            user: Sample.user, credential: Credential(secret: Sample.plain), context: context)
        let request = Self.sent(
            machine.authenticationRequestReceived(bytes: [0, 0, 0, 10] + Array("SCRAM-SHA-256\0\0".utf8)))
        let nonce = String(decoding: try #require(request), as: UTF8.self).split(separator: "r=").last ?? ""
        let challenge = [0, 0, 0, 11] + Array("r=\(nonce)x,s=AAAA,i=4096".utf8)
        #expect(!machine.isSuspended)
        guard case .derive(let derivation) = machine.authenticationRequestReceived(bytes: challenge) else {
            Issue.record("not derived elsewhere")
            return
        }
        #expect(machine.isSuspended && derivation.iterations == 4096)
        #expect(!"\(derivation)".contains(Sample.password))
        for (outcome, text) in [
            (SCRAMDerivation.Outcome.queueFull, "too many logins wait for their password check"),
            (.impossible, "OpenSSL refused a digest that the method needs"),
        ] {
            var copy = machine
            #expect(Self.reason(copy.keysDerived(outcome)) == "server login failed: \(text)")
        }
        var impatient = machine
        #expect(Self.reason(impatient.authenticationRequestReceived(bytes: [0, 0, 0, 0])) != nil)
        #expect(Self.sent(machine.keysDerived(context.derived(derivation))) != nil)
        #expect(!machine.isSuspended)
        #expect(Self.reason(machine.keysDerived(.impossible)) != nil, "keys that nobody asked for")
    }

    @Test func `A request above the bound is refused`() throws {
        var machine = try Self.machine(Credential(secret: Sample.plain))
        let body = [0, 0, 0, 10] + [UInt8](repeating: 0x61, count: ServerAuthentication.maximumLength)
        #expect(Self.reason(machine.authenticationRequestReceived(bytes: body)) != nil)
    }

    @Test func `No damaged message of a server traps, and no damaged proof is believed`() throws {
        let context = try Sample.context()
        for position in 0...3 {
            for number in 0..<400 {
                var play = AuthenticationPlay(
                    .scramSHA256, secret: Sample.scram, credential: Credential(secret: Sample.plain), context: context)
                play.tamperWithServer = { place, body in
                    guard place == position else { return body }
                    return number < body.count
                        ? Array(body.prefix(number))
                        : damaged(body, seed: UInt64(number), mutations: 1).last ?? []
                }
                let outcome = play.run()
                if position == 1 || position == 2, case .succeeded = outcome {
                    Issue.record("believed damage \(number) of message \(position)")
                }
            }
        }
    }
}
