import Synchronization

/// The numbers that prepared statements of all workers have in common.
final class StatementNumbers: Sendable {
    private let names = Atomic<UInt64>(1)
    private let changes = Atomic<UInt64>(0)

    /// The next number to call a statement by.
    func makeName() -> UInt64 { names.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// The number of the latest change of a result type. What was prepared or described before a change has a lower one than
    /// the change.
    var latestChange: UInt64 { changes.load(ordering: .relaxed) }

    /// A result type was found to have changed.
    func makeChange() -> UInt64 { changes.wrappingAdd(1, ordering: .relaxed).newValue }
}
