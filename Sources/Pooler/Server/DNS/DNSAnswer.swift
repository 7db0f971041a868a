/// The records of an answer (RFC 1035, 4.1) that we look at. Whatever a server sends is read without trust: a message that ends too
/// early has what came before.
struct DNSAnswer: Equatable {
    /// Addresses in numeric form.
    private(set) var addresses: [String] = []
    /// The serial of the zone.
    private(set) var serial: UInt32?

    private static let headerSize = 12
    /// More records than any name has.
    private static let recordLimit = 256

    init(_ message: some Collection<UInt8>) {
        var reader = Reader(bytes: Array(message))
        guard reader.bytes.count >= Self.headerSize else { return }
        reader.position = 4
        let questions = reader.uint16() ?? 0
        let answers = reader.uint16() ?? 0
        reader.position = Self.headerSize
        for _ in 0..<min(questions, Self.recordLimit) {
            guard reader.skipName(), reader.skip(4) else { return }
        }
        for _ in 0..<min(answers, Self.recordLimit) {
            guard reader.skipName(), let type = reader.uint16(), reader.skip(6), let length = reader.uint16(),
                let data = reader.part(length)
            else { return }
            take(type: type, data)
        }
    }

    private mutating func take(type: Int, _ data: Reader) {
        var data = data
        switch (type, data.end - data.position) {
        case (Int(DNSQuestion.Kind.a.rawValue), 4):
            addresses.append(data.rest.map { "\($0)" }.joined(separator: "."))
        case (Int(DNSQuestion.Kind.aaaa.rawValue), 16):
            let bytes = Array(data.rest)
            let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
            addresses.append(groups.map { String($0, radix: 16) }.joined(separator: ":"))
        case (Int(DNSQuestion.Kind.soa.rawValue), _):
            guard data.skipName(), data.skipName(), let high = data.uint16(), let low = data.uint16() else { return }
            serial = UInt32(high) << 16 | UInt32(low)
        default:
            break
        }
    }

    /// Walks the bytes of a message, or of a part of it.
    private struct Reader {
        let bytes: [UInt8]
        var position = 0
        /// Nothing is read from here on.
        var end: Int

        init(bytes: [UInt8]) {
            self.bytes = bytes
            end = bytes.count
        }

        var rest: ArraySlice<UInt8> { bytes[position..<end] }

        mutating func skip(_ count: Int) -> Bool {
            guard end - position >= count else { return false }
            position += count
            return true
        }

        mutating func uint16() -> Int? {
            guard end - position >= 2 else { return nil }
            defer { position += 2 }
            return Int(bytes[position]) << 8 | Int(bytes[position + 1])
        }

        /// The next bytes as a reader of their own.
        mutating func part(_ length: Int) -> Reader? {
            guard end - position >= length else { return nil }
            var part = self
            part.end = position + length
            position += length
            return part
        }

        /// A name: labels up to an empty one, or up to a pointer to where it goes on.
        mutating func skipName() -> Bool {
            while position < end {
                let length = Int(bytes[position])
                if length >= 0xC0 { return skip(2) }
                guard skip(1 + length) else { return false }
                if length == 0 { return true }
            }
            return false
        }
    }
}
