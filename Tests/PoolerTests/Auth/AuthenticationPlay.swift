import PoolerTestSupport

@testable import Pooler

/// The two machines played against each other: `ServerAuthentication` is the client that logs in,
/// `ClientAuthentication` the server that it logs in to.
struct AuthenticationPlay {
    enum Outcome: Equatable {
        case succeeded(Credential)
        case failed(AuthenticationFailure)
        /// The one who logs in gave up.
        case gaveUp(String)
    }

    var client: ServerAuthentication
    var server: ClientAuthentication
    private let context: AuthenticationContext
    /// What a meddler does to a message's body; the number counts the messages of that direction from 0.
    var tamperWithClient: (Int, [UInt8]) -> [UInt8] = { $1 }
    var tamperWithServer: (Int, [UInt8]) -> [UInt8] = { $1 }
    /// The kind and length of every message of the server.
    private(set) var shape: [Shape] = []

    struct Shape: Equatable {
        let request: UInt32
        let length: Int
    }

    init(
        _ method: ClientAuthentication.Method, user: String = "bob", isKnown: Bool = true, secret: Secret,
        credential: Credential, context: AuthenticationContext, channelBinding: [UInt8]? = nil
    ) {
        self.context = context
        server = ClientAuthentication(
            method: method, user: user, isKnown: isKnown, secret: secret, context: context,
            channelBinding: channelBinding)
        client = ServerAuthentication(user: user, credential: credential, context: context)
    }

    mutating func run() -> Outcome {
        var action = server.started()
        var sent = 0
        while true {
            switch action {
            case .failed(let failure):
                return .failed(failure)
            case .succeeded(let credential, let bytes):
                for message in [bytes, AuthenticationRequest.ok.message()] where !message.isEmpty {
                    switch answer(message) {
                    case .wait: continue
                    case .send, .derive: return .gaveUp("sent more after the end")
                    case .failed(let reason): return .gaveUp(reason)
                    }
                }
                return .succeeded(credential)
            case .check(let check, let password):
                action = server.verdictArrived(check.verify(password))
            case .derive(let derivation):
                action = server.keysDerived(context.derived(derivation))
            case .send(let bytes):
                switch answer(bytes) {
                case .wait, .derive: return .gaveUp("waits")
                case .failed(let reason): return .gaveUp(reason)
                case .send(let bytes):
                    let body = tamperWithClient(sent, bodyOf(bytes))
                    action = server.passwordMessageReceived(bytes: body)
                    sent += 1
                }
            }
        }
    }

    private mutating func answer(_ message: [UInt8]) -> ServerAuthentication.Action {
        let body = bodyOf(message)
        let tampered = tamperWithServer(shape.count, body)
        shape.append(Shape(request: UInt32(body[3]), length: body.count))
        let action = client.authenticationRequestReceived(bytes: tampered)
        guard case .derive(let derivation) = action else { return action }
        return client.keysDerived(context.derived(derivation))
    }
}

extension ClientAuthentication {
    mutating func passwordMessageReceived(bytes: [UInt8]) -> Action {
        unsafe passwordMessageReceived(bytes.span.bytes)
    }
}

extension ServerAuthentication {
    mutating func authenticationRequestReceived(bytes: [UInt8]) -> Action {
        unsafe authenticationRequestReceived(bytes.span.bytes)
    }
}

/// What follows a message's type and length, which must be right.
func bodyOf(_ message: [UInt8]) -> [UInt8] {
    let length = message[1..<5].reduce(0) { $0 << 8 | Int($1) }
    precondition(length == message.count - 1, "a message's length is wrong")
    return Array(message[5...])
}

/// One password in each form. The SCRAM secret and the digests were made by Python's hashlib.
enum Sample {
    static let password = "correct horse"
    static let user = "bob"
    static let plain = Secret(password)
    static let md5 = Secret("md5\(md5Digest)")
    static let md5Digest = "e56586342e82bfc415eff843d7a4b8fa"
    static let scram = Secret(
        "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$"
            + "yERwYmHlx0VrpoYfOn54hMTjBUKWnmK42IDjnWgQWkk=:RQZr9F8QCYmmp35tAVzp0VB/kDwY283N+s24jDDliG4=")

    /// What the empty password gives with the same salt.
    static let emptySCRAM = Secret(
        "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$"
            + "nJ7NIpEhGWYJgkXlH8+EU0un6/m20+gSgCnEi8kapIM=:s24L6krFXWqocZ+wwtUc/8hxenyJ5AnMUHAahlBS4uY=")
    static let emptyMD5 = Secret("md59f9d51bc70ef21ca5c14f307980a29d8")
    /// The answer to AuthenticationMD5Password with the salt 1, 2, 3, 4.
    static let md5Response = "md591973d15cdba4787867396fd2c2addd0"

    /// One of each method; the checked one takes `password`.
    static let methods: [ClientAuthentication.Method] = [
        .any, .trust, .plain, .md5, .scramSHA256, .cert(isNamed: true), .peer(isNamed: true), .checked(check()),
        .refused(.rejected),
    ]

    /// A check by somebody who knows `password`.
    static func check(opensServers: Bool = true, mayBlock: Bool = false) -> PasswordCheck {
        PasswordCheck(
            name: "Oracle", failure: .password, mayBlock: mayBlock, opensServers: opensServers
        ) { $0 == Array(password.utf8) ? .accepted : .refused(reason: "no") }
    }

    static func context() throws -> AuthenticationContext {
        try AuthenticationContext(key: try AuthenticationKey(), scramIterations: 4096)
    }
}

/// Every truncation of a message, and many copies with a byte changed, added, doubled or removed.
func damaged(_ original: [UInt8], seed: UInt64, mutations: Int = 300) -> [[UInt8]] {
    var random = Dice(seed: seed)
    var results = (0..<original.count).map { Array(original.prefix($0)) }
    let telling = Array("\0,=:$npycrsivm".utf8) + [0xFF, 0x80, 0x0A]
    for _ in 0..<mutations {
        var copy = original
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let byte =
                Bool.random(using: &random)
                ? telling.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
            let place = Int.random(in: 0...copy.count, using: &random)
            switch Int.random(in: 0...3, using: &random) {
            case 0 where place < copy.count: copy[place] = byte
            case 1 where place < copy.count: copy.remove(at: place)
            case 2: copy.insert(contentsOf: copy.suffix(from: place), at: place)
            default: copy.insert(byte, at: place)
            }
        }
        if copy != original { results.append(copy) }
    }
    return results
}
