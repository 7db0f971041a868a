import Glibc

/// Wall-clock times as the console prints them.
enum LocalTime {
    /// "YYYY-MM-DD HH:MM:SS TZ" in the process's time zone.
    ///
    /// - Parameter seconds: since 1970. A time that no calendar year can hold gives an empty text.
    static func text(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = unsafe tm()
        guard unsafe localtime_r(&time, &parts) != nil else { return "" }
        let year = unsafe Int(parts.tm_year) + 1900
        let (month, day) = unsafe (padded(parts.tm_mon + 1), padded(parts.tm_mday))
        let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map(padded).joined(separator: ":")
        let zone = unsafe parts.tm_zone.map { unsafe " " + String(cString: $0) } ?? ""
        return "\(year)-\(month)-\(day) \(clock)\(zone)"
    }

    private static func padded(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
