extension ShowTable {
    /// SHOW VERSION: one row.
    static let version = ShowTable("VERSION", columns: [.text("version") { $0 }]) { [$0.globals.versionText] }
}
