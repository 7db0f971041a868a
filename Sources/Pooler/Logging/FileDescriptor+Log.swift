import Glibc

extension FileDescriptor {
    /// Opens a log file for appending, and makes it if it is not there.
    static func log(path: String) throws(LogFileError) -> FileDescriptor {
        let number = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o644)
        if number < 0 { throw LogFileError(path: path, reason: .last) }
        return FileDescriptor(number)
    }
}

/// The log file cannot be opened.
struct LogFileError: Error, Equatable, CustomStringConvertible {
    var path: String
    var reason: Errno

    var description: String { "Cannot open logfile: '\(path)': \(reason)" }
}
