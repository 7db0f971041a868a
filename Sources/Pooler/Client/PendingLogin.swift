/// What a client's login has besides its machine. It goes when the login is over.
final class PendingLogin {
    /// What is being looked up of the user, and the method that needs it.
    struct Secret {
        let key: SecretBook.Key
        let method: ClientAuthentication.Method
    }

    var secret: Secret?

    init() {}
}
