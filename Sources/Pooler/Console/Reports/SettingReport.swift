/// One `[pgbouncer]` setting: a row of SHOW CONFIG.
struct SettingReport: Sendable {
    var key: String
    /// nil when it is not set.
    var value: String?
    /// nil when there is none.
    var defaultValue: String?
    /// Whether RELOAD or SET can change it.
    var isChangeable: Bool
}
