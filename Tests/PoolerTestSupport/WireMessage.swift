/// A protocol message made or taken apart by hand (PostgreSQL manual, "Message Formats").
public struct WireMessage: Equatable, Sendable, CustomStringConvertible {
    /// The type byte.
    public let type: Character
    /// What follows the length.
    public let body: [UInt8]

    /// A message of any kind.
    public init(_ type: Character, _ body: [UInt8] = []) {
        self.type = type
        self.body = body
    }

    /// A message whose body is made of parts.
    public init(_ type: Character, _ parts: [UInt8]...) { self.init(type, parts.flatMap { $0 }) }

    /// Query.
    public static func query(_ sql: String) -> Self { Self("Q", cString(sql)) }

    /// Parse without parameter types.
    public static func parse(_ name: String, _ sql: String) -> Self { Self("P", cString(name), cString(sql), int16(0)) }

    /// Bind of text parameters to the unnamed portal.
    public static func bind(_ statement: String, _ parameters: [String] = []) -> Self {
        let values = parameters.flatMap { int32(Int32($0.utf8.count)) + Array($0.utf8) }
        return Self("B", cString(""), cString(statement), int16(0), int16(Int16(parameters.count)), values, int16(0))
    }

    /// Execute of the unnamed portal; 0 is all rows.
    public static func execute(rows: Int32 = 0) -> Self { Self("E", cString(""), int32(rows)) }

    /// Describe of the unnamed portal.
    public static let describePortal = Self("D", [UInt8(ascii: "P"), 0])
    /// Sync.
    public static let sync = Self("S")
    /// Flush.
    public static let flush = Self("H")
    /// Terminate.
    public static let terminate = Self("X")

    /// An unnamed statement from Parse to Execute, without Sync.
    public static func statement(_ sql: String, _ parameters: [String] = []) -> [Self] {
        [parse("", sql), bind("", parameters), describePortal, execute()]
    }

    /// The bytes on the wire.
    public var bytes: [UInt8] { [type.asciiValue ?? 0] + int32(Int32(body.count + 4)) + body }

    /// An ErrorResponse's or NoticeResponse's fields.
    public var error: PostgresError { PostgresError(fields: body) }

    /// The body's zero-terminated strings: ParameterStatus, CommandComplete.
    public var strings: [String] { body.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }

    /// The values of a DataRow.
    public var values: [String?] {
        var rest = body.dropFirst(2)
        var values: [String?] = []
        while rest.count >= 4 {
            let length = readInt32(rest)
            rest = rest.dropFirst(4)
            values.append(length < 0 ? nil : String(decoding: rest.prefix(Int(length)), as: UTF8.self))
            rest = rest.dropFirst(max(Int(length), 0))
        }
        return values
    }

    /// For people.
    public var description: String {
        type == "E" || type == "N" ? "\(type)(\(error))" : "\(type)(\(body.count) bytes)"
    }
}

/// A zero-terminated string.
public func cString(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

/// Sixteen bits, big-endian.
public func int16(_ value: Int16) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
}

/// Thirty-two bits, big-endian.
public func int32(_ value: Int32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> Int32($0)) }
}

func readInt32(_ bytes: some Collection<UInt8>) -> Int32 {
    bytes.prefix(4).reduce(0) { $0 << 8 | Int32($1) }
}

/// A StartupMessage; protocol 3.0 unless told otherwise.
public func startupPacket(_ parameters: [(String, String)], version: Int32 = 0x0003_0000) -> [UInt8] {
    untyped(version, parameters.flatMap { cString($0.0) + cString($0.1) } + [0])
}

/// A message without a type byte: length, code, body.
public func untyped(_ code: Int32, _ body: [UInt8] = []) -> [UInt8] {
    int32(Int32(body.count + 8)) + int32(code) + body
}

/// The codes of messages that take the place of a StartupMessage.
public enum RequestCode {
    /// CancelRequest.
    public static let cancel: Int32 = 80_877_102
    /// SSLRequest.
    public static let ssl: Int32 = 80_877_103
    /// GSSENCRequest.
    public static let gss: Int32 = 80_877_104
}
