import Glibc

/// What /proc tells of a process.
public struct ProcessFigures: Sendable {
    private let status: String
    private let stat: String
    private let descriptors: Int

    init(pid: pid_t) {
        status = readFile("/proc/\(pid)/status")
        stat = readFile("/proc/\(pid)/stat")
        descriptors = Self.entries("/proc/\(pid)/fd").count
        isStopped = Self.entries("/proc/\(pid)/task").allSatisfy { thread in
            readFile("/proc/\(pid)/task/\(thread)/stat").split(separator: ")").last?.hasPrefix(" T") ?? false
        }
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

    /// Whether every thread of it was stopped by a signal.
    public let isStopped: Bool

    /// Whether any process of this group runs; the dead whom nobody has reaped yet do not count.
    public static func anyRuns(inGroup group: pid_t) -> Bool {
        entries("/proc").contains { entry in
            guard let process = pid_t(entry) else { return false }
            let fields = readFile("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 2 && fields[0] != "Z" && pid_t(fields[2]) == group
        }
    }

    private static func entries(_ path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
