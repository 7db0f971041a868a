/// Writes values one behind the other, or reads them back. What a record is made of is said once, for both ways
/// (`TakeoverValue.code`), so that the two cannot drift apart.
///
/// What is read comes from a process of the same account; it is checked all the same, since it may be another version's or cut
/// short: no count is believed beyond the bytes that are there.
struct TakeoverCoder {
    /// Written so far, or to be read.
    private(set) var bytes: [UInt8]
    private var cursor = 0
    let isWriting: Bool

    /// Writes.
    init() {
        bytes = []
        isWriting = true
    }

    /// Reads.
    init(reading bytes: [UInt8]) {
        self.bytes = bytes
        isWriting = false
    }

    /// Whether everything has been read.
    var isAtEnd: Bool { cursor == bytes.count }

    /// So many bytes of an integer, the lowest first.
    mutating func integer<Value: FixedWidthInteger>(_ value: inout Value) throws(TakeoverError) {
        let size = MemoryLayout<Value>.size
        if isWriting {
            var rest = value
            for _ in 0..<size {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                rest = size == 1 ? 0 : rest >> 8
            }
            return
        }
        guard bytes.count - cursor >= size else { throw .malformed("it ends too early") }
        var result: Value = 0
        for index in (0..<size).reversed() {
            result = (size == 1 ? 0 : result << 8) | Value(truncatingIfNeeded: bytes[cursor + index])
        }
        cursor += size
        value = result
    }

    /// How many values follow, each of which takes at least a byte.
    mutating func count(_ count: Int) throws(TakeoverError) -> Int {
        var number = UInt32(clamping: count)
        try integer(&number)
        guard isWriting || Int(number) <= bytes.count - cursor else {
            throw .malformed("a list is longer than the whole")
        }
        return Int(number)
    }

    /// A string of bytes with its length.
    mutating func string(_ value: inout [UInt8]) throws(TakeoverError) {
        let length = try count(value.count)
        if isWriting {
            bytes.append(contentsOf: value)
        } else {
            value = Array(bytes[cursor..<cursor + length])
            cursor += length
        }
    }

    mutating func code<Value: TakeoverValue>(_ value: inout Value) throws(TakeoverError) {
        try value.code(&self)
    }

    /// An enum without payload.
    mutating func choice<Value: RawRepresentable>(_ value: inout Value) throws(TakeoverError)
    where Value.RawValue: FixedWidthInteger {
        var raw = value.rawValue
        try integer(&raw)
        guard let read = Value(rawValue: raw) else { throw .malformed("\(raw) is no \(Value.self)") }
        value = read
    }

    /// Which of an enum's cases follows.
    mutating func tag(_ tag: UInt8) throws(TakeoverError) -> UInt8 {
        var tag = tag
        try integer(&tag)
        return tag
    }

    /// An index into a list of `count`, where it is read.
    mutating func index(_ value: inout Int, below count: Int) throws(TakeoverError) {
        try code(&value)
        guard isWriting || (0..<count).contains(value) else { throw .malformed("\(value) names nothing") }
    }
}

/// Something that goes from one process to the next.
protocol TakeoverValue {
    /// What is there before it is read.
    init()

    /// Writes the value, or reads it.
    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError)

    /// A list of them.
    static func codeList(_ list: inout [Self], _ coder: inout TakeoverCoder) throws(TakeoverError)
}

extension TakeoverValue {
    static func codeList(_ list: inout [Self], _ coder: inout TakeoverCoder) throws(TakeoverError) {
        let count = try coder.count(list.count)
        if coder.isWriting {
            for index in list.indices { try list[index].code(&coder) }
            return
        }
        list = []
        for _ in 0..<count {
            var value = Self()
            try value.code(&coder)
            list.append(value)
        }
    }

    /// The value's bytes.
    func encoded() throws(TakeoverError) -> [UInt8] {
        var coder = TakeoverCoder()
        var value = self
        try value.code(&coder)
        return coder.bytes
    }

    /// Reads all of the bytes.
    init(decoding bytes: [UInt8]) throws(TakeoverError) {
        self.init()
        var coder = TakeoverCoder(reading: bytes)
        try code(&coder)
        guard coder.isAtEnd else { throw .malformed("it goes on behind its end") }
    }
}

extension TakeoverValue where Self: FixedWidthInteger {
    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) { try coder.integer(&self) }
}

extension UInt8: TakeoverValue {
    static func codeList(_ list: inout [UInt8], _ coder: inout TakeoverCoder) throws(TakeoverError) {
        try coder.string(&list)
    }
}
extension UInt16: TakeoverValue {}
extension UInt32: TakeoverValue {}
extension UInt64: TakeoverValue {}
extension Int64: TakeoverValue {}
extension Int: TakeoverValue {}

extension Bool: TakeoverValue {
    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        let byte = try coder.tag(self ? 1 : 0)
        guard byte < 2 else { throw .malformed("\(byte) is neither true nor false") }
        self = byte == 1
    }
}

extension String: TakeoverValue {
    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        var bytes = coder.isWriting ? Array(utf8) : []
        try coder.string(&bytes)
        if coder.isWriting { return }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("a text is not UTF-8") }
        self = text
    }
}

extension Optional: TakeoverValue where Wrapped: TakeoverValue {
    init() { self = nil }

    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) {
        var isThere = self != nil
        try isThere.code(&coder)
        guard isThere else {
            self = nil
            return
        }
        var value = self ?? Wrapped()
        try value.code(&coder)
        self = value
    }
}

extension Array: TakeoverValue where Element: TakeoverValue {
    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) { try Element.codeList(&self, &coder) }
}

extension Instant: TakeoverValue {
    init() { self.init(nanoseconds: 0) }

    /// The monotonic clock is the machine's, so all its processes mean the same by it.
    mutating func code(_ coder: inout TakeoverCoder) throws(TakeoverError) { try coder.integer(&nanoseconds) }
}
