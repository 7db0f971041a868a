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
    private let hasResetQuery: Bool
    private let resetsAlways: Bool

    init(_ configuration: Configuration, tls: TLSContexts = .none, tokens: TokenVerifier? = nil) {
        self.configuration = configuration
        self.tls = tls
        self.tokens = tokens
        secrets = configuration.secrets.mapValues { Secret($0) }
        population = SecretPopulation(secrets.values, looksUpOthers: configuration.looksUpUsers)
        settings = configuration.settings
        socketOptions = SocketOptions(configuration.settings)
        maxPacketSize = configuration.settings.maxPacketSize
        disallowsSimpleQuery = configuration.settings.disablePqexec
        let rounds = configuration.settings.sbufLoopcnt
        roundsPerTurn = rounds > 0 ? rounds : .max
        hasResetQuery = !configuration.settings.serverResetQuery.isEmpty
        resetsAlways = configuration.settings.serverResetQueryAlways
    }

    /// Whether server_reset_query runs when a client gives a server back.
    @inline(__always)
    func resets(poolMode: PoolMode) -> Bool {
        hasResetQuery && (resetsAlways || poolMode == .session)
    }
}
