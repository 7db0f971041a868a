import Testing

@testable import Pooler

@Suite struct ClientAuthenticationTests {
    enum Kind: CaseIterable, Sendable {
        case none, plain, md5, scram

        var secret: Secret {
            switch self {
            case .none: .none
            case .plain: Sample.plain
            case .md5: Sample.md5
            case .scram: Sample.scram
            }
        }
    }

    enum Expectation {
        case letIn, password, sasl, trust
    }

    struct Row: Sendable {
        let method: ClientAuthentication.Method
        let kind: Kind
        /// The outcome with the right password, and the failure with another.
        let right: Expectation
        let wrong: Expectation
    }

    static let table: [Row] =
        Kind.allCases.flatMap { kind in
            [
                Row(method: .any, kind: kind, right: .letIn, wrong: .letIn),
                Row(method: .trust, kind: kind, right: .letIn, wrong: .letIn),
            ]
        } + [
            Row(method: .plain, kind: .none, right: .password, wrong: .password),
            Row(method: .plain, kind: .plain, right: .letIn, wrong: .password),
            Row(method: .plain, kind: .md5, right: .letIn, wrong: .password),
            Row(method: .plain, kind: .scram, right: .letIn, wrong: .password),
            Row(method: .md5, kind: .none, right: .password, wrong: .password),
            Row(method: .md5, kind: .plain, right: .letIn, wrong: .password),
            Row(method: .md5, kind: .md5, right: .letIn, wrong: .password),
            Row(method: .md5, kind: .scram, right: .letIn, wrong: .password),
            Row(method: .scramSHA256, kind: .none, right: .sasl, wrong: .sasl),
            Row(method: .scramSHA256, kind: .plain, right: .letIn, wrong: .sasl),
            Row(method: .scramSHA256, kind: .md5, right: .sasl, wrong: .sasl),
            Row(method: .scramSHA256, kind: .scram, right: .letIn, wrong: .sasl),
        ]

    private static func check(
        _ outcome: AuthenticationPlay.Outcome, _ expectation: Expectation,
        _ location: SourceLocation = #_sourceLocation
    ) {
        switch expectation {
        case .letIn:
            guard case .succeeded = outcome else {
                Issue.record("not let in: \(outcome)", sourceLocation: location)
                return
            }
        case .password: #expect(outcome == .failed(.password), sourceLocation: location)
        case .sasl: #expect(outcome == .failed(.sasl), sourceLocation: location)
        case .trust: #expect(outcome == .failed(.trust), sourceLocation: location)
        }
    }

    private static func login(
        _ method: ClientAuthentication.Method, _ secret: Secret, with password: String, isKnown: Bool = true,
        user: String = Sample.user, _ context: AuthenticationContext
    ) -> (AuthenticationPlay.Outcome, [AuthenticationPlay.Shape]) {
        var play = AuthenticationPlay(
            method, user: user, isKnown: isKnown, secret: secret,
            credential: Credential(secret: .plain(password)), context: context)
        let outcome = play.run()
        return (outcome, play.shape)
    }

    @Test(arguments: table)
    func `Method and secret decide who gets in`(_ row: Row) throws {
        let context = try Sample.context()
        // Twice, so that the second time finds what the first one left in the cache.
        for _ in 1...2 {
            Self.check(Self.login(row.method, row.kind.secret, with: Sample.password, context).0, row.right)
            for wrong in ["wrong", Sample.password + " ", Sample.md5Digest, "md5" + Sample.md5Digest] {
                Self.check(Self.login(row.method, row.kind.secret, with: wrong, context).0, row.wrong)
            }
        }
    }

    @Test(arguments: [Kind.none, .plain, .md5, .scram])
    func `The empty password lets nobody in`(_ kind: Kind) throws {
        let context = try Sample.context()
        #expect(Self.login(.plain, kind.secret, with: "", context).0 == .failed(.emptyPassword))
        Self.check(Self.login(.md5, kind.secret, with: "", context).0, .password)
        Self.check(Self.login(.scramSHA256, kind.secret, with: "", context).0, .sasl)
    }

    @Test(arguments: [Secret.plain(""), Sample.emptyMD5, Sample.emptySCRAM])
    func `A secret made of the empty password lets nobody in`(_ secret: Secret) throws {
        let context = try Sample.context()
        for method in [ClientAuthentication.Method.plain, .md5, .scramSHA256] {
            let (outcome, _) = Self.login(method, secret, with: "", context)
            guard case .failed = outcome else {
                Issue.record("\(method): \(outcome)")
                continue
            }
        }
    }

    @Test(arguments: [
        (ClientAuthentication.Method.trust, Expectation.trust), (.plain, .password), (.md5, .password),
        (.scramSHA256, .sasl), (.any, .letIn),
    ])
    func `An unknown user fails even with the secret's password`(
        _ method: ClientAuthentication.Method, _ expectation: Expectation
    ) throws {
        let context = try Sample.context()
        let (outcome, _) = Self.login(method, Sample.plain, with: Sample.password, isKnown: false, context)
        Self.check(outcome, expectation)
    }

    @Test(arguments: [
        (ClientAuthentication.Method.plain, Kind.plain), (.plain, .scram), (.md5, .plain), (.md5, .md5),
        (.scramSHA256, .plain), (.scramSHA256, .scram), (.scramSHA256, .md5), (.scramSHA256, .none),
    ])
    func `Unknown users see the same messages as known ones with a wrong password`(
        _ method: ClientAuthentication.Method, _ kind: Kind
    ) throws {
        let context = try Sample.context()
        let known = Self.login(method, kind.secret, with: "wrong", context)
        let unknown = Self.login(method, .none, with: "wrong", isKnown: false, user: "eve", context)
        #expect(known.1 == unknown.1)
        #expect(known.0 == unknown.0)
    }

    /// The salt that a user is shown, and the iterations.
    private static func salt(
        _ user: String, _ secret: Secret, isKnown: Bool, _ context: AuthenticationContext
    ) throws -> [UInt8] {
        var machine = ClientAuthentication(
            method: .scramSHA256, user: user, isKnown: isKnown, secret: secret, context: context)
        _ = machine.started()
        let first = Array("SCRAM-SHA-256\0".utf8) + [0, 0, 0, 11] + Array("n,,n=,r=abc".utf8)
        guard case .send(let bytes) = machine.passwordMessageReceived(bytes: first) else {
            Issue.record("refused")
            return []
        }
        let parts = bodyOf(bytes).dropFirst(4).split(separator: UInt8(ascii: ","))
        try #require(parts.count == 3)
        return Array(parts[1]) + Array(parts[2])
    }

    @Test func `The invented salt is one per name, whatever is known of the user and whichever worker asks`() throws {
        let key = try AuthenticationKey()
        let contexts = [try AuthenticationContext(key: key), try AuthenticationContext(key: key)]
        let first = try Self.salt("eve", .none, isKnown: false, contexts[0])
        for context in contexts {
            #expect(try Self.salt("eve", .none, isKnown: false, context) == first)
            #expect(try Self.salt("eve", Sample.plain, isKnown: true, context) == first)
            #expect(try Self.salt("eve", Sample.md5, isKnown: true, context) == first)
            #expect(try Self.salt("adam", .none, isKnown: false, context) != first)
            #expect(try Self.salt("eve", Sample.scram, isKnown: true, context) != first)
        }
        #expect(try Self.salt("eve", .none, isKnown: false, Sample.context()) != first)
    }

    @Test(arguments: [ClientAuthentication.Method.plain, .scramSHA256])
    func `Nothing cached outlives its secret`(_ method: ClientAuthentication.Method) throws {
        let context = try Sample.context()
        let failure: Expectation = if case .plain = method { .password } else { .sasl }
        let keys = try SCRAMKeys(password: Array("new".utf8), salt: [7], iterations: 10, context.digests)
        let newSCRAM = Secret.scram(try keys.secret(salt: [7], iterations: 10, context.digests))
        for (old, new) in [(Sample.plain, Secret.plain("new")), (Sample.scram, newSCRAM)] {
            Self.check(Self.login(method, old, with: Sample.password, context).0, .letIn)
            Self.check(Self.login(method, new, with: Sample.password, context).0, failure)
            Self.check(Self.login(method, new, with: "new", context).0, .letIn)
            Self.check(Self.login(method, old, with: "new", context).0, failure)
            Self.check(Self.login(method, .none, with: Sample.password, context).0, failure)
            Self.check(Self.login(method, old, with: Sample.password, isKnown: false, context).0, failure)
            #expect(Self.login(.scramSHA256, .none, with: "", context).0 == .failed(.sasl))
        }
    }

    @Test func `A change of scram_iterations counts for the next login`() throws {
        let context = try Sample.context()
        Self.check(Self.login(.scramSHA256, Sample.plain, with: Sample.password, context).0, .letIn)
        let before = try Self.salt("bob", Sample.plain, isKnown: true, context)
        context.scramIterations = 5000
        #expect(try Self.salt("bob", Sample.plain, isKnown: true, context) != before)
        Self.check(Self.login(.scramSHA256, Sample.plain, with: Sample.password, context).0, .letIn)
        Self.check(Self.login(.scramSHA256, Sample.plain, with: "wrong", context).0, .sasl)
        context.scramIterations = -1
        #expect(context.scramIterations == 1)
        context.scramIterations = .max
        #expect(context.scramIterations == Digests.maximumIterations)
    }

    @Test func `A secret with too many iterations lets nobody in and costs nothing`() throws {
        let context = try Sample.context()
        guard case .scram(let scram) = Sample.scram else { return }
        let costly = Secret.scram(
            SCRAMSecret(
                iterations: Int(Int32.max), salt: scram.salt, storedKey: scram.storedKey, serverKey: scram.serverKey))
        Self.check(Self.login(.plain, costly, with: Sample.password, context).0, .password)
    }

    @Test(arguments: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "", "scram-sha-256"])
    func `Another mechanism is refused by name`(_ mechanism: String) throws {
        var machine = ClientAuthentication(
            method: .scramSHA256, user: "bob", isKnown: true, secret: Sample.scram, context: try Sample.context())
        _ = machine.started()
        let first = Array("\(mechanism)\0".utf8) + [0, 0, 0, 11] + Array("n,,n=,r=abc".utf8)
        guard case .failed(.saslMechanism) = machine.passwordMessageReceived(bytes: first) else {
            Issue.record("not refused")
            return
        }
    }

    @Test(arguments: table.filter { $0.right == .letIn && $0.method.asks })
    func `No damaged message of a client traps or gets in`(_ row: Row) throws {
        let context = try Sample.context()
        var bodies: [[UInt8]] = []
        var honest = AuthenticationPlay(
            row.method, secret: row.kind.secret, credential: Credential(secret: Sample.plain), context: context)
        honest.tamperWithClient = {
            bodies.append($1)
            return $1
        }
        Self.check(honest.run(), .letIn)
        for index in bodies.indices {
            // The second message depends on the exchange, so the damage is told by places: the same seed, fresh bytes.
            for number in 0..<damaged(bodies[index], seed: 7).count {
                var play = AuthenticationPlay(
                    row.method, secret: row.kind.secret, credential: Credential(secret: Sample.plain), context: context)
                play.tamperWithClient = { position, body in
                    guard position == index else { return body }
                    let copies =
                        number < body.count
                        ? [Array(body.prefix(number))] : damaged(body, seed: UInt64(number), mutations: 1)
                    return copies.last ?? []
                }
                if case .succeeded = play.run() { Issue.record("let in after damage \(number) of message \(index)") }
            }
        }
    }

    @Test(arguments: Sample.methods)
    func `Messages out of turn are refused`(_ method: ClientAuthentication.Method) throws {
        let context = try Sample.context()
        let body = Array(Sample.password.utf8) + [0]
        var early = ClientAuthentication(
            method: method, user: "bob", isKnown: true, secret: Sample.plain, context: context)
        guard case .failed = early.passwordMessageReceived(bytes: body) else {
            Issue.record("took a password before asking")
            return
        }
        guard case .failed = early.started() else {
            Issue.record("went on after a failure")
            return
        }
        var late = ClientAuthentication(
            method: method, user: "bob", isKnown: true, secret: Sample.plain, context: context)
        _ = late.started()
        _ = late.passwordMessageReceived(bytes: [])
        guard case .failed = late.passwordMessageReceived(bytes: body) else {
            Issue.record("took a second password")
            return
        }
    }

    @Test func `A message above the bound is refused`() throws {
        var machine = ClientAuthentication(
            method: .plain, user: "bob", isKnown: true, secret: Sample.plain, context: try Sample.context())
        _ = machine.started()
        let body = [UInt8](repeating: 0x61, count: ClientAuthentication.maximumLength) + [0]
        guard case .failed(.password) = machine.passwordMessageReceived(bytes: body) else {
            Issue.record("not refused")
            return
        }
    }

    @Test func `A plain password need not be UTF-8 for an md5 secret`() throws {
        let context = try Sample.context()
        let password: [UInt8] = [0xE9, 0x21]
        let digest = try MD5Password.digest(password: password, user: "bob", context.digests)
        let secret = Secret("md5" + String(decoding: digest, as: UTF8.self))
        var machine = ClientAuthentication(
            method: .plain, user: "bob", isKnown: true, secret: secret, context: context)
        _ = machine.started()
        let body = password + [0]
        guard case .succeeded(let credential, _) = machine.passwordMessageReceived(bytes: body) else {
            Issue.record("not let in")
            return
        }
        #expect(credential == Credential(secret: secret))
    }
}

extension ClientAuthentication.Method {
    /// Whether the client has to send anything.
    fileprivate var asks: Bool {
        switch self {
        case .plain, .md5, .scramSHA256, .checked: true
        case .any, .trust, .cert, .peer, .refused: false
        }
    }
}
