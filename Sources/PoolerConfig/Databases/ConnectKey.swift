/// One key of a connect string of [databases], [users] or [peers]: parser, documentation and comparison come from it.
struct ConnectKey<Owner>: Sendable {
    let name: String
    /// The key that this one is another spelling of; itself if it is none.
    let canonicalName: String
    let kind: SettingKind
    /// Server connections made with another value are of no use.
    let isPartOfConnection: Bool
    let summary: String
    let parse: @Sendable (String, inout Owner) throws(ValueError) -> Void
    let isSame: @Sendable (Owner, Owner) -> Bool

    init<Value>(
        _ name: String, _ keyPath: WritableKeyPath<Owner, Value> & Sendable, _ format: ValueFormat<Value>,
        spellingOf canonicalName: String? = nil, isPartOfConnection: Bool = false,
        _ summary: String
    ) {
        self.name = name
        self.canonicalName = canonicalName ?? name
        self.kind = format.kind
        self.isPartOfConnection = isPartOfConnection
        self.summary = summary
        self.parse = { text, owner throws(ValueError) in owner[keyPath: keyPath] = try format.parse(text) }
        self.isSame = { $0[keyPath: keyPath] == $1[keyPath: keyPath] }
    }
}

/// A key of [databases].
typealias DatabaseKey = ConnectKey<Database>
/// A key of [users].
typealias UserKey = ConnectKey<User>
/// A key of [peers].
typealias PeerKey = ConnectKey<Peer>

extension ValueFormat where Value == Int? {
    /// A decimal integer; below `lowest` it counts as not set.
    static func override(from lowest: Int) -> Self {
        let range = SettingKind.int32
        return ValueFormat(kind: .integer(range)) { text throws(ValueError) in
            guard let number = Number.decimalInteger(text), range.contains(number) else {
                throw ValueError(found: Phrase.quoted(text), expected: "an integer")
            }
            return number < lowest ? nil : number
        } print: {
            $0.map(String.init)
        }
    }
}

extension ValueFormat where Value == Duration? {
    /// Seconds; a negative number counts as not set, and so does 0 if `zeroInherits`.
    static func override(zeroInherits: Bool) -> Self {
        ValueFormat(kind: .time) { text throws(ValueError) in
            if let number = Number.decimal(text), number < 0 { return nil }
            let time = try ValueFormat<Duration>.time.parse(text)
            return zeroInherits && time == .zero ? nil : time
        } print: {
            $0.map(Number.seconds)
        }
    }
}

extension ValueFormat where Value == Int {
    /// A TCP port.
    static var port: Self {
        ValueFormat(kind: .integer(1...65535)) { text throws(ValueError) in
            guard let number = Number.decimalInteger(text), (1...65535).contains(number) else {
                throw ValueError(found: Phrase.quoted(text), expected: "a port from 1 to 65535")
            }
            return number
        } print: {
            String($0)
        }
    }
}

extension ValueFormat where Value == [String] {
    /// Hosts separated by commas. A `=` in one means that the value was forgotten: `host= port=5` reads `port=5`.
    static var hosts: Self {
        ValueFormat(kind: .words) { text throws(ValueError) in
            let hosts = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .map { String(Substring(Bytes.trimmed($0))) }
            if let wrong = hosts.first(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "=")) }) {
                throw ValueError(
                    found: Phrase.quoted(wrong), expected: "host names, addresses or socket directories")
            }
            return hosts
        } print: {
            $0.joined(separator: ",")
        }
    }
}
