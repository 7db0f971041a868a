/// The rules of an HBA file, in order.
public struct HBARules: Sendable, Equatable {
    /// The rules.
    public var rules: [HBARule]

    /// These rules; none of them lets nobody in.
    public init(_ rules: [HBARule] = []) {
        self.rules = rules
    }

    /// The first rule that is about `request`; nil means that the client is refused.
    public func firstMatch(for request: HBARequest) -> HBARule? {
        rules.first { $0.matches(request) }
    }
}
