import CLinux
import Glibc
import Logging
import PoolerConfig

/// `syslog_ident` and `syslog_facility`.
struct SyslogTarget: Sendable, Equatable {
    var ident: String
    var facility: SyslogFacility
}

extension SyslogFacility {
    /// The facility's code as openlog(3) takes it: RFC 5424's number, shifted past the severity.
    var code: Int32 {
        let number: Int32 =
            switch self {
            case .user: 1
            case .daemon: 3
            case .auth: 4
            case .authpriv: 10
            case .local0: 16
            case .local1: 17
            case .local2: 18
            case .local3: 19
            case .local4: 20
            case .local5: 21
            case .local6: 22
            case .local7: 23
            }
        return number << 3
    }
}

/// The process's connection to syslog. There can be only one at a time: openlog(3) keeps its state in the C library.
@safe struct Syslog: ~Copyable {
    /// openlog(3) keeps the pointer, so the name lives as long as the connection.
    private let ident: UnsafeMutablePointer<CChar>?

    init(_ target: SyslogTarget) {
        unsafe ident = strdup(target.ident)
        unsafe openlog(ident, LOG_PID, target.facility.code)
    }

    deinit {
        closelog()
        unsafe free(ident)
    }

    func write(_ level: Logger.Level, _ message: ArraySlice<UInt8>) {
        guard let priority = level.syslogPriority else { return }
        unsafe message.withUnsafeBufferPointer { text in
            unsafe text.withMemoryRebound(to: CChar.self) { text in
                unsafe clinux_syslog(priority, text.baseAddress, Int32(text.count))
            }
        }
    }
}

extension Logger.Level {
    /// The severity that PgBouncer gives a level; debug levels are not sent.
    var syslogPriority: Int32? {
        switch self {
        case .critical: LOG_CRIT
        case .error: LOG_ERR
        case .warning: LOG_WARNING
        case .notice, .info: LOG_INFO
        case .debug, .trace: nil
        }
    }

    /// The same severity for the journal, which takes debug levels too.
    var journalPriority: Int32 { syslogPriority ?? LOG_DEBUG }
}
