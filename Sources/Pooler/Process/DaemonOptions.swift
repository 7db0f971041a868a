/// What the command line says about how to run.
public struct DaemonOptions: Sendable, Equatable {
    /// The configuration file, relative to the working directory.
    public var configurationFile: String

    /// `-d`: run in the background.
    public var daemon = false

    /// `-q`: do not log to standard error.
    public var quiet = false

    /// `-R`: take over from the running process.
    public var reboot = false

    /// `-u`: the account to switch to, before the setting `user`.
    public var user: String?

    /// How often `-v` was given.
    public var verbosity = 0

    /// The options of a plain start.
    public init(configurationFile: String) {
        self.configurationFile = configurationFile
    }
}
