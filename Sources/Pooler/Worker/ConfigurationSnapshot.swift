import PoolerConfig

/// A configuration as one object, so that handing it around copies a pointer, with what the data path asks of it ready.
final class ConfigurationSnapshot: Sendable {
    let configuration: Configuration
    let tls: TLSContexts
    /// What judges tokens; nil without keys.
    let tokens: TokenVerifier?
    /// The users' secrets, as auth_file has them, by name.
    let secrets: [String: Secret]
    /// What kinds of them there are.
    let population: SecretPopulation
    let socketOptions: SocketOptions
    /// The same settings once more: stored, so that reading one of them copies only that one.
    let settings: Settings
    /// max_packet_size.
    let maxPacketSize: Int
    /// disable_pqexec.
    let disallowsSimpleQuery: Bool
    /// sbuf_loopcnt: how often one socket is read before the others have their turn.
    let roundsPerTurn: Int
    /// client_login_timeout in nanoseconds; 0: none.
    let loginNanoseconds: Int64
    /// Parts that each login asks: stored, since a look-up in the configuration is handed all of it by value.
    private let databases: [String: Database]
    private let users: [String: User]
    private let commonLoginRule: LoginRule?
    private let hbaRules: HBARules
    private let commonClientSettings: ClientSettings
    private let hasResetQuery: Bool
    private let resetsAlways: Bool

    init(_ configuration: Configuration, tls: TLSContexts = .none, tokens: TokenVerifier? = nil) {
        self.configuration = configuration
        self.tls = tls
        self.tokens = tokens
        secrets = configuration.secrets.mapValues { Secret($0) }
        population = SecretPopulation(secrets.values, looksUpOthers: configuration.looksUpUsers)
        settings = configuration.settings
        // Not so long that it would overflow the clock.
        loginNanoseconds = min(max(0, configuration.settings.clientLoginTimeout.wholeNanoseconds), .max / 2)
        databases = configuration.databases
        users = configuration.users
        commonLoginRule = configuration.commonLoginRule
        hbaRules = configuration.hbaRules
        commonClientSettings = configuration.commonClientSettings
        socketOptions = SocketOptions(configuration.settings)
        maxPacketSize = configuration.settings.maxPacketSize
        disallowsSimpleQuery = configuration.settings.disablePqexec
        let rounds = configuration.settings.sbufLoopcnt
        roundsPerTurn = rounds > 0 ? rounds : .max
        hasResetQuery = !configuration.settings.serverResetQuery.isEmpty
        resetsAlways = configuration.settings.serverResetQueryAlways
    }

    /// As `Configuration.database(named:)`.
    func database(named name: String) -> Database? { databases[name] ?? configuration.database(named: name) }

    /// Whether a database has an entry of its own.
    func hasEntry(forDatabase name: String) -> Bool { databases.index(forKey: name) != nil }

    /// As `Configuration.loginRule(for:)`.
    func loginRule(for request: @autoclosure () -> HBARequest) -> LoginRule {
        commonLoginRule ?? hbaRules.loginRule(for: request(), ldapOptions: settings.authLdapOptions)
    }

    /// As `Configuration.clientSettings(database:user:)`.
    func clientSettings(database: Database?, user: String) -> ClientSettings {
        ClientSettings(of: users[user], in: database, otherwise: commonClientSettings)
    }

    /// Whether a user has an entry in [users].
    func hasEntry(forUser name: String) -> Bool { users.index(forKey: name) != nil }

    /// Whether server_reset_query runs when a client gives a server back.
    @inline(__always)
    func resets(poolMode: PoolMode) -> Bool {
        hasResetQuery && (resetsAlways || poolMode == .session)
    }
}
