import CPAM

/// Asks PAM whether a password is a user's, and whether the account may be used now. Blocks its thread.
struct PAMAuthentication: Sendable {
    /// The service of PgBouncer, whose file in /etc/pam.d goes on working.
    static let defaultService = "pgbouncer"

    let service: String
    /// The client's address, or "unix".
    let remoteHost: String

    /// `user` and password must have no zero byte.
    func verify(user: String, password: [UInt8]) -> PasswordCheck.Verdict {
        var reason = [CChar](repeating: 0, count: 300)
        // One that ends in a zero, as C wants it.
        let secret = password.map { CChar(bitPattern: $0) } + [0]
        let verdict = unsafe cpam_check(service, user, secret, remoteHost, &reason, reason.count)
        let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return switch UInt32(bitPattern: verdict) {
        case cpam_accepted.rawValue: .accepted
        case cpam_refused.rawValue: .refused(reason: text)
        default: .unavailable(reason: text)
        }
    }
}
