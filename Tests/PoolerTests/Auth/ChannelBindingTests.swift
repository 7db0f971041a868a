import Testing

@testable import Pooler

@Suite struct ChannelBindingTests {
    private static let hash = [UInt8](0..<32)

    private static func play(client: Channel, server: [UInt8]?) throws -> AuthenticationPlay {
        var play = AuthenticationPlay(
            .scramSHA256, secret: Sample.scram, credential: Credential(secret: Sample.plain),
            context: try Sample.context(), channelBinding: server)
        if case .encrypted(let hash) = client { play.client.channelEncrypted(endpointHash: hash) }
        return play
    }

    enum Channel {
        case plain
        case encrypted([UInt8]?)
    }

    @Test(
        arguments: [
            (Channel.plain, nil), (.encrypted(hash), hash), (.encrypted(nil), nil), (.encrypted(nil), hash),
            (.encrypted(hash), nil),
        ] as [(Channel, [UInt8]?)])
    func `Both roles agree on the strongest that both can`(client: Channel, server: [UInt8]?) throws {
        var play = try Self.play(client: client, server: server)
        let outcome = play.run()
        guard case .succeeded = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func `A man in the middle with another certificate is found out`() throws {
        var play = try Self.play(client: .encrypted(Self.hash), server: [UInt8](1...32))
        #expect(play.run() == .failed(.sasl))
    }

    @Test func `A man in the middle who hides the bound mechanism is found out`() throws {
        var play = try Self.play(client: .encrypted(Self.hash), server: Self.hash)
        play.tamperWithServer = { number, body in
            number == 0 ? Array(body.prefix(4)) + Array("SCRAM-SHA-256\0\0".utf8) : body
        }
        #expect(play.run() == .failed(.sasl))
    }

    @Test(arguments: [
        ("SCRAM-SHA-256-PLUS", "n,,"), ("SCRAM-SHA-256-PLUS", "y,,"), ("SCRAM-SHA-256", "y,,"),
        ("SCRAM-SHA-256", "p=tls-server-end-point,,"), ("SCRAM-SHA-256-PLUS", "p=tls-unique,,"),
        ("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,a=eve,"), ("SCRAM-SHA-1", "n,,"),
    ])
    func `Mechanism and header must fit what was offered`(mechanism: String, header: String) throws {
        var server = ClientAuthentication(
            method: .scramSHA256, user: "bob", isKnown: true, secret: Sample.scram, context: try Sample.context(),
            channelBinding: Self.hash)
        _ = server.started()
        let first = Array("\(header)n=,r=abcdefgh".utf8)
        let body = Array(mechanism.utf8) + [0, 0, 0, 0, UInt8(first.count)] + first
        guard case .failed = server.passwordMessageReceived(bytes: body) else {
            Issue.record("taken")
            return
        }
    }
}
