/// What one client has to do to log in, as `auth_type` or the first HBA rule about it says.
public struct LoginRule: Sendable, Equatable {
    /// How the client proves who it is.
    public var method: Method
    /// The ident map that turns the name of a certificate or Unix account into that of a user; nil: they have to be the same.
    public var map: String?
    /// Where the HBA rule stands; nil for `auth_type` itself.
    public var location: SourceLocation?

    /// The methods of `auth_type` and of HBA rules together.
    public enum Method: Sendable, Equatable {
        /// Any name is let in.
        case any
        /// Any known name is let in.
        case trust
        /// The password in clear.
        case plain
        /// Postgres's MD5 exchange, or SCRAM where the secret is a SCRAM verifier.
        case md5
        /// SCRAM-SHA-256.
        case scramSHA256
        /// A TLS client certificate.
        case cert
        /// The Unix account at the other end of the socket.
        case peer
        /// The password in clear, checked by an LDAP server; nil: no options are given.
        case ldap(LDAPOptions?)
        /// The password in clear, checked by PAM; nil: by the service that has our name.
        case pam(service: String?)
        /// A JSON Web Token in the place of the password.
        case jwt
        /// A rule says that the client is not wanted.
        case reject
        /// No rule is about the client.
        case none
    }

    /// A rule without a map.
    public init(_ method: Method, map: String? = nil, location: SourceLocation? = nil) {
        self.method = method
        self.map = map
        self.location = location
    }
}

extension Configuration {
    /// What a client has to do to log in.
    public func loginRule(for request: HBARequest) -> LoginRule {
        commonLoginRule ?? hbaRules.loginRule(for: request, ldapOptions: settings.authLdapOptions)
    }

    /// What every client has to do to log in; nil where that depends on the HBA rules.
    public var commonLoginRule: LoginRule? {
        switch settings.authType {
        case .any: LoginRule(.any)
        case .trust: LoginRule(.trust)
        case .plain: LoginRule(.plain)
        case .md5: LoginRule(.md5)
        case .scramSHA256: LoginRule(.scramSHA256)
        case .cert: LoginRule(.cert)
        case .ldap: LoginRule(.ldap(settings.authLdapOptions))
        case .pam: LoginRule(.pam(service: nil))
        case .jwt: LoginRule(.jwt)
        case .hba: nil
        }
    }

    /// Whether a name that was shown, of a certificate or a Unix account, may log in as `user` under a rule.
    public func allows(_ shown: String, as user: String, by rule: LoginRule) -> Bool {
        guard let map = rule.map else { return shown.hasSameBytes(as: user) }
        return identMaps.allows(systemUser: shown, as: user, by: map)
    }
}

extension HBARules {
    /// What the first rule about a client asks of it. The options hold where an `ldap` rule gives none.
    public func loginRule(for request: HBARequest, ldapOptions: LDAPOptions?) -> LoginRule {
        firstMatch(for: request)?.loginRule(ldapOptions) ?? LoginRule(.none)
    }
}

extension HBARule {
    /// What the rule asks of its clients.
    func loginRule(_ commonOptions: LDAPOptions?) -> LoginRule {
        let method: LoginRule.Method =
            switch self.method {
            case .trust: .trust
            case .reject: .reject
            case .md5: .md5
            case .password: .plain
            case .peer: .peer
            case .cert: .cert
            case .scramSHA256: .scramSHA256
            case .ldap: .ldap(ldapOptions ?? commonOptions)
            case .pam: .pam(service: pamService)
            case .jwt: .jwt
            }
        return LoginRule(method, map: map, location: location)
    }
}
