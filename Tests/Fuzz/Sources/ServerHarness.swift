import PoolerConfig

@testable import Pooler

/// A server that may say anything, to the machines that log in to it and that ask it for a secret.
struct ServerHarness {
    nonisolated(unsafe) private static let context: AuthenticationContext = {
        do { return try AuthenticationContext(key: AuthenticationKey()) } catch { fatalError("\(error)") }
    }()
    private static let credentials: [Credential] = [
        Credential(secret: .none), Credential(secret: .plain("secret")),
        Credential(secret: Secret("md5e56586342e82bfc415eff843d7a4b8fa")),
        Credential(
            secret: .plain("secret"),
            scramKeys: SHA256Value([UInt8](repeating: 1, count: 32)).map { SCRAMKeys(clientKey: $0, serverKey: $0) }),
    ]
    private static let modes: [SSLMode] = [.disable, .allow, .prefer, .require, .verifyFull]

    /// The first byte chooses what we have to log in with, and whether we want TLS.
    static func logIn(_ input: [UInt8]) {
        guard let choice = input.first else { return }
        let credential = credentials[Int(choice) % credentials.count]
        let mode = modes[Int(choice) / credentials.count % modes.count]
        var database = Database(name: "app")
        if choice > 200 { database.sslNegotiation = .direct }
        let tracked = TrackedParameters(extra: [])
        var login = ServerLogin(
            encryption: ServerEncryption.Policy(database, mode: mode, isUnix: false), startup: [1],
            authentication: unsafe ServerAuthentication(user: "bob", credential: credential, context: context),
            tracked: tracked, connectQuery: choice.isMultiple(of: 2) ? "select 1" : nil)
        var action = login.connected()
        var cursor = 1
        input.withUnsafeBytes { raw in
            let bytes = unsafe RawSpan(_unsafeBytes: raw)
            while cursor < bytes.byteCount {
                switch action {
                case .ready, .fail: return
                case .startTLS: action = login.handshakeEnded(endpointHash: [1, 2, 3])
                case .deriveKeys(let derivation):
                    // Long ones differ in nothing but their length.
                    action = login.keysDerived(
                        derivation.iterations > 1000 ? .impossible : unsafe context.derived(derivation))
                    continue
                case .none, .send, .logConnectQueryError: break
                }
                if login.expectsEncryptionAnswer {
                    action = login.encryptionAnswered(
                        bytes.uint8(at: cursor), isFollowed: cursor + 1 < bytes.byteCount)
                    cursor += 1
                    continue
                }
                guard let (type, body) = message(in: bytes, at: &cursor) else { return }
                action = login.messageReceived(type, body)
            }
        }
    }

    /// What auth_query is answered.
    static func lookUp(_ input: [UInt8]) {
        var query = SecretQuery(user: "bob", sql: "select")
        var cursor = 0
        input.withUnsafeBytes { raw in
            let bytes = unsafe RawSpan(_unsafeBytes: raw)
            while let (type, body) = message(in: bytes, at: &cursor) {
                switch query.messageReceived(type, body) {
                case .wait: break
                case .finished(.found(let user)):
                    // Whoever is found was named in the answer.
                    guard contains("bob", bytes) else { fatalError("found \(user) in nothing") }
                    return
                case .finished, .broken: return
                }
            }
        }
    }

    private static func contains(_ name: String, _ bytes: RawSpan) -> Bool {
        let text = bytes.array()
        let name = Array(name.utf8)
        return text.indices.contains { text[$0...].starts(with: name) }
    }

    @_lifetime(copy bytes)
    private static func message(in bytes: RawSpan, at cursor: inout Int) -> (BackendMessageType, RawSpan)? {
        guard case .frame(let header) = FrameScanner.header(in: bytes, at: cursor, limit: Scratch.carryLimit),
            cursor + header.frameLength <= bytes.byteCount
        else { return nil }
        let body = bytes.slice(cursor + FrameHeader.size..<cursor + header.frameLength)
        cursor += header.frameLength
        return (BackendMessageType(rawValue: header.type), body)
    }
}
