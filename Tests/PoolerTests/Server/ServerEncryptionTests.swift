import PoolerConfig
import Testing

@testable import Pooler

@Suite struct ServerEncryptionTests {
    @Test(
        arguments: [
            (SSLMode.disable, "N", [ServerEncryption.Action.proceed]), (.allow, "N", [.ask, .proceed]),
            (.prefer, "N", [.ask, .proceed]), (.prefer, "S", [.ask, .startTLS, .proceed]),
            (.require, "N", [.ask, .fail(.tlsRefused)]), (.verifyCA, "N", [.ask, .fail(.tlsRefused)]),
            (.verifyFull, "S", [.ask, .startTLS, .proceed]), (.require, "E", [.ask, .fail(.protocolViolation)]),
            (.prefer, "E", [.ask, .fail(.protocolViolation)]),
        ] as [(SSLMode, Character, [ServerEncryption.Action])])
    func `The mode and the server's answer decide`(
        mode: SSLMode, answer: Character, expected: [ServerEncryption.Action]
    ) {
        var machine = ServerEncryption(.init(Database(name: "a"), mode: mode, isUnix: false))
        var actions = [machine.connected()]
        if actions == [.ask] { actions.append(machine.answered(answer.asciiValue ?? 0, isFollowed: false)) }
        if actions.last == .startTLS { actions.append(machine.handshakeEnded()) }
        #expect(actions == expected)
    }

    @Test(arguments: [("S", ServerFailure.unencryptedData), ("N", .protocolViolation)] as [(Character, ServerFailure)])
    func `Nothing may follow the answer`(answer: Character, failure: ServerFailure) {
        for policy in [ServerEncryption.Policy.wanted, .demanded] {
            var machine = ServerEncryption(policy)
            #expect(machine.connected() == .ask)
            #expect(machine.answered(answer.asciiValue ?? 0, isFollowed: true) == .fail(failure))
        }
    }

    @Test(arguments: [
        SSLMode.disable, .allow, .prefer, .require, .verifyCA, .verifyFull,
    ]) func `A Unix socket is never encrypted, direct TLS always is`(mode: SSLMode) {
        var database = Database(name: "a")
        database.sslNegotiation = .direct
        var direct = ServerEncryption(.init(database, mode: mode, isUnix: false))
        #expect(direct.connected() == .startTLS)
        #expect(direct.demandsALPN)
        var unix = ServerEncryption(.init(database, mode: mode, isUnix: true))
        #expect(unix.connected() == .proceed)
    }

    @Test func `The request is Postgres's SSLRequest`() {
        #expect(ServerEncryption.request == [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f])
    }
}
