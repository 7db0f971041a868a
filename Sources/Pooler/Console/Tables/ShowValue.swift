/// One field of a SHOW's row.
enum ShowValue: Equatable, Sendable {
    case null
    case text(String)
    /// Printed in full; in the binary format, what does not fit 4 bytes becomes the nearest number that does.
    case int4(Int)
    case int8(Int64)
    case numeric(UInt64)
}

/// The type of a SHOW's column; the raw value is its OID in Postgres.
enum ShowType: Int32, Sendable {
    case bytea = 17
    case int8 = 20
    case int4 = 23
    case text = 25
    case numeric = 1700

    /// RowDescription's type size, -1 for a variable one.
    var size: Int16 {
        switch self {
        case .int8: 8
        case .int4: 4
        case .text, .numeric, .bytea: -1
        }
    }
}

/// How a field is written (Bind's format codes).
enum ShowFormat: Int16, Sendable {
    case text = 0
    case binary = 1
}

extension ShowValue {
    /// The field without its length; nil is NULL.
    func encoded(_ format: ShowFormat) -> [UInt8]? {
        switch (self, format) {
        case (.null, _): nil
        case (.text(let text), _): Array(text.utf8)
        case (.int4(let number), .text): Array(String(number).utf8)
        case (.int8(let number), .text): Array(String(number).utf8)
        case (.numeric(let number), .text): Array(String(number).utf8)
        case (.int4(let number), .binary): Self.bigEndian(UInt64(bitPattern: Int64(Int32(clamping: number))), bytes: 4)
        case (.int8(let number), .binary): Self.bigEndian(UInt64(bitPattern: number), bytes: 8)
        case (.numeric(let number), .binary): Self.binaryNumeric(number)
        }
    }

    private static func bigEndian(_ bits: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
    }

    /// Postgres's `numeric_send`: count of digits, weight of the first, sign, scale, then digits to the base 10,000.
    private static func binaryNumeric(_ number: UInt64) -> [UInt8] {
        var digits: [UInt64] = []
        var rest = number
        while rest > 0 {
            digits.append(rest % 10_000)
            rest /= 10_000
        }
        let weight = max(digits.count - 1, 0)
        let significant = digits.drop { $0 == 0 }.reversed()
        let words = [UInt64(significant.count), UInt64(weight), 0, 0] + significant
        return words.flatMap { bigEndian($0, bytes: 2) }
    }
}
