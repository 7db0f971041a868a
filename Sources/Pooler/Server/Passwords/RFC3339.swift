/// Times as RFC 3339 writes them: `2026-01-31T12:00:00Z`, `2026-01-31T12:00:00.5+01:00`.
enum RFC3339 {
    /// The seconds since 1970, fractions cut off; nil for anything else. A leap second counts as the one after it.
    static func secondsSince1970(_ text: some Collection<UInt8>) -> Int64? {
        var rest = Array(text)[...]
        guard let year = number(&rest, 4), take(&rest, "-"), let month = number(&rest, 2), take(&rest, "-"),
            let day = number(&rest, 2), take(&rest, "T") || take(&rest, "t") || take(&rest, " "),
            let hour = number(&rest, 2), take(&rest, ":"), let minute = number(&rest, 2), take(&rest, ":"),
            let second = number(&rest, 2), skipFraction(&rest), let offset = offset(&rest), rest.isEmpty,
            1...12 ~= month, 1...days(in: month, of: year) ~= day, hour < 24, minute < 60, second <= 60
        else { return nil }
        return daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ digits: Int) -> Int64? {
        let part = rest.prefix(digits)
        guard part.count == digits, part.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(digits)
        return part.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func skipFraction(_ rest: inout ArraySlice<UInt8>) -> Bool {
        guard take(&rest, ".") else { return true }
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count)
        return !digits.isEmpty
    }

    /// Seconds east of Greenwich.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if take(&rest, "Z") || take(&rest, "z") { return 0 }
        let sign: Int64
        if take(&rest, "+") { sign = 1 } else if take(&rest, "-") { sign = -1 } else { return nil }
        guard let hours = number(&rest, 2), take(&rest, ":"), let minutes = number(&rest, 2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days of the proleptic Gregorian calendar; the year is counted from March, so that the leap day comes last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let leapDays = shifted / 4 - shifted / 100 + shifted / 400
        return shifted * 365 + leapDays + dayOfYear - 719_468
    }
}
