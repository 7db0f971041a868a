/// The parameters that follow a client from server to server: their names, in the order in which the login tells them.
struct TrackedParameters: Sendable {
    /// As the server spells them.
    let names: [String]
    /// Lower case, for look-ups.
    private let keys: [String]
    /// Nobody's values, shared by all who give none.
    let noValues: [[UInt8]?]

    /// The five that are always tracked. Order of PgBouncer's login burst.
    static let fixed = ["DateStyle", "client_encoding", "TimeZone", "standard_conforming_strings", "application_name"]
    static let applicationNameIndex = 4

    /// `extra` is track_extra_parameters.
    init(extra: [String]) {
        var names = Self.fixed
        for name in extra where !names.contains(where: { $0.lowercased() == name.lowercased() }) {
            names.append(name)
        }
        self.names = names
        keys = names.map { $0.lowercased() }
        noValues = [[UInt8]?](repeating: nil, count: names.count)
    }

    var count: Int { names.count }

    /// Names are matched without regard to the case of ASCII letters, as the server does.
    func index(of name: String) -> Int? {
        keys.firstIndex { key in
            key.utf8.count == name.utf8.count
                && zip(key.utf8, name.utf8).allSatisfy { $0 == ParameterSets.lowercase($1) }
        }
    }
}

/// One combination of values of the tracked parameters. Values are interned: on one worker, equal combinations are the same
/// object, so whether a server suits a client is one comparison of pointers.
final class ParameterSet {
    /// Nil: the server's default, nobody has set it.
    let values: [[UInt8]?]

    fileprivate init(_ values: [[UInt8]?]) {
        self.values = values
    }

    /// Whether standard_conforming_strings is off, so that backslashes escape in every string.
    var hasBackslashes: Bool { values[Self.conformingIndex] == Self.off }

    private static let conformingIndex = 3
    private static let off = Array("off".utf8)

    func text(_ index: Int) -> String? {
        values[index].map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A worker's parameter sets, and which values a server has accepted before.
struct ParameterSets {
    private struct VerifiedValue: Hashable {
        let index: Int
        let value: [UInt8]
    }

    /// Beyond this, verified values are forgotten: clients choose them freely.
    private static let softLimit = 1024

    let tracked: TrackedParameters
    private var sets = Interned<[[UInt8]?], ParameterSet>()
    private var verified: Set<VerifiedValue> = []
    /// No value set at all.
    let empty: ParameterSet

    init(tracked: TrackedParameters) {
        self.tracked = tracked
        let values = [[UInt8]?](repeating: nil, count: tracked.count)
        empty = sets.object(for: values) { ParameterSet(values) }
    }

    /// How many combinations there are.
    var count: Int { sets.count }

    /// The one object for these values.
    mutating func intern(_ values: [[UInt8]?]) -> ParameterSet {
        sets.object(for: values) { ParameterSet(values) }
    }

    /// `set` with one value changed.
    mutating func replacing(_ index: Int, of set: ParameterSet, with value: [UInt8]) -> ParameterSet {
        if set.values[index] == value { return set }
        var values = set.values
        values[index] = value
        return intern(values)
    }

    /// A server reported this value: it is one that servers accept.
    mutating func serverReported(_ index: Int, _ value: [UInt8]) {
        if verified.count >= Self.softLimit { verified.removeAll() }
        verified.insert(VerifiedValue(index: index, value: value))
    }

    /// What makes a server that has `current` fit a client that has `wanted`; nil when nothing differs.
    func alignment(from current: ParameterSet, to wanted: ParameterSet) -> Alignment? {
        var alignment = Alignment()
        for index in 0..<tracked.count {
            let value = wanted.values[index]
            if Self.isSame(value, current.values[index], at: index) { continue }
            if let value {
                alignment.set(tracked.names[index], to: value)
                alignment.isVerified =
                    alignment.isVerified && verified.contains(VerifiedValue(index: index, value: value))
            } else {
                alignment.reset(tracked.names[index])
            }
        }
        return alignment.isEmpty ? nil : alignment
    }

    /// After a successful alignment, its values count as accepted.
    mutating func aligned(to set: ParameterSet) {
        for (index, value) in set.values.enumerated() {
            if let value { serverReported(index, value) }
        }
    }

    /// Whether two values mean the same. The first ones are names of encodings, styles and zones, which the server reads without
    /// regard to case; an application_name is free text, and extra parameters may hold names (search_path, role).
    private static func isSame(_ left: [UInt8]?, _ right: [UInt8]?, at index: Int) -> Bool {
        if left == right { return true }
        guard index < TrackedParameters.applicationNameIndex, let left, let right else { return false }
        return left.elementsEqual(right) { lowercase($0) == lowercase($1) }
    }

    fileprivate static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
