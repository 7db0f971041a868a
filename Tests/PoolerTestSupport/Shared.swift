import Synchronization

/// A value that threads of a test share.
public final class Shared<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    /// Starts with a value.
    public init(_ value: Value) { storage = Mutex(value) }

    /// The value now.
    public var value: Value { storage.withLock { $0 } }

    /// Replaces it.
    public func set(_ value: Value) { storage.withLock { $0 = value } }

    /// Changes it.
    public func update(_ change: @Sendable (inout Value) -> Void) { storage.withLock { change(&$0) } }
}
