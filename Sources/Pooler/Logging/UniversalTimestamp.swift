import Glibc

/// Writes `YYYY-MM-DDTHH:MM:SS.mmmZ` (RFC 3339), and asks the C library for the date once per second only.
struct UniversalTimestamp: Sendable {
    private var second: time_t?
    private var date: [UInt8] = []

    mutating func append(_ time: timespec, to line: inout [UInt8]) {
        if second != time.tv_sec { renew(time.tv_sec) }
        line += date
        line.appendDecimal(time.tv_nsec / 1_000_000, digits: 3)
        line.append(UInt8(ascii: "Z"))
    }

    private mutating func renew(_ seconds: time_t) {
        var seconds = seconds
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        second = seconds
        date.removeAll(keepingCapacity: true)
        unsafe date.appendDecimal(parts.tm_year + 1900, digits: 4)
        let rest = unsafe [
            ("-", parts.tm_mon + 1), ("-", parts.tm_mday), ("T", parts.tm_hour), (":", parts.tm_min),
            (":", parts.tm_sec),
        ]
        for (separator, value) in rest {
            date += separator.utf8
            date.appendDecimal(value, digits: 2)
        }
        date += ".".utf8
    }
}
