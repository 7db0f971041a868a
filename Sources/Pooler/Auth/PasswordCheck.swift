/// Checks a password in clear text that is compared with no stored secret: it asks PAM or an LDAP server, or verifies a token.
///
/// Made for one login, so that `verify` can hold whatever it needs of the client.
struct PasswordCheck: Sendable {
    /// What came of it. The reasons are for the log; they must hold nothing secret.
    enum Verdict: Sendable, Equatable {
        case accepted
        case refused(reason: String)
        /// Nobody could say: the directory cannot be reached, say. The client is told no more than that it failed.
        case unavailable(reason: String)
        /// Too many others wait for a verdict.
        case queueFull
    }

    /// What it is called in the log: "LDAP".
    let name: String
    /// What a client is told whose password is not good.
    let failure: AuthenticationFailure
    /// Whether `verify` may block its thread; then it runs on the blocking queue, else on the worker.
    let mayBlock: Bool
    /// Whether servers are logged in to with the same password afterwards.
    let opensServers: Bool
    let verify: @Sendable (_ password: [UInt8]) -> Verdict

    init(
        name: String, failure: AuthenticationFailure, mayBlock: Bool, opensServers: Bool,
        verify: @escaping @Sendable (_ password: [UInt8]) -> Verdict
    ) {
        self.name = name
        self.failure = failure
        self.mayBlock = mayBlock
        self.opensServers = opensServers
        self.verify = verify
    }

    /// What the client is told after a verdict; nil when it may come in.
    func failure(after verdict: Verdict) -> AuthenticationFailure? {
        switch verdict {
        case .accepted: nil
        case .refused, .unavailable: failure
        case .queueFull:
            AuthenticationFailure(sqlState: "53400", message: "too many logins wait for \(name) authentication")
        }
    }
}
