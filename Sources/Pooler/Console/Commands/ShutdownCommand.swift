extension ConsoleCommandEntry {
    /// Ends the process, at once or when the servers or the clients are gone.
    static let shutdown = ConsoleCommandEntry(
        "SHUTDOWN", syntax: ["SHUTDOWN", "SHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS"], isForAdminsOnly: false,
        grammar: .word { argument in
            switch (argument ?? "").uppercased() {
            case "": .run(.shutdown(.immediate))
            case "WAIT_FOR_SERVERS": .run(.shutdown(.waitForServers))
            case "WAIT_FOR_CLIENTS": .run(.shutdown(.waitForClients))
            default: nil
            }
        })
}
