/// What the shell of a console session is to do. A list of them holds at most one `send`, first, then the errors that are in
/// it, and at most one other action after them.
enum ConsoleAction: Equatable, Sendable {
    case send([UInt8])
    /// The client was told this: it is logged and counted.
    case refused(ConsoleError)
    /// Ask every worker for its report, then call `reportArrived` once.
    case gatherReport
    /// Run the effect, then call `effectCompleted` once.
    case run(ConsoleEffect)
    /// The user cancelled the effect that runs: stop waiting, undo a pause or suspension that is not reached yet, and
    /// complete the effect with `.failed(.canceled)`. One that does not wait completes as it would have anyway.
    case cancelRun
    case close(ConsoleCloseReason)
}

/// Why a console session ended.
enum ConsoleCloseReason: Equatable, Sendable {
    /// The client said Terminate.
    case terminated
    /// The client was told this in a FATAL error.
    case failed(ConsoleError)
    /// SHUTDOWN took effect.
    case shutDown
}
