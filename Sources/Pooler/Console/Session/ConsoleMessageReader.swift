/// Reads the fields of a message's body from its front. Every read fails with nil at the end of the body.
struct ConsoleMessageReader {
    private var rest: ArraySlice<UInt8>

    init(_ body: [UInt8]) { rest = ArraySlice(body) }

    var isAtEnd: Bool { rest.isEmpty }

    /// A zero-terminated string. What is not UTF-8 is repaired: it can name nothing that exists.
    mutating func cString() -> String? {
        guard let end = rest.firstIndex(of: 0) else { return nil }
        let text = String(decoding: rest[..<end], as: UTF8.self)
        rest = rest[end...].dropFirst()
        return text
    }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func int16() -> Int16? {
        guard let bytes = take(2) else { return nil }
        return Int16(bitPattern: bytes.reduce(0) { $0 << 8 | UInt16($1) })
    }

    mutating func int32() -> Int32? {
        guard let bytes = take(4) else { return nil }
        return Int32(bitPattern: bytes.reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// A count of 16 bits, and as many 16-bit numbers.
    mutating func int16List() -> [Int16]? {
        guard let count = int16(), count >= 0, Int(count) * 2 <= rest.count else { return nil }
        return (0..<count).compactMap { _ in int16() }
    }

    /// A count of 16 bits, and as many values, each with its length (-1 is NULL). Gives the count.
    mutating func skipValues() -> Int? {
        guard let count = int16(), count >= 0 else { return nil }
        for _ in 0..<count {
            guard let length = int32(), length >= -1, take(Int(max(length, 0))) != nil else { return nil }
        }
        return Int(count)
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
