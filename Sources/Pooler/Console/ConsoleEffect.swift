/// A command that changes something. The session asks for it; whoever holds the pools runs it, and completes it exactly
/// once with a `ConsoleEffectResult`.
enum ConsoleEffect: Equatable, Sendable {
    /// When the process ends.
    enum ShutdownMode: Equatable, Sendable {
        case immediate
        case waitForServers
        case waitForClients
    }

    /// Completes when no server connection is active or being tested. A cancel ends the pause.
    case pause(String?)
    case resume(String?)
    /// Completes when all buffers are empty. A cancel ends the suspension.
    case suspend
    case disable(String)
    case enable(String)
    /// Completes at once; servers go as they are released.
    case reconnect(String?)
    /// Completes when no server is to be closed any more. A cancel only ends the waiting.
    case waitClose(String?)
    case kill(String?)
    /// The id in the last column of SHOW CLIENTS.
    case killClient(UInt64)
    case reload
    case set(key: String, value: String)
    /// Completes at once, except the immediate one, which ends every connection.
    case shutdown(ShutdownMode)
    /// Another process wants everything. Completes only where that is refused.
    case takeOver(version: UInt32)

    /// The tag of CommandComplete.
    var tag: String {
        switch self {
        case .pause: "PAUSE"
        case .resume: "RESUME"
        case .suspend: "SUSPEND"
        case .disable: "DISABLE"
        case .enable: "ENABLE"
        case .reconnect: "RECONNECT"
        case .waitClose: "WAIT_CLOSE"
        case .kill: "KILL"
        case .killClient: "KILL_CLIENT"
        case .reload: "RELOAD"
        case .set(let key, let value): "SET \(key)=\(value)"
        case .shutdown: "SHUTDOWN"
        case .takeOver: "TAKEOVER"
        }
    }
}

extension ConsoleEffect {
    /// The command as the log names it; nil for SET, whose value is not for everybody's eyes, and for what has words of its own.
    var words: String? {
        switch self {
        case .pause(let database?), .resume(let database?), .reconnect(let database?), .waitClose(let database?),
            .kill(let database?), .disable(let database), .enable(let database):
            "\(tag) '\(database)'"
        case .pause(nil), .resume(nil), .reconnect(nil), .waitClose(nil), .kill(nil), .suspend, .reload: tag
        case .killClient(let id): "\(tag) '\(id)'"
        case .shutdown(.immediate): tag
        case .shutdown(.waitForServers): "\(tag) WAIT_FOR_SERVERS"
        case .shutdown(.waitForClients): "\(tag) WAIT_FOR_CLIENTS"
        case .set, .takeOver: nil
        }
    }
}

/// How an effect ended.
enum ConsoleEffectResult: Equatable, Sendable {
    /// It was done; each notice becomes a NoticeResponse before the tag.
    case done(notices: [String] = [])
    case failed(ConsoleError, notices: [String] = [])
}
