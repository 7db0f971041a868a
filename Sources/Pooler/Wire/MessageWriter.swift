/// Builds whole protocol messages in memory, for everything off the data path: logins, the console, errors.
struct MessageWriter: Sendable {
    /// The messages written so far, ready to be sent.
    private(set) var bytes: [UInt8] = []

    init() {}

    /// With room for so many bytes.
    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Writes one message: type byte, length (filled in afterwards), and the body that the closure appends.
    mutating func message(_ type: BackendMessageType, _ body: (inout MessageWriter) -> Void = { _ in }) {
        message(typeByte: type.rawValue, body)
    }

    /// As above, for what we say to a server as its client.
    mutating func message(_ type: FrontendMessageType, _ body: (inout MessageWriter) -> Void = { _ in }) {
        message(typeByte: type.rawValue, body)
    }

    /// A message without a type byte: StartupMessage, SSLRequest, CancelRequest.
    mutating func untypedMessage(_ body: (inout MessageWriter) -> Void) {
        framed(body)
    }

    mutating func uint8(_ value: UInt8) { bytes.append(value) }

    mutating func int16(_ value: Int16) {
        let bits = UInt16(bitPattern: value)
        bytes.append(UInt8(bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits))
    }

    mutating func int32(_ value: Int32) { uint32(UInt32(bitPattern: value)) }

    mutating func uint32(_ value: UInt32) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 24))
        bytes.append(UInt8(truncatingIfNeeded: value >> 16))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    /// A zero-terminated string. A NUL inside would end it early for the reader, so what follows one is dropped.
    mutating func cString(_ value: String) {
        let text = value.utf8.span
        for index in text.indices {
            if text[index] == 0 { break }
            bytes.append(text[index])
        }
        bytes.append(0)
    }

    mutating func cString(_ value: some Sequence<UInt8>) {
        for byte in value {
            if byte == 0 { break }
            bytes.append(byte)
        }
        bytes.append(0)
    }

    mutating func raw(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    private mutating func message(typeByte: UInt8, _ body: (inout MessageWriter) -> Void) {
        bytes.append(typeByte)
        framed(body)
    }

    private mutating func framed(_ body: (inout MessageWriter) -> Void) {
        let start = bytes.count
        uint32(0)
        body(&self)
        let length = UInt32(bytes.count - start)
        bytes[start] = UInt8(truncatingIfNeeded: length >> 24)
        bytes[start + 1] = UInt8(truncatingIfNeeded: length >> 16)
        bytes[start + 2] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[start + 3] = UInt8(truncatingIfNeeded: length)
    }
}
