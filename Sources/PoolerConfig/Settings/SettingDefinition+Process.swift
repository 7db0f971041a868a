extension SettingDefinition {
    /// The daemon itself.
    static let process: [SettingDefinition] = [
        SettingDefinition(
            "user", \.user, .optionalText, default: nil, isChangeable: false, since: "1.2",
            "Unix account that the daemon changes to at start; needed when it is started as root."
        ),
        SettingDefinition(
            "pidfile", \.pidfile, .path, default: "", isChangeable: false, since: "<=1.0",
            "File that holds the process id while the daemon runs; needed for `-d`."
        ),
        SettingDefinition(
            "conffile", \.conffile, .optionalPath, default: nil, since: "<=1.0",
            "The configuration file; another name here is read by the next RELOAD."
        ),
        SettingDefinition(
            "job_name", \.jobName, .text, default: "pgbouncer", isChangeable: false, since: "<=1.0",
            "Name of PgBouncer's service on Windows; means nothing here."
        ),
        SettingDefinition(
            "peer_id", \.peerId, .integer(0...65535), default: "0", since: "1.19",
            "This process's number among its [peers]; 0 is no peering."
        ),
    ]
}
