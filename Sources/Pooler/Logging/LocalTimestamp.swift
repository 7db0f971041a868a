import Glibc

/// Writes `YYYY-MM-DD HH:MM:SS.mmm TZ` in the process's time zone, and asks the C library for it once per second only.
struct LocalTimestamp: Sendable {
    private var second: time_t?
    private var date: [UInt8] = []
    private var zone: [UInt8] = []

    mutating func append(_ time: timespec, to line: inout [UInt8]) {
        if second != time.tv_sec { renew(time.tv_sec) }
        line += date
        line.appendDecimal(time.tv_nsec / 1_000_000, digits: 3)
        line += zone
    }

    private mutating func renew(_ seconds: time_t) {
        var seconds = seconds
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        second = seconds
        date.removeAll(keepingCapacity: true)
        unsafe date.appendDecimal(parts.tm_year + 1900, digits: 4)
        let rest = unsafe [
            ("-", parts.tm_mon + 1), ("-", parts.tm_mday), (" ", parts.tm_hour), (":", parts.tm_min),
            (":", parts.tm_sec),
        ]
        for (separator, value) in rest {
            date += separator.utf8
            date.appendDecimal(value, digits: 2)
        }
        date += ".".utf8
        zone.removeAll(keepingCapacity: true)
        zone += " ".utf8
        if let name = unsafe parts.tm_zone { zone += unsafe String(cString: name).utf8 }
    }
}

extension [UInt8] {
    /// A number in decimal, with leading zeros up to `digits`; one below zero is written as zero.
    mutating func appendDecimal(_ value: some BinaryInteger, digits: Int = 1) {
        var rest = UInt(clamping: value)
        let start = count
        while rest > 0 || count - start < digits {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        self[start...].reverse()
    }
}
