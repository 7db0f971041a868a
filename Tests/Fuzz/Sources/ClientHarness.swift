import Glibc
import Logging
import PoolerConfig

@testable import Pooler

/// A client that may send anything, and the worker that it sends it to.
///
/// The first byte of the input chooses how clients log in, the second in which pieces the rest arrives. Nobody knows the
/// passwords, so that nobody may come in where one is asked for.
struct ClientHarness {
    private let worker: Worker
    private let asksForPassword: Bool

    private static let authTypes = ["plain", "md5", "scram-sha-256", "hba", "trust", "any", "cert"]
    nonisolated(unsafe) private static let harnesses = unsafe authTypes.map(ClientHarness.init)

    static func run(_ input: [UInt8]) {
        guard input.count >= 2 else { return }
        let harness = unsafe harnesses[Int(input[0]) % authTypes.count]
        let piece = input[1] == 0 ? input.count : Int(input[1])
        harness.play(input[2...], piece: piece)
    }

    private init(_ authType: String) {
        asksForPassword = !["trust", "any"].contains(authType)
        do {
            let configuration = try Configuration.load(path: "fuzz.ini") { path throws(FileError) in
                switch path {
                case "fuzz.ini": Array(Self.ini(authType).utf8)
                case "users": Self.users
                default: Array("host all all all scram-sha-256\n".utf8)
                }
            }
            let tracked = TrackedParameters(extra: configuration.settings.trackExtraParameters)
            let shared = try Shared(workerCount: 1, tracked: tracked) { _ in }
            worker = try Worker(
                index: 0, shared: shared,
                configuration: ConfigurationSnapshot(
                    configuration, tls: try TLSContexts(configuration, TicketKeys(), keeping: .none)),
                authentication: AuthenticationContext(key: AuthenticationKey(), scramIterations: 1),
                log: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            fatalError("\(error)")
        }
    }

    /// scripts/fuzz makes a certificate, and says where.
    private static func ini(_ authType: String) -> String {
        let directory = unsafe getenv("PGVALET_FUZZ_CERTIFICATES").map { unsafe String(cString: $0) }
        let tls = directory.map {
            """
            client_tls_sslmode = \(authType == "cert" ? "verify-full" : "allow")
            client_tls_cert_file = \($0)/server.crt
            client_tls_key_file = \($0)/server.key
            client_tls_ca_file = \($0)/server.crt
            """
        }
        return """
            [databases]
            [pgbouncer]
            auth_type = \(authType == "cert" && directory == nil ? "plain" : authType)
            auth_file = users
            auth_hba_file = hba
            admin_users = bob, md5, scram
            auth_failure_limit = 0
            \(tls ?? "")
            """
    }

    /// Secrets that are other ones in each run.
    private static let users: [UInt8] = {
        let secret = (0..<32).map { _ in "0123456789abcdef".randomElement() ?? "0" }
        return Array("\"bob\" \"\(String(secret))\"\n\"md5\" \"md5\(String(secret))\"\n".utf8)
    }()

    private func play(_ input: ArraySlice<UInt8>, piece: Int) {
        var pair: [Int32] = [0, 0]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &pair) == 0,
            case .addresses(let peers) = HostResolver.lookUp("127.0.0.1", port: 5000, flags: AI_NUMERICHOST)
        else { fatalError("no socket") }
        worker.now = .now()
        worker.shared.clients.add()
        worker.shared.clientAdded(toWorker: 0)
        worker.adopt(AcceptedSocket(descriptor: pair[0], peer: peers[0]))
        var rest = input
        while !rest.isEmpty, let client {
            let piece = rest.prefix(piece)
            rest = rest.dropFirst(piece.count)
            unsafe piece.withUnsafeBytes {
                _ = unsafe send(pair[1], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            worker.loginReady(client)
            awaitKeys(client)
            if asksForPassword { checkStranger(client) }
        }
        close(pair[1])
        if let client {
            client.isPeerClosed = true
            worker.loginReady(client)
            if client.isOpen { worker.removeClient(client) }
        }
        guard client == nil, worker.loginCount == 0, worker.shared.clients.count == 0 else {
            fatalError("a client was left behind")
        }
    }

    /// Keys are derived on another thread, and soon: with one iteration.
    private func awaitKeys(_ client: ClientConnection) {
        while case .login(let login) = client.phase, login.awaitsKeys { worker.receiveMail() }
    }

    private func checkStranger(_ client: ClientConnection) {
        switch client.phase {
        case .login, .canceling, .closing: break
        case .welcomeWait, .session, .console: fatalError("a stranger was let in")
        }
    }

    private var client: ClientConnection? {
        for registration in worker.table.all {
            if case .client(let client) = registration { return client }
        }
        return nil
    }
}
