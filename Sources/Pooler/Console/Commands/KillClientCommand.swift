extension ConsoleCommandEntry {
    /// Closes one client; its id is the last column of SHOW CLIENTS.
    static let killClient = ConsoleCommandEntry(
        "KILL_CLIENT", syntax: ["KILL_CLIENT <client_id>"], isForAdminsOnly: true,
        grammar: .word { argument throws(ConsoleError) in
            guard let argument, let id = UInt64(argument) else { throw .invalidClientPointer }
            return .run(.killClient(id))
        })
}
