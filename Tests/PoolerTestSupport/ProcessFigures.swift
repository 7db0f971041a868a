import Glibc

/// What /proc tells of a process.
public struct ProcessFigures: Sendable {
    private let status: String
    private let stat: String
    private let descriptors: Int

    init(pid: pid_t) {
        status = readFile("/proc/\(pid)/status")
        stat = readFile("/proc/\(pid)/stat")
        descriptors = Self.countEntries("/proc/\(pid)/fd")
    }

    /// Resident memory now, in bytes.
    public var residentMemory: Int { kilobytes("VmRSS:") * 1024 }

    /// The most resident memory that it ever had, in bytes.
    public var peakMemory: Int { kilobytes("VmHWM:") * 1024 }

    /// How many files and sockets it has open.
    public var openDescriptors: Int { descriptors }

    /// User and system time so far.
    public var processorTime: Duration {
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else { return .zero }
        return .milliseconds((user + system) * 1000 / sysconf(Int32(_SC_CLK_TCK)))
    }

    private func kilobytes(_ key: String) -> Int {
        for line in status.split(separator: "\n") where line.hasPrefix(key) {
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0
        }
        return 0
    }

    private static func countEntries(_ path: String) -> Int {
        guard let directory = unsafe opendir(path) else { return 0 }
        defer { unsafe closedir(directory) }
        var count = -2  // . and ..
        while unsafe readdir(directory) != nil { count += 1 }
        return count
    }
}
