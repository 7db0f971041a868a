import PoolerConfig

/// A configuration as one object, so that handing it around copies a pointer, with what the data path asks of it ready.
final class ConfigurationSnapshot: Sendable {
    let configuration: Configuration
    let tls: TLSContexts
    /// max_packet_size.
    let maxPacketSize: Int
    /// disable_pqexec.
    let disallowsSimpleQuery: Bool
    private let hasResetQuery: Bool
    private let resetsAlways: Bool

    init(_ configuration: Configuration, tls: TLSContexts = .none) {
        self.configuration = configuration
        self.tls = tls
        maxPacketSize = configuration.settings.maxPacketSize
        disallowsSimpleQuery = configuration.settings.disablePqexec
        hasResetQuery = !configuration.settings.serverResetQuery.isEmpty
        resetsAlways = configuration.settings.serverResetQueryAlways
    }

    /// For what does not hurry: the whole value is large.
    var settings: Settings { configuration.settings }

    /// Whether server_reset_query runs when a client gives a server back.
    @inline(__always)
    func resets(poolMode: PoolMode) -> Bool {
        hasResetQuery && (resetsAlways || poolMode == .session)
    }
}
