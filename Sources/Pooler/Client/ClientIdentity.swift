import PoolerConfig

/// Who a client says it is, and what it asks for: the useful part of its StartupMessage. Once it has logged in, it shares one with
/// those who are called the same (`ClientIdentities`).
final class ClientIdentity {
    let user: String
    /// The name that the client gave, or its user name.
    let database: String
    /// Values of the tracked parameters, where the client gave any; empty once it has logged in.
    private(set) var parameters: [[UInt8]?]
    /// Other parameters that it gave, each once, by name in small letters: those that are tracked with its session.
    private(set) var settings: [SessionSetting] = []
    /// What a client is told of the first of them where sessions are not tracked.
    private(set) var settingRefusal: CloseReason?
    /// Names of protocol extensions (`_pq_.`), none of which we know.
    private(set) var protocolExtensions: [String] = []
    private let minorVersion: UInt16
    /// What it wants as a replication client; nil for all others.
    private(set) var replication: ReplicationRequest?

    static let userNameLimit = 127

    /// Whether the console is meant.
    var isConsole: Bool { ConsoleGreeting.isConsole(database) }

    /// Reads a StartupMessage. `ignored` is ignore_startup_parameters.
    init(_ message: StartupMessage, tracked: TrackedParameters, ignored: [String]) throws(LoginRefusal) {
        guard let user = message.value(of: "user"), !user.isEmpty else { throw LoginRefusal(.noUsername) }
        guard user.utf8.count <= Self.userNameLimit else { throw LoginRefusal(.usernameTooLong) }
        self.user = user
        let database = message.value(of: "database") ?? ""
        self.database = database.isEmpty ? user : database
        guard user.isUnambiguousName, database.isUnambiguousName else { throw LoginRefusal(.ambiguousName) }
        minorVersion = message.minorVersion
        parameters = tracked.noValues
        replication = message.value(of: "replication").flatMap { ReplicationRequest(value: $0) }
        for (name, value) in message.parameters {
            switch name {
            case "user", "database", "replication":
                break
            case "options" where replication != nil:
                replication?.options = value
            case "options":
                try readOptions(value, tracked: tracked, ignored: ignored)
            default:
                try read(name, value, tracked: tracked, ignored: ignored)
            }
        }
    }

    /// Of a client that logs in, or has logged in, to another process.
    init(user: String, database: String, parameters: [[UInt8]?], settings: [SessionSetting]) {
        self.user = user
        self.database = database
        self.parameters = parameters
        self.settings = settings
        minorVersion = 0
    }

    /// What is left of it when the login is over.
    fileprivate init(afterLoginOf identity: ClientIdentity) {
        user = identity.user
        database = identity.database
        parameters = []
        minorVersion = 0
        replication = identity.replication
    }

    /// What a client is told that asked for a newer minor version or an extension: 3.0, and which extensions are unknown.
    var negotiation: [UInt8]? {
        guard minorVersion > 0 || !protocolExtensions.isEmpty else { return nil }
        var writer = MessageWriter()
        writer.message(BackendMessageType.negotiateProtocolVersion) { body in
            body.uint32(3 << 16)
            body.int32(Int32(clamping: protocolExtensions.count))
            for name in protocolExtensions { body.cString(name) }
        }
        return writer.bytes
    }

    private func read(
        _ name: String, _ value: String, tracked: TrackedParameters, ignored: [String]
    ) throws(LoginRefusal) {
        if name.hasPrefix("_pq_.") {
            protocolExtensions.append(name)
        } else if let index = tracked.index(of: name) {
            parameters[index] = Array(value.utf8)
        } else if !ignored.contains(name) {
            try set(name, value, orRefuse: .unsupportedParameter(name))
        }
    }

    /// A parameter that may be tracked with the session.
    private func set(_ name: String, _ value: String, orRefuse refusal: CloseReason) throws(LoginRefusal) {
        guard replication == nil, !isConsole, settings.count < Self.settingLimit, Self.isParameterName(name) else {
            throw LoginRefusal(refusal)
        }
        settingRefusal = settingRefusal ?? refusal
        let setting = SessionSetting(name: name.lowercased(), value: Array(value.utf8))
        settings.removeAll { $0.name == setting.name }
        settings.append(setting)
    }

    private static let settingLimit = 100

    /// Letters, digits, `_`, `$`, and dots between the parts of a name.
    private static func isParameterName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return name.utf8.count <= 128
            && parts.allSatisfy { part in
                part.first.map { $0.startsWord } ?? false
                    && part.allSatisfy { $0.continuesWord }
            }
    }

    private func readOptions(
        _ text: String, tracked: TrackedParameters, ignored: [String]
    ) throws(LoginRefusal) {
        let settings: [(name: String, value: String)]
        do {
            settings = try StartupOptions.parse(text)
        } catch {
            if ignored.contains("options") { return }
            throw LoginRefusal(.unsupportedOptions)
        }
        for (name, value) in settings {
            if let index = tracked.index(of: name) {
                parameters[index] = Array(value.utf8)
            } else if !ignored.contains(name), !ignored.contains("options") {
                try set(name, value, orRefuse: .unsupportedOption(name))
            }
        }
    }
}

/// The identities of a worker's clients that have logged in.
struct ClientIdentities {
    private struct Names: Hashable {
        let user: String
        let database: String
    }

    private var identities = Interned<Names, ClientIdentity>()

    init() {}

    /// The login is over: what is left of its identity.
    mutating func loginEnded(_ identity: ClientIdentity) -> ClientIdentity {
        guard identity.replication == nil else { return ClientIdentity(afterLoginOf: identity) }
        return identities.object(for: Names(user: identity.user, database: identity.database)) {
            ClientIdentity(afterLoginOf: identity)
        }
    }
}

/// A login that ends before its password was asked for.
struct LoginRefusal: Error {
    let reason: CloseReason

    init(_ reason: CloseReason) {
        self.reason = reason
    }
}
