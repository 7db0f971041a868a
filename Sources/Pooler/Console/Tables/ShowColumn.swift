/// One column of a SHOW over rows of some report: its name and type stand beside the function that fills it, so header
/// and rows cannot drift apart.
struct ShowColumn<Row>: Sendable {
    let name: String
    let type: ShowType
    let value: @Sendable (Row) -> ShowValue

    static func text(_ name: String, _ value: @escaping @Sendable (Row) -> String?) -> Self {
        Self(name: name, type: .text) { value($0).map(ShowValue.text) ?? .null }
    }

    /// In Postgres's form, `\x00ff`.
    static func bytea(_ name: String, _ value: @escaping @Sendable (Row) -> String?) -> Self {
        Self(name: name, type: .bytea) { value($0).map(ShowValue.text) ?? .null }
    }

    static func int4(_ name: String, _ value: @escaping @Sendable (Row) -> Int?) -> Self {
        Self(name: name, type: .int4) { value($0).map(ShowValue.int4) ?? .null }
    }

    static func int8(_ name: String, _ value: @escaping @Sendable (Row) -> Int64) -> Self {
        Self(name: name, type: .int8) { .int8(value($0)) }
    }

    static func numeric(_ name: String, _ value: @escaping @Sendable (Row) -> UInt64) -> Self {
        Self(name: name, type: .numeric) { .numeric(value($0)) }
    }
}

extension Duration {
    /// The whole seconds, as SHOW's columns print times.
    var wholeSeconds: Int { Int(clamping: components.seconds) }

    /// What is left beside the whole seconds, in microseconds: the `_us` columns.
    var remainingMicroseconds: Int { Int(components.attoseconds / 1_000_000_000_000) }
}
