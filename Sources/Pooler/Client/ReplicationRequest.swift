/// What a replication client (walreceiver, pg_basebackup, a logical subscriber) asks of its server: such a client gets a server
/// connection of its own, opened with these parameters and closed with the client.
struct ReplicationRequest: Sendable, Equatable {
    enum Kind: String, Sendable {
        case logical
        case physical
    }

    let kind: Kind
    /// The parameter's value as the client gave it.
    let value: String
    /// `options`, handed on whole.
    var options: String?

    /// Reads the value of `replication`; nil for the values that mean no (ProcessStartupPacket: `database`, or a boolean), the
    /// empty one among them.
    init?(value: String) {
        let word = value.lowercased()
        // As parse_bool: any beginning of a word that tells it from the others.
        if word == "0" || "false".hasPrefix(word) || "no".hasPrefix(word) { return nil }
        if word != "o", "off".hasPrefix(word) { return nil }
        kind = word == "database" ? .logical : .physical
        self.value = value
    }

    /// What goes into the server's StartupMessage, with the client's values of the tracked parameters.
    func startupParameters(_ values: [[UInt8]?], tracked: TrackedParameters) -> [(name: String, value: String)] {
        var parameters = [(name: "replication", value: value)]
        if let options, !options.isEmpty { parameters.append(("options", options)) }
        for (name, value) in zip(tracked.names, values) {
            if let value { parameters.append((name, String(decoding: value, as: UTF8.self))) }
        }
        return parameters
    }
}
