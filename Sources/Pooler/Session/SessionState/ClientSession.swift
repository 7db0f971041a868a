/// What a client believes of its session, beyond the tracked parameters and the prepared statements.
struct ClientSession {
    /// Parameters that follow it from server to server.
    var settings: SessionSettings?
    /// Those of its startup packet, to which RESET goes back.
    var initial: SessionSettings?
    /// Since when it is kept on its server; nil while it is not.
    var pinnedSince: Instant?
    /// Whether it is counted against max_pinned.
    var holdsPin = false
    /// Whether it has been told that it is pinned, once.
    var wasNotified = false

    init() {}
}

/// What a server's session holds, beyond the tracked parameters and the prepared statements.
struct ServerSession {
    typealias Kinds = SessionEffects.Kinds

    /// What may have changed since the last look.
    private(set) var touched: Kinds = []
    /// What of its client it was found to hold that no other server can be given.
    var holds: Kinds = []
    /// Parameters that are set.
    var settings: SessionSettings?
    /// What connect_query has set: so it is for clients that have set nothing.
    var baseline: SessionSettings?
    /// Names of parameters that may have changed and that the server does not list.
    private(set) var names: [String] = []
    /// DISCARD ALL was the last that touched it.
    private(set) var isDiscarded = false

    /// Most names that are asked for in one look.
    private static let nameLimit = 100

    init() {}

    /// Whether another client would find it as it was.
    @inline(__always)
    var isUntouched: Bool { touched.rawValue | holds.rawValue == 0 }

    @inline(__always)
    var isTouched: Bool { touched.rawValue != 0 }

    /// A statement is on its way; `names` are those of its parameters that are not tracked.
    mutating func ran(_ effects: SessionEffects, names newNames: [String]) {
        let present = holds.union(settings == nil ? [] : .replayable)
        touched.formUnion(effects.touches.union(effects.ends.intersection(present)))
        if !newNames.isEmpty { touched.insert(.settings) }
        for name in newNames where SessionSettings.isCustom(name) && !names.contains(name) {
            if names.count < Self.nameLimit {
                names.append(name)
            } else {
                touched.insert(.unknownSettings)
            }
        }
        if effects.ends.contains(.unknownSettings) {
            isDiscarded = true
        } else if effects.touches.contains(.unknownSettings) {
            isDiscarded = false
        }
    }

    /// What has to be taken away before another client may have the server.
    var residue: Kinds { touched.union(holds) }

    /// It has been looked at: this is what it holds.
    mutating func looked(_ found: Kinds, _ settings: SessionSettings?) {
        holds = found
        self.settings = settings
        touched = []
        names = []
        isDiscarded = false
    }

    /// What it holds of what nobody can look for.
    var unknowable: Kinds {
        isDiscarded ? [] : holds.union(touched).intersection(.unknownSettings)
    }
}
