/// What running a text may do to the state of a session that outlives its transaction, as far as the text tells.
struct SessionEffects: Equatable, Sendable {
    /// Kinds of session state.
    struct Kinds: OptionSet, Hashable, Sendable {
        let rawValue: UInt16

        /// Parameters that the server can list.
        static let settings = Kinds(rawValue: 1)
        /// SET ROLE and SET SESSION AUTHORIZATION.
        static let role = Kinds(rawValue: 1 << 1)
        /// A parameter whose name nobody can tell: neither the text nor the server.
        static let unknownSettings = Kinds(rawValue: 1 << 2)
        static let listen = Kinds(rawValue: 1 << 3)
        /// Tables, functions and types of the temporary schema.
        static let temporary = Kinds(rawValue: 1 << 4)
        /// Advisory locks of the session.
        static let advisoryLock = Kinds(rawValue: 1 << 5)
        /// Cursors WITH HOLD.
        static let cursor = Kinds(rawValue: 1 << 6)
        /// SQL PREPARE.
        static let statement = Kinds(rawValue: 1 << 7)
        /// Something ran that could not be read: its server is reset before anybody else has it, and nobody is pinned for it.
        static let unread = Kinds(rawValue: 1 << 8)
        /// Parameters whose values are too long to be carried.
        static let longSettings = Kinds(rawValue: 1 << 9)
        /// Temporary replication slots.
        static let slot = Kinds(rawValue: 1 << 10)

        /// What another server can be given.
        static let replayable: Kinds = [.settings, .role]
        /// What lives and dies with its server connection.
        static let bound: Kinds = [
            .unknownSettings, .longSettings, .listen, .temporary, .advisoryLock, .cursor, .statement, .slot,
        ]
        static let all: Kinds = [.replayable, .bound]
        /// What a server can be asked about.
        static let knowable: Kinds = all.subtracting([.unknownSettings, .longSettings])
        /// What RESET ALL is for.
        static let resettable: Kinds = [.settings, .role, .unknownSettings, .longSettings, .unread]

        /// For people, in the order of the bits.
        var descriptions: [String] {
            Self.names.filter { contains($0.kind) }.map(\.name)
        }

        private static let names: [(kind: Kinds, name: String)] = [
            (.settings, "parameters"), (.role, "role"), (.unknownSettings, "parameters set by name in a variable"),
            (.listen, "LISTEN"), (.temporary, "temporary tables"), (.advisoryLock, "session advisory locks"),
            (.cursor, "cursors WITH HOLD"), (.statement, "SQL PREPARE"),
            (.longSettings, "long values of parameters"), (.slot, "temporary replication slots"),
        ]
    }

    /// What may be there afterwards that was not, or the other way round.
    var touches: Kinds = []
    /// Which of it there is for certain, if the statement succeeds.
    var makes: Kinds = []
    /// What it can only take away: of interest where there is some. Nothing but RESET ALL ends `unknownSettings`.
    var ends: Kinds = []
    /// Parameters that it sets or resets, in small letters.
    var names: [String] = []
    /// SQL EXECUTE: it does what a PREPARE has said before.
    var executes = false
    /// Parameters go back to what they were at the session's start.
    var resets = false
    /// COPY: what is sent behind it may belong to it.
    var copies = false
    /// PREPARE, EXECUTE or DEALLOCATE: a prepared statement is named.
    var namesStatements = false

    /// Most names that are kept.
    static let nameLimit = 16

    static let none = SessionEffects()
    /// The text could not be read.
    static let anything = SessionEffects(touches: [.knowable, .unread], ends: .knowable)

    /// Whether it leaves a session as it is; so for nearly all texts.
    @inline(__always)
    var isEmpty: Bool { touches.isEmpty && ends.isEmpty && names.isEmpty && !copies }

    mutating func make(_ kinds: Kinds) {
        touches.formUnion(kinds)
        makes.formUnion(kinds)
    }

    /// What another reading of the same text says, where nobody can tell which is right.
    mutating func formUnion(_ other: SessionEffects) {
        touches.formUnion(other.touches)
        makes.formUnion(other.makes)
        ends.formUnion(other.ends)
        executes = executes || other.executes
        resets = resets || other.resets
        copies = copies || other.copies
        namesStatements = namesStatements || other.namesStatements
        for name in other.names { setsParameter(name) }
    }

    /// Parameters by which the present transaction is set, and what is no parameter at all.
    private static let transactionSettings: Set<String> = [
        "transaction_isolation", "transaction_read_only", "transaction_deferrable", "seed",
    ]

    /// A parameter is set or reset.
    mutating func setsParameter(_ name: String) {
        if Self.transactionSettings.contains(name) || names.contains(name) { return }
        if name == "role" || name == "session_authorization" {
            touches.insert(.role)
        } else if names.count < Self.nameLimit {
            names.append(name)
        } else {
            touches.insert(.settings)
            if name.utf8.contains(UInt8(ascii: ".")) { make(.unknownSettings) }
        }
    }
}
