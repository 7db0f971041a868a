import Glibc
import Testing

/// The bound that a wait has when a test does not name one: generous, since a busy machine is slow, not wrong.
public let patience: Duration = .seconds(20)

/// A point in time after which waiting is given up.
struct Deadline {
    private let end: ContinuousClock.Instant

    init(_ duration: Duration) { end = .now + duration }

    /// Milliseconds that are left, for poll(2); 0 when none are.
    var milliseconds: Int32 {
        let left = end - .now
        if left <= .zero { return 0 }
        return Int32(clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
    }

    var isOver: Bool { ContinuousClock.now >= end }
}

/// Asks until the condition holds; a failed expectation at the caller's line when it does not in time.
/// The last error that the condition threw is part of the message.
public func eventually(
    _ what: Comment? = nil, within limit: Duration = patience, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) throws {
    let deadline = Deadline(limit)
    var trouble: (any Error)?
    while true {
        do {
            if try condition() { return }
            trouble = nil
        } catch {
            trouble = error
        }
        if deadline.isOver { break }
        breathe()
    }
    let name = what?.rawValue ?? "the condition"
    Issue.record(
        "\(name) did not hold within \(limit) (\(trouble.map { "\($0)" } ?? "false"))", sourceLocation: sourceLocation)
    throw SystemError("gave up waiting")
}

/// The condition must hold all the while; used sparingly, for what must not happen.
public func always(
    for span: Duration, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) throws {
    let deadline = Deadline(span)
    while !deadline.isOver {
        try #require(try condition(), sourceLocation: sourceLocation)
        breathe()
    }
}

private func breathe() { usleep(10_000) }
