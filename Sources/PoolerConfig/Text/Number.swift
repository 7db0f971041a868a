/// Numbers and lists as configuration files spell them. All of them are total: bad text gives nil, never a trap.
enum Number {
    /// The longest time that a setting may have, in seconds (126 years): nanoseconds of it fit into 64 bits.
    static let longestTime = 4_000_000_000.0

    /// An integer as strtol reads it with base 0.
    static func cInteger(_ text: String) -> Int? {
        var digits = text[...]
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
        var radix = 10
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
            radix = 16
            digits.removeFirst(2)
        } else if digits.hasPrefix("0") {
            radix = 8
        }
        // Int takes a sign of its own, which strtol does not after ours.
        guard let first = digits.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+"),
            let magnitude = Int(digits, radix: radix)
        else { return nil }
        return isNegative ? -magnitude : magnitude
    }

    /// A decimal integer, as in connect strings: a leading 0 means nothing.
    static func decimalInteger(_ text: String) -> Int? {
        Int(text)
    }

    /// A decimal fraction with an optional exponent: 1, 1.5, .25, 1e3. Neither hexadecimal nor infinity nor NaN.
    static func decimal(_ text: String) -> Double? {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
        guard isPlain, text.utf8.count <= 64, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// A time in seconds, to the microsecond, without trailing zeros: "5", "0.25".
    static func seconds(_ time: Duration) -> String {
        let (seconds, attoseconds) = time.components
        let microseconds = attoseconds / 1_000_000_000_000
        guard microseconds != 0 else { return String(seconds) }
        var digits = String(microseconds)
        digits = String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(seconds).\(digits)"
    }

    /// As PgBouncer finds a name in a list: between commas or blanks. What stands between commas is a name as well, so that
    /// one with a blank can be given.
    static func names(_ text: String) -> [String] {
        words(text).flatMap { word in
            let parts = word.utf8.split { Bytes.isBlank($0) }.map { String(Substring($0)) }
            return parts.count == 1 ? parts : [word] + parts
        }
    }

    /// The words between commas, blanks around them cut off, empty ones left out.
    static func words(_ text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: ",")).compactMap { word in
            let trimmed = Bytes.trimmed(word)
            return trimmed.isEmpty ? nil : String(Substring(trimmed))
        }
    }
}
