import Testing

@testable import Pooler

@Suite struct SecretPopulationTests {
    private static func scram(_ iterations: Int, salt: Int = 16) throws -> Secret {
        let zero = try #require(SHA256Value([UInt8](repeating: 0, count: 32)))
        return .scram(
            SCRAMSecret(
                iterations: iterations, salt: [UInt8](repeating: 1, count: salt), storedKey: zero, serverKey: zero))
    }

    /// Which kinds so many strangers have.
    private static func kinds(
        _ population: SecretPopulation, count: Int = 400
    ) throws -> [String: SecretPopulation.Kind] {
        let context = try context(population)
        return try Dictionary(
            uniqueKeysWithValues: (0..<count).map { ("user\($0)", try context.assumedKind(of: "user\($0)")) })
    }

    private static let key = try? AuthenticationKey()

    private static func context(_ population: SecretPopulation) throws -> AuthenticationContext {
        let context = try AuthenticationContext(key: #require(key))
        context.population = population
        return context
    }

    @Test func `Users without exception give strangers without exception`() throws {
        for (secret, kind) in [
            (Sample.plain, SecretPopulation.Kind.plain), (Sample.md5, .md5),
            (Sample.scram, .scram(iterations: 4096, saltLength: 16)),
            (try Self.scram(10_000, salt: 12), .scram(iterations: 10_000, saltLength: 12)),
        ] {
            let population = SecretPopulation([secret, secret, Secret.none], looksUpOthers: false)
            #expect(Set(try Self.kinds(population).values) == [kind])
        }
    }

    @Test func `Nobody known is all plain, and all Postgres's own where servers are asked`() {
        #expect(SecretPopulation([], looksUpOthers: false) == SecretPopulation(.plain))
        #expect(
            SecretPopulation([], looksUpOthers: true)
                == SecretPopulation(.scram(iterations: 4096, saltLength: 16)))
    }

    @Test func `Strangers are as mixed as users, always the same, and change as little as can be`() throws {
        let few = SecretPopulation(
            try (0..<12).map { _ in Sample.plain } + (0..<4).map { _ in try Self.scram(5000) }, looksUpOthers: false)
        let kinds = try Self.kinds(few)
        #expect(try Self.kinds(few) == kinds)
        let plain = kinds.values.count { $0 == .plain }
        // Twelve of sixteen: 300 of 400, give or take ten standard deviations.
        #expect((215...385).contains(plain))
        let more = SecretPopulation(
            try (0..<11).map { _ in Sample.plain } + (0..<5).map { _ in try Self.scram(5000) }, looksUpOthers: false)
        let changed = try Self.kinds(more).count { kinds[$0.key] != $0.value }
        #expect(changed < 80)
    }

    @Test(arguments: [ClientAuthentication.Method.plain, .md5, .scramSHA256])
    func `A stranger sees what users see, whatever all of them have`(_ method: ClientAuthentication.Method) throws {
        let secrets = [Sample.plain, Sample.md5, Sample.scram, try Self.scram(7000, salt: 20)]
        for secret in secrets {
            let context = try Self.context(SecretPopulation([secret], looksUpOthers: false))
            func play(_ secret: Secret, isKnown: Bool) -> (AuthenticationPlay.Outcome, [AuthenticationPlay.Shape]) {
                var play = AuthenticationPlay(
                    method, user: "eve", isKnown: isKnown, secret: secret,
                    credential: Credential(secret: .plain("wrong")), context: context)
                let outcome = play.run()
                return (outcome, play.shape)
            }
            let (known, unknown, secretless) = (
                play(secret, isKnown: true), play(secret, isKnown: false), play(.none, isKnown: true)
            )
            #expect(known.0 == unknown.0 && known.1 == unknown.1, "\(secret)")
            #expect(known.0 == secretless.0 && known.1 == secretless.1, "\(secret)")
        }
    }

    @Test func `A stranger costs the same derivation as a user with a SCRAM secret`() throws {
        let context = try Self.context(SecretPopulation([Sample.scram], looksUpOthers: false))
        for isKnown in [true, false] {
            var machine = ClientAuthentication(
                method: .plain, user: "eve", isKnown: isKnown, secret: Sample.scram, context: context)
            _ = machine.started()
            for _ in 0..<2 {
                var machine = machine
                guard case .derive(let work) = machine.passwordMessageReceived(bytes: Array("guess".utf8) + [0]) else {
                    Issue.record("nothing to derive")
                    return
                }
                #expect(work.iterations == 4096 && work.salt.count == 16)
                guard case .failed(.password) = machine.keysDerived(context.derived(work)) else {
                    Issue.record("not refused")
                    return
                }
            }
        }
    }
}
