/// What a client believes of its session, beyond the tracked parameters and the prepared statements.
struct ClientSession {
    /// Parameters that follow it from server to server.
    var settings: SessionSettings?
    /// Those of its startup packet, to which RESET goes back.
    var initial: SessionSettings?
    /// The tracked parameters of its startup packet, likewise; nil where it gave none.
    var starting: ParameterSet?
    /// Since when it is kept on its server; nil while it is not.
    var pinnedSince: Instant?
    /// Whether it is counted against max_pinned.
    var holdsPin = false
    /// Whether its server is going to be asked if there is still a reason for the pin.
    var isPinInQuestion = false
    /// Since when it waits for the place of a pin that is in question.
    var awaitsPinSince: Instant?
    /// A statement is on its way that puts parameters back: behind it, those go back to the values of the startup packet.
    var isResetting = false
    /// The Query that does so does nothing else.
    var loneReset: LoneReset?
    /// What was taken away from it, since it could not be pinned for that: its next request is refused.
    var lost: SessionEffects.Kinds = []
    /// Whether it has been told that it is pinned, once.
    var wasNotified = false

    init() {}

    /// Whether RESET goes back to values of its own.
    var hasStartingValues: Bool { initial != nil || starting != nil }
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
    /// How much connect_query has made of what is bound to the connection: that is nobody's.
    var baselineCounts = SessionProbe.Counts()
    /// Values of temp_buffers may be refused, since there have been temporary tables.
    private(set) var hadTemporary = false
    /// Names of parameters that may have changed and that the server does not list.
    private(set) var names: [String] = []
    /// It is not known what parameters are set, so all of them are reset before another client has it.
    private var needsReset = false
    /// What SQL PREPARE has been given, since there were none: EXECUTE does it.
    private var prepared = SessionEffects.none
    /// Something has run that may have prepared what we have not read.
    private var mayHaveUnreadStatements = false

    /// Most names that are asked for in one look.
    private static let nameLimit = 100

    init() {}

    /// It has come from another worker.
    mutating func moved(baselineCounts: SessionProbe.Counts, hadTemporary: Bool) {
        self.baselineCounts = baselineCounts
        self.hadTemporary = hadTemporary
    }

    /// What a record of it needs besides what everybody sees.
    struct Books {
        var touched: Kinds
        var names: [String]
        var needsReset: Bool
        var prepared: SessionEffects
        var mayHaveUnreadStatements: Bool
        var hadTemporary: Bool
    }

    var books: Books {
        get {
            Books(
                touched: touched, names: names, needsReset: needsReset, prepared: prepared,
                mayHaveUnreadStatements: mayHaveUnreadStatements, hadTemporary: hadTemporary)
        }
        set {
            (touched, names, needsReset) = (newValue.touched, newValue.names, newValue.needsReset)
            (prepared, mayHaveUnreadStatements) = (newValue.prepared, newValue.mayHaveUnreadStatements)
            hadTemporary = newValue.hadTemporary
        }
    }

    /// Whether another client would find it as it was.
    @inline(__always)
    var isUntouched: Bool { touched.rawValue | holds.rawValue == 0 }

    @inline(__always)
    var isTouched: Bool { touched.rawValue != 0 }

    /// A statement is on its way; `names` are those of its parameters that are not tracked.
    mutating func ran(_ effects: SessionEffects, names newNames: [String]) {
        let hasSettings = settings != nil || holds.contains(.longSettings)
        let present = holds.union(hasSettings ? .replayable : []).union(baselineCounts.kinds)
        var ended = effects.ends.intersection(present)
        // Whether they are gone is told by the mark.
        ended.remove(.unknownSettings)
        if effects.ends.contains(.settings), holds.contains(.unknownSettings) { ended.insert(.settings) }
        touched.formUnion(effects.touches.union(ended))
        if touched.contains(.temporary) { hadTemporary = true }
        if !newNames.isEmpty { touched.insert(.settings) }
        for name in newNames { mayBeSet(name) }
        if effects.makes.contains(.statement) {
            prepared.formUnion(effects)
        } else if effects.touches.contains(.unread) || effects.makes.contains(.unknownSettings) {
            mayHaveUnreadStatements = true
        }
        if effects.executes {
            for name in prepared.names { mayBeSet(name) }
            if mayHaveUnreadStatements || prepared.touches.contains(.unknownSettings) {
                touched.insert(.unknownSettings)
            }
        }
    }

    private mutating func mayBeSet(_ name: String) {
        guard SessionSettings.isCustom(name), !names.contains(name) else { return }
        if names.count < Self.nameLimit {
            names.append(name)
        } else {
            touched.insert(.unknownSettings)
        }
    }

    /// Whether there may be statements of SQL's PREPARE, its client's or connect_query's.
    var mayHoldStatements: Bool {
        touched.contains(.statement) || holds.contains(.statement) || baselineCounts.kinds.contains(.statement)
    }

    /// What has to be taken away before another client may have the server.
    var residue: Kinds { touched.union(holds).union(needsReset ? .unread : []) }

    /// It has been looked at: this is what it holds. `needsReset`: there may be more.
    mutating func looked(_ found: Kinds, _ settings: SessionSettings?, needsReset: Bool = false) {
        holds = found
        self.settings = settings
        self.needsReset = needsReset
        // Its client lets go of it where nothing holds it.
        touched = found.isEmpty && needsReset ? .unread : []
        names = []
        if !found.contains(.statement) {
            prepared = .none
            mayHaveUnreadStatements = false
        }
    }

    /// Whether something ran since its last reset that could not be read.
    var hasRunUnread: Bool { needsReset || touched.contains(.unread) }

    /// What the next look does about parameters that nobody can look for.
    var mark: SessionProbe.Mark {
        if touched.contains(.unknownSettings) { return .set }
        return holds.contains(.unknownSettings) ? .read : .none
    }

    /// Whether it holds parameters that nobody can look for, given whether the mark was found.
    func holdsUnknown(isMarked: Bool) -> Bool {
        touched.contains(.unknownSettings) || (isMarked && holds.contains(.unknownSettings))
    }
}
