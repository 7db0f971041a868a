extension ShowTable {
    /// SHOW CONFIG: every setting.
    static let config = ShowTable(
        "CONFIG",
        columns: [
            .text("key") { $0.key },
            .text("value") { $0.value },
            .text("default") { $0.defaultValue },
            .text("changeable") { $0.isChangeable ? "yes" : "no" },
        ]
    ) { $0.globals.settings }
}
