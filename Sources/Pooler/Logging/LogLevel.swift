import Logging

extension Logger.Level {
    /// The word that PgBouncer writes for this level.
    var word: String {
        switch self {
        case .critical: "FATAL"
        case .error: "ERROR"
        case .warning: "WARNING"
        case .notice, .info: "LOG"
        case .debug: "DEBUG"
        case .trace: "NOISE"
        }
    }

    /// The least level that `verbose` lets through: 0 stops at LOG, 1 adds DEBUG, 2 and 3 add NOISE.
    init(verbosity: Int) {
        switch verbosity {
        case ...0: self = .info
        case 1: self = .debug
        default: self = .trace
        }
    }
}
