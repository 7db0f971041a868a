/// What this version cannot do yet beside settings. (A setting that has no effect yet says so in its `SettingDefinition`,
/// and only draws a warning.)
enum Implementation {
    /// Cancel requests for other processes: an entry of [peers] draws a warning.
    static let hasPeers = false
}
