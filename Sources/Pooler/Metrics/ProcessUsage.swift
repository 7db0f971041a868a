import Glibc

/// What the kernel counts of this process, under the names that Prometheus's own libraries use.
struct ProcessUsage: Sendable {
    /// CPU time of all threads, in seconds.
    let cpuTime: Duration
    let residentBytes: UInt64
    let virtualBytes: UInt64
    let openDescriptors: Int
    let descriptorLimit: UInt64

    /// As of now. Reads files of /proc.
    static func now() -> ProcessUsage {
        let pages = words(of: "/proc/self/statm").prefix(2).map { UInt64($0) ?? 0 }
        let pageSize = UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
        return ProcessUsage(
            cpuTime: cpuTime(CLOCK_PROCESS_CPUTIME_ID), residentBytes: (pages.last ?? 0) &* pageSize,
            virtualBytes: (pages.first ?? 0) &* pageSize, openDescriptors: countDescriptors(),
            descriptorLimit: DescriptorLimit.current.soft)
    }

    /// CPU time of the thread that asks.
    static func threadTime() -> Duration { cpuTime(CLOCK_THREAD_CPUTIME_ID) }

    private static func cpuTime(_ clock: Int32) -> Duration {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func words(of path: String) -> [String] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        let file = FileDescriptor(descriptor)
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file.number, $0.baseAddress, $0.count) }
        return bytes.prefix(max(0, count)).split(separator: UInt8(ascii: " ")).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private static func countDescriptors() -> Int {
        guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Not `.`, `..` and the directory itself.
        return max(0, count - 3)
    }
}
