import PoolerConfig

/// Where log lines go and how many of them: the logging part of the configuration, applied at start and at RELOAD.
struct LogTarget: Sendable, Equatable {
    /// Off under `-q` and in the background.
    var standardError = true

    /// `logfile`: appended to, beside standard error.
    var file: String?

    var syslog: SyslogTarget?

    /// `verbose`: 0 up to LOG, 1 with DEBUG, 2 and 3 with NOISE.
    var verbosity = 0

    /// `log_format`.
    var format = LogFormat.pgbouncer

    init() {}

    /// The configured target.
    ///
    /// - Parameters:
    ///   - standardError: false under `-q` and in the background.
    ///   - verbosity: `verbose`, or what the command line says in its place.
    init(_ settings: Settings, standardError: Bool, verbosity: Int) {
        self.standardError = standardError
        file = settings.logfile.isEmpty ? nil : settings.logfile
        syslog = settings.syslog ? SyslogTarget(ident: settings.syslogIdent, facility: settings.syslogFacility) : nil
        self.verbosity = verbosity
        format = settings.logFormat
    }
}

extension LogTarget {
    /// What the configuration and the command line say together: `-q` keeps standard error out, and the higher of `-v` and
    /// `verbose` counts.
    init(_ settings: Settings, _ options: DaemonOptions) {
        self.init(
            settings, standardError: !options.quiet, verbosity: max(options.verbosity, settings.verbose))
    }
}
