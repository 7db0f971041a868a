import PoolerConfig

extension PasswordCheck {
    /// An LDAP server says.
    static func ldap(_ options: LDAPOptions, user: String) -> PasswordCheck {
        let authentication = LDAPAuthentication(options: options)
        return PasswordCheck(name: "LDAP", failure: .ldap, mayBlock: true, opensServers: true) { password in
            authentication.verify(user: user, password: password)
        }
    }

    /// PAM says.
    static func pam(service: String?, user: String, remoteHost: String) -> PasswordCheck {
        let authentication = PAMAuthentication(
            service: service ?? PAMAuthentication.defaultService, remoteHost: remoteHost)
        return PasswordCheck(name: "PAM", failure: .pam, mayBlock: true, opensServers: true) { password in
            authentication.verify(user: user, password: password)
        }
    }

    /// The password is a token, which opens no server: the login takes the secret that is known of its user, if any.
    static func token(
        _ verifier: TokenVerifier, isAllowed: @escaping @Sendable (String) -> Bool
    ) -> PasswordCheck {
        PasswordCheck(name: "JWT", failure: .password, mayBlock: false, opensServers: false) { token in
            do throws(TokenFailure) {
                try verifier.verify(token, now: WallClock.now(), isAllowed: isAllowed)
                return .accepted
            } catch {
                return .refused(reason: error.description)
            }
        }
    }
}
