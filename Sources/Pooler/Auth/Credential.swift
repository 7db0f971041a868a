/// What is at hand to log in to servers as a user, once a client has proved to be that user.
struct Credential: Sendable, Equatable {
    /// The stored secret, or the password itself where the client sent it.
    let secret: Secret
    /// The keys with which a client proved itself against a stored SCRAM secret. They open servers that hold the
    /// same secret.
    let scramKeys: SCRAMKeys?

    init(secret: Secret, scramKeys: SCRAMKeys? = nil) {
        self.secret = secret
        self.scramKeys = scramKeys
    }

    /// Whether a server that asks for a password can be opened with it at all.
    var opensServers: Bool {
        switch secret {
        case .none: false
        case .plain, .md5: true
        case .scram: scramKeys != nil
        }
    }
}
