@_spi(_Unicode) import Swift

extension String {
    /// Whether comparing it as a String is comparing it byte by byte, with others of which the same holds: it is in Unicode
    /// normalization form C (UAX #15), and came from valid UTF-8.
    ///
    /// Postgres compares names byte by byte, and Swift by canonical equivalence: `caf\u{e9}` and `cafe\u{301}` are two roles
    /// there and one key here. So names from the wire are taken only if they cannot be mistaken for another.
    public var isUnambiguousName: Bool {
        if utf8.allSatisfy({ $0 < 0x80 }) { return true }
        return unicodeScalars.elementsEqual(_nfc) && !unicodeScalars.contains("\u{fffd}")
    }
}
