/// What a client's login has besides its machine. It goes when the login is over.
final class PendingLogin {
    /// What is being looked up of the user, and the method that needs it.
    struct Secret {
        let key: SecretBook.Key
        let method: ClientAuthentication.Method
    }

    /// Where it stands among the logins that max_logging_in counts. Successors: none → waiting | held; waiting → held;
    /// held → none.
    enum Place {
        /// It does not count: it has not begun, or it lets us wait.
        case none
        case waiting
        case held
    }

    /// What has come of its next message, or of more while it waits: exactly that, since a stranger may stop anywhere.
    var carried: [UInt8] = []
    /// How many bytes have to be carried before it is worth while to look at them again; whoever sends one at a time must not
    /// have all of them looked at each time.
    var wanted = 0
    /// Its TLS handshake has had its turn to begin.
    var mayHandshake = false
    var secret: Secret?
    var place = Place.none
    /// Its password is not looked at before, because others of its address failed.
    var delayedUntil: Instant?
    /// Whether that has been done; once is enough.
    var hasBeenDelayed = false
    /// Goes with the login, so that whoever works for it elsewhere can see whether anybody still waits.
    private(set) lazy var interest = Interest()

    /// Nothing but its own life.
    final class Interest: Sendable {}

    init() {}
}
