/// Network byte order reads. Every read is checked against the span's bounds.
extension RawSpan {
    /// The byte at `offset`.
    @inline(__always)
    func uint8(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The 16-bit big-endian integer at `offset`.
    @inline(__always)
    func uint16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// The 32-bit big-endian integer at `offset`.
    @inline(__always)
    func uint32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The part of the span that `range` names.
    @inline(__always)
    @_lifetime(copy self)
    func slice(_ range: Range<Int>) -> RawSpan {
        extracting(range)
    }

    /// The bytes as an array, for what leaves the data path.
    func array() -> [UInt8] {
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// Where the zero byte lies that ends the C string which starts at `offset`; nil where there is none.
    func endOfCString(from offset: Int) -> Int? {
        var cursor = offset
        while cursor < byteCount {
            if uint8(at: cursor) == 0 { return cursor }
            cursor += 1
        }
        return nil
    }

    /// The zero-terminated string at `cursor`, which moves behind its terminator; nil where there is none.
    func cString(at cursor: inout Int) -> String? {
        guard let end = endOfCString(from: cursor) else { return nil }
        defer { cursor = end + 1 }
        return unsafe slice(cursor..<end).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the bytes are exactly those of an ASCII literal.
    func equals(_ literal: StaticString) -> Bool {
        guard literal.utf8CodeUnitCount == byteCount else { return false }
        return hasPrefix(literal)
    }

    /// Whether the bytes begin with those of an ASCII literal.
    func hasPrefix(_ literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard count <= byteCount else { return false }
        for offset in 0..<count where unsafe literal.utf8Start[offset] != uint8(at: offset) { return false }
        return true
    }
}
