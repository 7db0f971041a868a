import Glibc

/// A system call of the harness that failed, or something that the test machine lacks.
public struct SystemError: Error, CustomStringConvertible {
    /// What was tried and what came of it.
    public let description: String

    /// An error in our own words.
    public init(_ description: String) { self.description = description }

    /// The failure of a call that sets errno (or returned `code`).
    init(_ call: String, code: Int32 = errno) {
        description = "\(call): \(unsafe String(cString: strerror(code)))"
    }
}

/// Repeats a call that a signal interrupted, and turns its failure into an error.
@discardableResult
func checked<Value: SignedInteger>(_ call: String, _ body: () -> Value) throws -> Value {
    while true {
        let value = body()
        if value >= 0 { return value }
        if errno != EINTR { throw SystemError(call) }
    }
}
