import Glibc

/// A message to the service manager (sd_notify(3)): one datagram of `NAME=value` lines.
enum ServiceManagerMessage: Equatable, Sendable {
    /// The listeners are open, or a reload is over, whatever came of it. The process number is given when it is not the
    /// one that was started, so in the background.
    case ready(mainProcess: pid_t?)

    /// Another process is the service from now on.
    case mainProcess(pid_t)

    /// SIGHUP has come. The time lets `Type=notify-reload` tell this reload from an earlier one.
    case reloading(Instant)

    /// A signal has told us to end.
    case stopping

    /// One line for people, as `systemctl status` shows it.
    case status(String)

    /// The datagram.
    var text: String {
        switch self {
        case .ready(nil): "READY=1"
        case .ready(let process?): "READY=1\nMAINPID=\(process)"
        case .mainProcess(let process): "MAINPID=\(process)"
        case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time.nanoseconds / 1000)"
        case .stopping: "STOPPING=1"
        // A newline would start a message of its own.
        case .status(let line): "STATUS=" + line.split(whereSeparator: \.isNewline).joined(separator: " ")
        }
    }
}
