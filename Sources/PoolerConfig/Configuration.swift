/// Placeholder until the first landing.
public struct Configuration: Sendable {}
