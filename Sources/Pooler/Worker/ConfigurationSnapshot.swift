import PoolerConfig

/// A configuration as one object, so that handing it around copies a pointer, with what the data path asks of it ready.
final class ConfigurationSnapshot: Sendable {
    let configuration: Configuration
    let tls: TLSContexts
    /// What judges tokens; nil without keys.
    let tokens: TokenVerifier?
    /// What kinds of secrets the users have.
    let population: SecretPopulation
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
        population = SecretPopulation(
            configuration.secrets.values.lazy.map { Secret($0) }, looksUpOthers: configuration.looksUpUsers)
        settings = configuration.settings
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
