/// What this version can do of the values whose silent neglect would be unsafe. The others are refused, in a file and
/// by SET alike. (A whole setting that has no effect yet says so in its `SettingDefinition`, and only draws a warning.)
enum Implementation {
    static let authTypes: Set<AuthType> = [.any, .trust, .plain, .md5, .scramSHA256, .cert, .hba]
    /// Cancel requests for other processes: an entry of [peers] draws a warning.
    static let hasPeers = false
}
