/// An IPv4 or IPv6 address, without port or zone.
public enum IPAddress: Sendable, Hashable {
    /// The four bytes, the first one highest.
    case v4(UInt32)
    /// The sixteen bytes, the first one highest.
    case v6(UInt128)

    /// An IPv6 address of 16 bytes; one that only maps an IPv4 address (::ffff:a.b.c.d) becomes that address, so that
    /// rules about it hold however the client came in.
    public init(mappedV6 bits: UInt128) {
        self = bits >> 32 == 0xffff ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits)
    }

    /// Reads the usual text forms (RFC 4291, section 2.2), without a zone; nil if it is none.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8.prefix(64))
        if bytes.contains(UInt8(ascii: ":")) {
            guard let bits = Self.v6Bits(bytes) else { return nil }
            self = .v6(bits)
        } else {
            guard let bits = Self.v4Bits(bytes[...]) else { return nil }
            self = .v4(bits)
        }
    }

    private static func v4Bits(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), let value = digits(part, radix: 10), value <= 255 else { return nil }
            bits = bits << 8 | value
        }
        return bits
    }

    private static func v6Bits(_ bytes: [UInt8]) -> UInt128? {
        var groups: [UInt32] = []
        var gap: Int?
        var rest = bytes[...]
        if rest.starts(with: [0x3a, 0x3a]) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
            let part = rest[rest.startIndex..<end]
            if part.contains(UInt8(ascii: ".")) {
                guard end == rest.endIndex, let bits = v4Bits(part) else { return nil }
                groups += [bits >> 16, bits & 0xffff]
                break
            }
            guard (1...4).contains(part.count), let value = digits(part, radix: 16) else { return nil }
            groups.append(value)
            guard end < rest.endIndex else { break }
            rest = rest[(end + 1)...]
            if rest.first == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        return groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    private static func digits(_ bytes: ArraySlice<UInt8>, radix: UInt32) -> UInt32? {
        var value: UInt32 = 0
        for byte in bytes {
            let digit: UInt32
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt32(byte - UInt8(ascii: "a")) + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt32(byte - UInt8(ascii: "A")) + 10
            default: return nil
            }
            guard digit < radix else { return nil }
            value = value * radix + digit
        }
        return value
    }
}
