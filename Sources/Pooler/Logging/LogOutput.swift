import Glibc
import Logging
import Synchronization

/// Writes log lines to standard error, a file and syslog, from any thread: one write(2) per line and sink, so lines
/// never mix.
///
/// Writing blocks, as in every daemon that logs to a pipe: who reads our standard error must keep reading it.
final class LogOutput: Sendable {
    /// The process's log. Until it is configured it writes to standard error, up to LOG.
    static let process = LogOutput()

    /// A logger that writes here.
    var logger: Logger { Logger(label: "pgvalet") { _ in PoolerLogHandler(output: self) } }

    /// The least level that is written. A relaxed load: the price of a message that is switched off.
    var minimumLevel: Logger.Level { Logger.Level(verbosity: verbosity.load(ordering: .relaxed)) }

    private struct Sinks: ~Copyable {
        var line = LogLine()
        var target = LogTarget()
        var file: FileDescriptor?
        var syslog: Syslog?
    }

    private let sinks = Mutex(Sinks())
    private let verbosity = Atomic(0)
    private let standardError: Int32
    /// Whether standard error is the service manager's journal.
    let isJournal: Bool

    /// - Parameters:
    ///   - standardError: the descriptor that stands for standard error.
    ///   - journal: the stream that the service manager announced; lines take the journal's form when it is that one.
    init(standardError: Int32 = STDERR_FILENO, journal: JournalStream? = .announced) {
        tzset()
        self.standardError = standardError
        isJournal = journal?.isBehind(standardError) ?? false
    }

    /// Opens the sinks of `target` and closes the others; the file is opened anew even when its name stays, so that a
    /// rotated one is let go. When it cannot be opened everything stays as it was.
    func configure(_ target: LogTarget) throws(LogFileError) {
        let file: FileDescriptor? =
            if let path = target.file { try .log(path: path) } else { nil }
        replaceSinks(target, file: file)
    }

    /// Opens the log file anew, after a rotation.
    func reopen() throws(LogFileError) {
        try configure(sinks.withLock { $0.target })
    }

    /// Writes one line to every sink, whatever its level.
    func write(_ level: Logger.Level, _ message: String, about subject: LogSubject? = nil) {
        sinks.withLock { sinks in
            var now = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &now)
            switch sinks.target.format {
            case .pgbouncer:
                sinks.line.set(level, subject.map { "\($0)\(message)" } ?? message, at: now, pid: getpid())
            case .json:
                sinks.line.setJSON(level, message, about: subject, at: now, pid: getpid())
            }
            if sinks.target.standardError, !isJournal { sinks.line.write(to: standardError) }
            if let file = sinks.file?.number { sinks.line.write(to: file) }
            sinks.syslog?.write(level, sinks.line.message)
            if sinks.target.standardError, isJournal {
                sinks.line.stampForJournal(level)
                sinks.line.write(to: standardError)
            }
        }
    }

    private func replaceSinks(_ target: LogTarget, file: consuming FileDescriptor?) {
        var file = file.take()
        sinks.withLock { sinks in
            sinks.file = file.take()
            if sinks.target.syslog != target.syslog {
                // The old connection first: closelog(3) would take the new one down with it.
                sinks.syslog = nil
                sinks.syslog = target.syslog.map { Syslog($0) }
            }
            sinks.target = target
        }
        verbosity.store(target.verbosity, ordering: .relaxed)
    }
}

extension LogLine {
    /// A line that cannot be written whole (no reader, no space) is lost: there is nobody to tell.
    fileprivate func write(to descriptor: Int32) {
        unsafe bytes.withUnsafeBytes { line in
            while unsafe Glibc.write(descriptor, line.baseAddress, line.count) < 0, errno == EINTR {}
        }
    }
}
