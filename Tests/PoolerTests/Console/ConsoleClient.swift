@testable import Pooler

/// A message as a client of the console reads it.
struct ConsoleMessage: Equatable, CustomStringConvertible {
    let type: Character
    let body: [UInt8]

    /// The messages in a stream; nil when the stream ends inside one.
    static func all(in bytes: [UInt8]) -> [ConsoleMessage]? {
        var messages: [ConsoleMessage] = []
        var rest = bytes[...]
        while let type = rest.popFirst() {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard length >= 4, rest.count >= length else { return nil }
            messages.append(
                ConsoleMessage(type: Character(Unicode.Scalar(type)), body: Array(rest.prefix(length).dropFirst(4))))
            rest = rest.dropFirst(length)
        }
        return messages
    }

    /// Of an ErrorResponse or NoticeResponse.
    var fields: [Character: String] {
        var fields: [Character: String] = [:]
        for field in body.split(separator: 0) {
            guard let key = field.first else { continue }
            fields[Character(Unicode.Scalar(key))] = String(decoding: field.dropFirst(), as: UTF8.self)
        }
        return fields
    }

    /// Of a DataRow.
    var values: [String?] {
        var reader = ConsoleMessageReader(body)
        return (0..<(reader.int16() ?? 0)).map { _ in
            guard let length = reader.int32(), length >= 0 else { return nil }
            return String(decoding: (0..<length).compactMap { _ in reader.byte() }, as: UTF8.self)
        }
    }

    /// What a test compares: `C SHOW`, `E ERROR 08P01 text`, `N SET ignored`, `Z`, `D a|b`.
    var description: String {
        switch type {
        case "C": "C " + String(decoding: body.dropLast(), as: UTF8.self)
        case "E": "E \(fields["S"] ?? "-") \(fields["C"] ?? "-") \(fields["M"] ?? "-")"
        case "N": "N " + (fields["M"] ?? "-")
        case "D": "D " + values.map { $0 ?? "NULL" }.joined(separator: "|")
        default: String(type)
        }
    }
}

/// Drives a session, and runs what it asks for at once unless told to hold it.
struct ConsoleClient {
    var session: ConsoleSession
    var report = PoolerReport(workers: [], globals: .init(versionText: "PgBouncer 1.25.2"))
    var result = ConsoleEffectResult.done()
    /// Leaves reports and effects unanswered.
    var holds = false
    private(set) var received: [UInt8] = []
    private(set) var effects: [ConsoleEffect] = []
    /// What the shell was told of refusals.
    private(set) var refusals: [ConsoleError] = []
    private(set) var closeReason: ConsoleCloseReason?
    private(set) var cancels = 0

    init(_ role: ConsoleRole = .admin) { session = ConsoleSession(role: role) }

    /// What was received since the last call.
    mutating func answers() -> [String] {
        defer { received = [] }
        return (ConsoleMessage.all(in: received) ?? []).map(\.description)
    }

    mutating func messages() -> [ConsoleMessage] {
        defer { received = [] }
        return ConsoleMessage.all(in: received) ?? []
    }

    mutating func send(_ type: Character, _ body: [UInt8] = []) {
        let raw = FrontendMessageType(rawValue: type.asciiValue ?? 0)
        act(unsafe session.messageReceived(type: raw, body: body.span.bytes))
    }

    mutating func query(_ text: String) -> [String] {
        send("Q", Self.strings(text))
        return answers()
    }

    mutating func complete(_ result: ConsoleEffectResult) { act(session.effectCompleted(result)) }
    mutating func cancel() { act(session.cancelled()) }
    mutating func arrive() { act(session.reportArrived(report)) }

    mutating func parse(_ text: String, name: String = "") { send("P", Self.strings(name, text) + [0, 0]) }

    mutating func bind(portal: String = "", statement: String = "", parameters: UInt8 = 0, formats: [UInt8] = []) {
        let values = [0, parameters] + Array(repeating: 0xFF, count: 4 * Int(parameters))
        send(
            "B",
            Self.strings(portal, statement) + [0, 0] + values + [0, UInt8(formats.count)] + formats.flatMap { [0, $0] })
    }

    mutating func describe(_ kind: Character, _ name: String = "") {
        send("D", [kind.asciiValue ?? 0] + Self.strings(name))
    }

    mutating func execute(_ portal: String = "", limit: UInt8 = 0) {
        send("E", Self.strings(portal) + [0, 0, 0, limit])
    }

    static func strings(_ texts: String...) -> [UInt8] { texts.flatMap { Array($0.utf8) + [0] } }

    private mutating func act(_ actions: [ConsoleAction]) {
        for action in actions {
            switch action {
            case .send(let bytes): received += bytes
            case .refused(let error): refusals.append(error)
            case .gatherReport: if !holds { arrive() }
            case .run(let effect):
                effects.append(effect)
                if !holds { complete(result) }
            case .cancelRun: cancels += 1
            case .close(let reason): closeReason = reason
            }
        }
    }
}
