extension ShowTable {
    /// SHOW STATE: three rows, one of which says yes.
    static let state = ShowTable(
        "STATE",
        columns: [
            .text("key") { $0.mode.rawValue },
            .text("value") { $0.isOn ? "yes" : "no" },
        ]
    ) { report in
        PoolerCondition.Mode.allCases.map { (mode: $0, isOn: $0 == report.globals.mode) }
    }
}
