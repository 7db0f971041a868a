/// What a message that was sent does to the books of prepared statements, so that it can be taken back when the server turns
/// out to have failed at it, or to have skipped it after an error.
enum StatementEffect {
    case none
    /// The client's name has been entered.
    case defined(NamedStatement)
    /// The server has got a copy.
    case prepared(ServerStatements.Copy)
    /// Both.
    case definedAndPrepared(NamedStatement, ServerStatements.Copy)
    /// The client's name has been given up.
    case closed(NamedStatement)
    /// The server's copy has been given up.
    case evicted(ServerStatements.Copy)
    /// The server has got a guard.
    case guarded(Int)
    /// The unnamed statement has changed, for the client or on the server. A failed Parse of the client's leaves it none; one
    /// of ours does not change what the client believes in.
    case unnamed(was: UnnamedState, isOurs: Bool)
    /// Nothing changes, but an error may speak of the server's name where the client's belongs.
    case uses(NamedStatement, ServerStatements.Copy)
    /// Nothing changes; the server speaks of a statement of ours where the client has named another.
    case misnames(server: [UInt8], client: [UInt8])
    /// A Query does away with the unnamed statement, as above; the server knows others by names of ours in it.
    case rewritten(was: UnnamedState, RewrittenQuery)
    /// The server's error is replaced by ours.
    case refuses(ErrorMessage)

    /// What the message depends on or changes.
    enum Domain {
        case nothing
        case names
        case unnamed
    }

    var domain: Domain {
        switch self {
        case .none, .uses, .misnames, .refuses: .nothing
        case .defined, .prepared, .definedAndPrepared, .closed, .evicted, .guarded: .names
        case .unnamed, .rewritten: .unnamed
        }
    }
}

/// What the unnamed statement is for a client and on its server.
struct UnnamedState {
    var client: PreparedStatement?
    var server: PreparedStatement?
    /// Whose statement the server has.
    var owner: UInt64
}
