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

    /// The next number, which is not taken.
    var nextName: UInt64 { names.load(ordering: .relaxed) }

    /// Goes on from another process's numbers; before anybody uses them.
    func goOn(fromName name: UInt64, change: UInt64) {
        names.store(name, ordering: .relaxed)
        changes.store(change, ordering: .relaxed)
    }

    /// A result type was found to have changed.
    func makeChange() -> UInt64 { changes.wrappingAdd(1, ordering: .relaxed).newValue }
}
