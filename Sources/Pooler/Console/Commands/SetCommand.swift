extension ConsoleCommandEntry {
    /// Changes one setting until the next RELOAD. What drivers set on every connection is answered and ignored.
    static let set = ConsoleCommandEntry(
        "SET", syntax: ["SET key = arg"], isForAdminsOnly: false,
        grammar: .assignment { key, value in
            ShowTable.fixed(key) == nil ? .run(.set(key: key, value: value)) : .ignoredSetting
        })
}
