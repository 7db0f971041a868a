import Testing

@testable import Pooler

@Suite struct ClientEncryptionTests {
    private static let sslRequest: [UInt8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]
    private static let gssRequest: [UInt8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x30]
    private static let startup = ServerLogin.startupMessage(user: "app", database: "app", parameters: [])
    private static let cancel: [UInt8] = [0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2]

    /// What a login does with packets, each with the byte that came behind it.
    private static func play(
        _ encryption: ClientLogin.Encryption, _ packets: [([UInt8], UInt8?)], isDirect: Bool = false
    ) -> [String] {
        var login = ClientLogin()
        var actions: [String] = []
        if isDirect { actions.append(name(login.handshakeReceived(encryption))) }
        for (packet, next) in packets {
            let action = unsafe login.startupPacketReceived(packet.span.bytes, next: next, encryption)
            actions.append(name(action))
        }
        return actions
    }

    private static func name(_ action: ClientLogin.Action?) -> String {
        switch action {
        case nil: "nothing"
        case .declineEncryption: "N"
        case .encrypt(true): "S"
        case .encrypt(false): "TLS"
        case .cancel: "cancel"
        case .identify: "identify"
        case .send, .awaitVerdict, .deriveKeys, .welcome: "more"
        case .close(let reason): reason.text
        }
    }

    @Test(arguments: [
        (ClientLogin.Encryption.unavailable, ["N", "identify"]), (.offered, ["S", "identify"]),
        (.demanded, ["S", "identify"]),
    ])
    func `An SSLRequest is answered as the settings say`(encryption: ClientLogin.Encryption, expected: [String]) {
        #expect(Self.play(encryption, [(Self.sslRequest, nil), (Self.startup, nil)]) == expected)
    }

    @Test(arguments: [
        (ClientLogin.Encryption.unavailable, "identify"), (.offered, "identify"), (.demanded, "SSL required"),
    ])
    func `A plain login is refused where TLS is demanded, a cancel request never`(
        encryption: ClientLogin.Encryption, expected: String
    ) {
        #expect(Self.play(encryption, [(Self.startup, nil)]) == [expected])
        #expect(Self.play(encryption, [(Self.cancel, nil)]) == ["cancel"])
    }

    @Test(arguments: [UInt8](0...255))
    func `Only a handshake may follow an SSLRequest`(next: UInt8) {
        let refusal = "received unencrypted data after SSL request"
        #expect(Self.play(.offered, [(Self.sslRequest, next)]) == [next == 0x16 ? "S" : refusal])
        #expect(Self.play(.unavailable, [(Self.sslRequest, next)]) == [refusal])
        #expect(
            Self.play(.offered, [(Self.gssRequest, next)])
                == ["received unencrypted data after GSSAPI encryption request"])
    }

    @Test func `Requests for encryption inside of encryption are refused`() {
        for request in [Self.sslRequest, Self.gssRequest] {
            let refused = ["bad packet"]
            #expect(Self.play(.offered, [(Self.sslRequest, nil), (request, nil)]) == ["S"] + refused)
            #expect(Self.play(.offered, [(request, nil)], isDirect: true) == ["TLS"] + refused)
        }
        #expect(Self.play(.offered, [(Self.gssRequest, nil), (Self.sslRequest, nil)]) == ["N", "S"])
    }

    @Test func `Direct TLS is taken up where TLS is on, at the very beginning`() {
        #expect(Self.play(.demanded, [(Self.startup, nil)], isDirect: true) == ["TLS", "identify"])
        var login = ClientLogin()
        #expect(Self.name(login.handshakeReceived(.unavailable)) == "nothing")
        _ = unsafe login.startupPacketReceived(Self.gssRequest.span.bytes, next: nil, .offered)
        #expect(Self.name(login.handshakeReceived(.offered)) == "nothing")
    }
}
