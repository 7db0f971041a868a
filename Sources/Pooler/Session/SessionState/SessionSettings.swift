/// A parameter of a session and its value; `role` and `session_authorization` are among them.
struct SessionSetting: Hashable, Sendable {
    /// In small letters.
    let name: String
    /// In the server's encoding.
    let value: [UInt8]
}

/// Parameters that a session has set, beside those that are tracked all the time: one combination of names and values. They are
/// interned: on one worker, equal combinations are the same object, and nil stands for none at all.
final class SessionSettings {
    /// By name.
    let settings: [SessionSetting]
    /// Whether a server has accepted them. If not, or if a role is among them, the outcome of setting them is awaited, so that no
    /// query runs under values that it does not expect.
    var isVerified = false
    /// Whether a server may refuse values that others have accepted: a role, or something else in them, may have been dropped
    /// meanwhile, or it depends on what has been done on that connection.
    let mayBeRefused: Bool

    /// What it takes, roughly.
    let byteCount: Int

    fileprivate init(_ settings: [SessionSetting]) {
        self.settings = settings
        mayBeRefused = settings.contains { Self.isRole($0.name) || Self.fragile.contains($0.name) }
        byteCount = settings.reduce(64) { $0 + $1.name.utf8.count + $1.value.count + 64 }
    }

    static let role = "role"
    static let authorization = "session_authorization"

    func value(of name: String) -> [UInt8]? { settings.first { $0.name == name }?.value }

    static let temporaryBuffers = "temp_buffers"
    private static let fragile: Set<String> = [
        temporaryBuffers, "default_tablespace", "temp_tablespaces", "default_text_search_config",
        "default_table_access_method",
    ]

    /// Names that the server does not list: whoever wants to know their values has to ask for each.
    var customNames: [String] { settings.map(\.name).filter { Self.isCustom($0) } }

    static func isCustom(_ name: String) -> Bool { name.utf8.contains(UInt8(ascii: ".")) }

    private static func isRole(_ name: String) -> Bool { name == role || name == authorization }

    /// A Query message that makes a session with `current` one with `wanted`; nil when they are the same. `isAwaited`: nothing is
    /// sent before its outcome is known. Otherwise a refusal ends the session (`exit_on_error`), since the query behind it must not
    /// run without what it expects.
    static func alignment(
        from current: SessionSettings?, to wanted: SessionSettings?, isAwaited: Bool
    ) -> [UInt8]? {
        let old = current?.settings ?? []
        let new = wanted?.settings ?? []
        var calls: [[UInt8]] = []
        // The others may need the rights of the user who logged in.
        if current?.value(of: role) != nil { calls.append(call(role, "'none'")) }
        if current?.value(of: authorization) != nil { calls.append(call(authorization, "null")) }
        for setting in old where !isRole(setting.name) && !new.contains(where: { $0.name == setting.name }) {
            calls.append(call(setting.name, "null"))
        }
        for setting in new where !isRole(setting.name) && !old.contains(setting) {
            calls.append(call(setting.name, literal(setting.value)))
        }
        for name in [authorization, role] {
            if let value = wanted?.value(of: name) { calls.append(call(name, literal(value))) }
        }
        guard !calls.isEmpty else { return nil }
        if !isAwaited { calls.insert(Array("pg_catalog.set_config('exit_on_error','on',true)".utf8), at: 0) }
        var writer = MessageWriter()
        writer.message(FrontendMessageType.query) { body in
            // A deferrable transaction might have to wait for its first snapshot.
            if current?.value(of: "default_transaction_deferrable") != nil {
                body.raw("set transaction isolation level read committed; ".utf8)
            }
            body.raw("select ".utf8)
            body.cString(calls.joined(separator: [UInt8(ascii: ",")]))
        }
        return writer.bytes
    }

    private static func call(_ name: String, _ value: String) -> [UInt8] { call(name, Array(value.utf8)) }

    private static func call(_ name: String, _ value: [UInt8]) -> [UInt8] {
        Array("pg_catalog.set_config(".utf8) + literal(Array(name.utf8)) + Array(",".utf8) + value
            + Array(",false)".utf8)
    }

    /// A string literal of ASCII bytes alone, which reads the same whatever standard_conforming_strings and client_encoding say.
    static func literal(_ value: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "'")
        let backslash = UInt8(ascii: "\\")
        let isPlain = value.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != backslash }
        var result: [UInt8] = isPlain ? [quote] : [UInt8(ascii: "E"), quote]
        for byte in value where byte != 0 {
            switch byte {
            case quote, backslash: result += [byte, byte]
            case 0x20..<0x7F: result.append(byte)
            default: result += Array("\\x".utf8) + [hexadecimal(byte >> 4), hexadecimal(byte & 15)]
            }
        }
        return result + [quote]
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}

/// A worker's combinations of session settings.
struct SessionSettingsTable {
    /// For a server that has nothing set, where its clients expect something: what connect_query had set.
    let nothing = SessionSettings([])
    private var sets = Interned<[SessionSetting], SessionSettings>(softByteLimit: 8 << 20) { $0.byteCount }

    init() {}

    var count: Int { sets.count }
    var byteCount: Int { sets.byteCount }

    /// The one object for these settings, of which each name stands once; nil for none.
    mutating func intern(_ settings: [SessionSetting]) -> SessionSettings? {
        guard !settings.isEmpty else { return nil }
        let sorted = settings.sorted { $0.name < $1.name }
        return sets.object(for: sorted) { SessionSettings(sorted) }
    }

    /// `settings`, and of `fallback` what they do not name.
    mutating func intern(_ settings: [SessionSetting], over fallback: SessionSettings?) -> SessionSettings? {
        guard let fallback else { return intern(settings) }
        let missing = fallback.settings.filter { old in !settings.contains { $0.name == old.name } }
        return intern(settings + missing)
    }
}
