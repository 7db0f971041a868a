/// Where each of a pool's servers stands, by token. Asked twice for each transaction, so it does without the hash of a dictionary:
/// a server's slot in the connection table says where to look.
struct ServerStates {
    private struct Entry {
        let server: Token
        let state: Pool.ServerState
    }

    private var table = OpenTable<Entry>()

    init() {}

    var count: Int { table.count }

    var servers: [Token] { table.elements.map(\.server) }

    /// Nil for a server that is none of the pool's.
    @inline(__always)
    subscript(server: Token) -> Pool.ServerState? {
        get { table.first(hash: Int(server.slot)) { $0.server == server }?.state }
        set {
            let hash = Int(server.slot)
            guard let newValue else {
                table.remove(hash: hash) { $0.server == server }
                return
            }
            let entry = Entry(server: server, state: newValue)
            if !table.replace(hash: hash, with: entry, where: { $0.server == server }) {
                table.insert(entry, hash: hash)
            }
        }
    }
}
