/// An enumeration of words that a setting may have; read without regard to case, printed as written here.
public protocol SettingChoice: CaseIterable, Hashable, RawRepresentable<String>, Sendable {}

/// When a server connection goes back to the pool (`pool_mode`).
public enum PoolMode: String, SettingChoice {
    /// When the client leaves.
    case session
    /// When its transaction ends.
    case transaction
    /// When its statement ends; transactions of several statements are refused.
    case statement
}

/// How clients prove who they are (`auth_type`).
public enum AuthType: String, SettingChoice {
    /// Any name is let in, without a question; needs a forced user.
    case any
    /// Any known name is let in, without a question.
    case trust
    /// The password in clear.
    case plain
    /// Postgres's MD5 exchange; SCRAM where the stored secret is a SCRAM verifier.
    case md5
    /// A TLS client certificate.
    case cert
    /// The first matching line of `auth_hba_file` says how.
    case hba
    /// The password in clear, checked by an LDAP server.
    case ldap
    /// The password in clear, checked by PAM.
    case pam
    /// SCRAM-SHA-256 (RFC 7677).
    case scramSHA256 = "scram-sha-256"
    /// A JSON Web Token in the place of the password.
    case jwt
}

/// How much TLS is demanded (`client_tls_sslmode`, `server_tls_sslmode`).
public enum SSLMode: String, SettingChoice {
    /// Never TLS.
    case disable
    /// TLS if the other side wants it.
    case allow
    /// TLS if the other side can.
    case prefer
    /// TLS or nothing.
    case require
    /// TLS, and the certificate chains to the given authority.
    case verifyCA = "verify-ca"
    /// As `verifyCA`, and the name in the certificate fits.
    case verifyFull = "verify-full"
}

/// How TLS begins on a server connection (`sslnegotiation`).
public enum SSLNegotiation: String, SettingChoice {
    /// With an SSLRequest, which every Postgres knows.
    case postgres
    /// With the handshake itself (Postgres 17 and later).
    case direct
}

/// Size of the Diffie-Hellman keys (`client_tls_dheparams`).
public enum DHEParams: String, SettingChoice {
    /// OpenSSL chooses.
    case auto
    /// No finite-field Diffie-Hellman.
    case none
}

/// Which entry of a host list a new server connection goes to (`load_balance_hosts`).
public enum LoadBalanceHosts: String, SettingChoice {
    /// The next one, in turn.
    case roundRobin = "round-robin"
    /// The same one, until a connect to it fails.
    case disable
}

/// Form of a log line (`log_format`).
public enum LogFormat: String, SettingChoice {
    /// PgBouncer's line.
    case pgbouncer
    /// One JSON object.
    case json
}

/// What becomes of session state that a client sets in transaction or statement mode (`session_state`).
public enum SessionStateMode: String, SettingChoice {
    /// It is remembered and applied to the next server; what cannot be replayed pins.
    case track
    /// It keeps the client on its server.
    case pin
    /// It ends with the transaction.
    case reset
    /// It stays on the server, for whoever comes next.
    case passthrough
}

/// The syslog facility (`syslog_facility`), see syslog(3).
public enum SyslogFacility: String, SettingChoice {
    /// `LOG_AUTH`.
    case auth
    /// `LOG_AUTHPRIV`.
    case authpriv
    /// `LOG_DAEMON`.
    case daemon
    /// `LOG_USER`.
    case user
    /// `LOG_LOCAL0`.
    case local0
    /// `LOG_LOCAL1`.
    case local1
    /// `LOG_LOCAL2`.
    case local2
    /// `LOG_LOCAL3`.
    case local3
    /// `LOG_LOCAL4`.
    case local4
    /// `LOG_LOCAL5`.
    case local5
    /// `LOG_LOCAL6`.
    case local6
    /// `LOG_LOCAL7`.
    case local7
}
