/// The prepared statements that a server connection holds, as they are once everything sent so far has been executed.
///
/// Named ones are in order of use: each use moves a statement to the fresh end, and the one at the other end goes first when
/// there are too many.
struct ServerStatements {
    /// A statement under the name that it has on this connection. A connection that came from another worker has names of
    /// that worker's making.
    struct Copy {
        let statement: PreparedStatement
        let name: [UInt8]
        /// The latest change of any statement when it was prepared here.
        let preparedAt: UInt64

        var isOutdated: Bool { preparedAt < statement.changedAt }
    }

    /// A Bind failed of which the rest of the batch is still to come.
    struct WithheldFailure {
        let named: NamedStatement
        let copy: Copy
        /// Whether the server still has the statement.
        let isThere: Bool
        /// What the client is told in the end, if it is.
        let error: [UInt8]
    }

    private struct Node {
        var copy: Copy?
        var older: Int
        var newer: Int
    }

    /// The statement of no text that stands for a name which must be taken, or must be there to be given up.
    static let guardName = Array("\(PreparedStatement.namePrefix)0".utf8)
    /// How many of them there may be, for texts that give up several names.
    static let guardLimit = 32

    /// The first one has the plain name.
    static func guardName(_ index: Int) -> [UInt8] { index == 0 ? guardName : guardName + Array("_\(index)".utf8) }

    /// Node 0 is the ring's anchor: its `newer` is the oldest copy, its `older` the freshest.
    private var nodes: [Node] = []
    private var freeNodes: [Int] = []
    private var positions: [ObjectIdentifier: Int] = [:]

    /// Whether the connection was found to hold other statements than the book says, so that it must not be used again.
    var isUnreliable = false
    /// Which guards are prepared, a bit for each.
    private(set) var guards: UInt32 = 0
    /// What the unnamed statement is.
    var unnamed: PreparedStatement?
    /// Whose it is: a client's `id`.
    var unnamedOwner: UInt64 = 0
    /// The batch at hand, should it have to be sent again.
    var replay = ReplayBuffer()
    /// The failure of its first message, which is not shown as long as the batch may be sent again when the rest of it has come.
    var withheld: WithheldFailure?

    init() {}

    var count: Int { positions.count }

    /// The copy of a statement, which counts as used now.
    @inline(__always)
    mutating func use(_ statement: PreparedStatement) -> Copy? {
        guard let position = positions[ObjectIdentifier(statement)] else { return nil }
        if nodes[0].older != position {
            unlink(position)
            link(position, after: nodes[0].older)
        }
        return nodes[position].copy
    }

    /// The copy that has not been used for the longest time.
    var oldest: Copy? { nodes.isEmpty ? nil : nodes[nodes[0].newer].copy }

    /// All copies, the oldest first.
    var copies: [Copy] {
        guard !nodes.isEmpty else { return [] }
        var result: [Copy] = []
        var position = nodes[0].newer
        while position != 0 {
            if let copy = nodes[position].copy { result.append(copy) }
            position = nodes[position].newer
        }
        return result
    }

    /// Adds a copy at the fresh end, or at the other one.
    mutating func insert(_ copy: Copy, asOldest: Bool = false) {
        if nodes.isEmpty { nodes.append(Node(copy: nil, older: 0, newer: 0)) }
        let position: Int
        if let free = freeNodes.popLast() {
            position = free
            nodes[position].copy = copy
        } else {
            position = nodes.count
            nodes.append(Node(copy: copy, older: 0, newer: 0))
        }
        link(position, after: asOldest ? 0 : nodes[0].older)
        positions[ObjectIdentifier(copy.statement)] = position
    }

    mutating func remove(_ statement: PreparedStatement) {
        guard let position = positions.removeValue(forKey: ObjectIdentifier(statement)) else { return }
        unlink(position)
        nodes[position].copy = nil
        freeNodes.append(position)
    }

    /// Whether the first guard is prepared.
    var hasGuard: Bool {
        get { hasGuard(0) }
        set { setGuard(0, newValue) }
    }

    func hasGuard(_ index: Int) -> Bool { guards & (1 << UInt32(index)) != 0 }

    mutating func setGuard(_ index: Int, _ isThere: Bool) {
        if isThere { guards |= 1 << UInt32(index) } else { guards &= ~(1 << UInt32(index)) }
    }

    /// DEALLOCATE ALL or DISCARD ALL: the unnamed statement stays (`DropAllPreparedStatements`).
    mutating func removeAllNames() {
        nodes = []
        freeNodes = []
        positions = [:]
        guards = 0
    }

    /// A simple Query of ours: it destroys the unnamed statement.
    mutating func queryOfOursSent() { unnamed = nil }

    private mutating func unlink(_ position: Int) {
        let node = nodes[position]
        nodes[node.older].newer = node.newer
        nodes[node.newer].older = node.older
    }

    private mutating func link(_ position: Int, after older: Int) {
        let newer = nodes[older].newer
        nodes[position].older = older
        nodes[position].newer = newer
        nodes[older].newer = position
        nodes[newer].older = position
    }
}

/// A server's statements on their way to another worker: objects stay behind, bytes travel.
struct MovedStatements: Sendable {
    struct Copy: Sendable {
        let definition: [UInt8]
        let discards: DiscardCommand?
        let searchPath: [UInt8]
        let name: [UInt8]
        let preparedAt: UInt64
        let changedAt: UInt64
    }

    /// The oldest first.
    let copies: [Copy]
    let guards: UInt32
    let hasUnnamed: Bool
}

extension ServerStatements {
    /// All there is, as bytes.
    var moved: MovedStatements {
        let copies = copies.map { copy in
            MovedStatements.Copy(
                definition: copy.statement.definition, discards: copy.statement.discards,
                searchPath: copy.statement.searchPath, name: copy.name, preparedAt: copy.preparedAt,
                changedAt: copy.statement.changedAt)
        }
        return MovedStatements(copies: copies, guards: guards, hasUnnamed: unnamed != nil)
    }

    /// The statements of a server that has come from another worker.
    init(_ moved: MovedStatements, among table: StatementTable) {
        self.init()
        guards = moved.guards
        // Nobody here can mean that one.
        if moved.hasUnnamed { unnamed = .unkept() }
        for copy in moved.copies {
            let statement = table.intern(copy.definition, discards: copy.discards, searchPath: copy.searchPath)
            statement.changed(at: copy.changedAt)
            insert(Copy(statement: statement, name: copy.name, preparedAt: copy.preparedAt))
        }
    }
}
