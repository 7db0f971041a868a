import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct ClientLoginTests {
    /// An action as text, since messages and credentials are compared one by one.
    private static func name(_ action: ClientLogin.Action) -> String {
        switch action {
        case .declineEncryption: "N"
        case .encrypt(let answer): answer ? "S" : "encrypt"
        case .cancel(let key): "cancel \(key.process) \(key.secret)"
        case .identify(let message): "identify \(message.value(of: "user") ?? "-")"
        case .send: "send"
        case .awaitVerdict: "await verdict"
        case .deriveKeys: "derive keys"
        case .welcome: "welcome"
        case .close(let reason): "close: \(reason.text)"
        }
    }

    private static let startup = startupPacket([("user", "bob")])
    private static let ssl = untyped(RequestCode.ssl)
    private static let gss = untyped(RequestCode.gss)
    private static let unexpected = "close: bad packet"

    private static func play(_ packets: [[UInt8]]) -> [String] {
        var login = ClientLogin()
        return packets.map { name(login.packet($0)) }
    }

    private static func authentication(_ method: ClientAuthentication.Method) throws -> ClientAuthentication {
        ClientAuthentication(
            method: method, user: Sample.user, isKnown: true, secret: Sample.plain, context: try Sample.context())
    }

    @Test func `Requests for encryption are declined, each kind once`() {
        #expect(Self.play([Self.ssl, Self.gss, Self.startup]) == ["N", "N", "identify bob"])
        #expect(Self.play([Self.gss, Self.ssl, Self.startup]) == ["N", "N", "identify bob"])
        #expect(Self.play([Self.ssl, Self.ssl]) == ["N", Self.unexpected])
        #expect(Self.play([Self.gss, Self.ssl, Self.gss]) == ["N", "N", Self.unexpected])
        // A cancel request may come after one too.
        let key = CancelKey(process: 3, secret: 4)
        #expect(Self.play([Self.ssl, key.request]) == ["N", "cancel 3 4"])
    }

    @Test func `Nothing may follow a request for encryption unencrypted`() {
        for (packet, text) in [(Self.ssl, "SSL"), (Self.gss, "GSSAPI encryption")] {
            var login = ClientLogin()
            let action = login.packet(packet, isFollowed: true)
            #expect(Self.name(action) == "close: received unencrypted data after \(text) request")
            #expect(Self.name(login.packet(Self.startup)) == Self.unexpected)
        }
        var login = ClientLogin()
        #expect(Self.name(login.packet(Self.startup, isFollowed: true)) == "identify bob")
    }

    @Test(
        arguments: [
            (untyped(0x0002_0000), "close: old V2 protocol not supported"),
            (
                untyped(0x0003_0000, [1]),
                "close: invalid startup packet layout: expected terminator as last byte"
            ),
            (untyped(0x0004_0000), "close: bad packet header: '0000000800040000'"),
            ([0, 0, 0, 4], "close: bad packet header: '00000004'"),
            (untyped(RequestCode.cancel, [1]), "close: bad cancel request"),
        ] as [([UInt8], String)])
    func `A broken packet ends the login`(_ packet: [UInt8], _ outcome: String) {
        #expect(Self.play([packet, Self.startup]) == [outcome, Self.unexpected])
    }

    @Test func `A trusted client is welcome at once`() throws {
        var login = ClientLogin()
        #expect(login.expectsStartupPacket)
        _ = login.packet(Self.startup)
        #expect(!login.expectsStartupPacket)
        guard case .welcome(let credential, let bytes) = login.authenticationChosen(try Self.authentication(.trust))
        else {
            Issue.record("not welcome")
            return
        }
        #expect(credential.secret == Sample.plain && bytes.isEmpty)
    }

    @Test func `A password is asked for, and judged`() throws {
        for (password, outcome) in [
            (Sample.password, "welcome"), ("wrong", "close: password authentication failed"),
            ("", "close: empty password returned by client"),
        ] {
            var login = ClientLogin()
            _ = login.packet(Self.startup)
            #expect(Self.name(login.authenticationChosen(try Self.authentication(.plain))) == "send")
            #expect(Self.name(login.message("p", cString(password))) == outcome)
            #expect(Self.name(login.message("p", cString(password))) == Self.unexpected)
        }
    }

    @Test func `Messages of every type are refused in every state, and Terminate ends it in good order`() throws {
        var started = ClientLogin()
        _ = started.packet(Self.startup)
        var authenticating = started
        _ = authenticating.authenticationChosen(try Self.authentication(.md5))
        var ended = ClientLogin()
        _ = ended.packet(untyped(0))
        let states = [ClientLogin(), started, authenticating, ended]
        for (number, state) in states.enumerated() {
            for type in UInt8.min...UInt8.max {
                var login = state
                let body = pattern(Int(type) % 40)
                let message = FrontendMessageType(rawValue: type)
                let action = body.withSpan { login.messageReceived(message, $0) }
                switch message {
                case .terminate: #expect(Self.name(action) == "close: client close request")
                case .password where number == 2: #expect(Self.name(action) == "close: password authentication failed")
                default: #expect(Self.name(action) == Self.unexpected)
                }
                #expect(!login.expectsStartupPacket)
            }
        }
    }

    @Test func `Events out of their order end the login`() throws {
        var early = ClientLogin()
        #expect(Self.name(early.authenticationChosen(try Self.authentication(.trust))) == Self.unexpected)
        var login = ClientLogin()
        _ = login.packet(Self.startup)
        var twice = login
        #expect(Self.name(twice.packet(Self.startup)) == Self.unexpected)
        _ = login.authenticationChosen(try Self.authentication(.plain))
        #expect(Self.name(login.authenticationChosen(try Self.authentication(.trust))) == Self.unexpected)
        #expect(Self.name(login.message("p", cString(Sample.password))) == Self.unexpected)
    }

    @Test func `A header is shown in hexadecimal, eight bytes of it`() {
        #expect(([] as [UInt8]).withSpan { hexadecimal($0, upTo: 8) } == "")
        #expect(([0, 0x0F, 0xA0, 0xFF] as [UInt8]).withSpan { hexadecimal($0, upTo: 8) } == "000fa0ff")
        #expect(pattern(20).withSpan { hexadecimal($0, upTo: 8) }.count == 16)
    }

    @Test func `A login waits for a verdict, and takes it once`() throws {
        var login = ClientLogin()
        #expect(!login.isSuspended)
        _ = login.packet(Self.startup)
        #expect(login.isSuspended)
        #expect(Self.name(login.authenticationChosen(try Self.authentication(.checked(Sample.check())))) == "send")
        #expect(!login.isSuspended)
        guard
            case .awaitVerdict(let check, let password) = login.message(
                "p", Array(Sample.password.utf8) + [0])
        else {
            Issue.record("no verdict was asked for")
            return
        }
        #expect(login.isSuspended)
        #expect(check.verify(password) == .accepted)
        #expect(Self.name(login.verdictArrived(.accepted)) == "welcome")
        #expect(Self.name(login.verdictArrived(.accepted)) == Self.unexpected)
    }
}

extension ClientLogin {
    fileprivate mutating func packet(_ bytes: [UInt8], isFollowed: Bool = false) -> Action {
        bytes.withSpan { startupPacketReceived($0, next: isFollowed ? 0 : nil, .unavailable) }
    }

    fileprivate mutating func message(_ type: Character, _ body: [UInt8]) -> Action {
        let type = FrontendMessageType(rawValue: type.asciiValue ?? 0)
        return body.withSpan { messageReceived(type, $0) }
    }
}
