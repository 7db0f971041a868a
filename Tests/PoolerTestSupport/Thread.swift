import Glibc

/// Runs a block on a thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) {
    let box = unsafe Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread, nil,
        { argument in
            if let argument = unsafe argument {
                unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
            }
            return nil
        }, box)
    precondition(code == 0, "cannot start a thread")
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Work on another thread whose result is waited for.
public final class Background<Value: Sendable>: Sendable {
    private let outcome = Shared<Result<Value, any Error>?>(nil)

    /// Starts it.
    public init(_ work: @escaping @Sendable () throws -> Value) {
        let outcome = outcome
        startThread { outcome.set(Result { try work() }) }
    }

    /// Its result, once it is done.
    public func value(within limit: Duration = patience) throws -> Value {
        let deadline = Deadline(limit)
        while true {
            if let outcome = outcome.value { return try outcome.get() }
            if deadline.isOver { throw SystemError("not done within \(limit)") }
            usleep(2000)
        }
    }

    /// Whether it is done.
    public var isDone: Bool { outcome.value != nil }
}
