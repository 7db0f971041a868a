extension SettingDefinition {
    /// Encryption, towards clients and towards servers.
    static let tls: [SettingDefinition] = [
        SettingDefinition(
            "client_tls_sslmode", \.clientTlsSslmode, .choice(), default: "disable",
            since: "1.7",
            """
            TLS towards clients: disable, offered (allow, prefer), demanded (require), or with a certificate \
            of the client (verify-ca, verify-full). Unix sockets never use it.
            """
        ),
        SettingDefinition(
            "client_tls_key_file", \.clientTlsKeyFile, .path, default: "", since: "1.7",
            "Private key of `client_tls_cert_file`."
        ),
        SettingDefinition(
            "client_tls_cert_file", \.clientTlsCertFile, .path, default: "", since: "1.7",
            "Certificate shown to clients."
        ),
        SettingDefinition(
            "client_tls_ca_file", \.clientTlsCaFile, .path, default: "", since: "1.7",
            "Authorities that certificates of clients must chain to."
        ),
        SettingDefinition(
            "client_tls_protocols", \.clientTlsProtocols, .tlsProtocols, default: "secure", since: "1.7",
            """
            TLS versions for clients: a list of tlsv1.0 to tlsv1.3, `all`, or `secure` (1.2 and 1.3); `!` \
            takes one out.
            """
        ),
        SettingDefinition(
            "client_tls_ciphers", \.clientTlsCiphers, .text, default: "default", since: "1.7",
            "Ciphers of TLS 1.2 and below for clients, in OpenSSL's notation."
        ),
        SettingDefinition(
            "client_tls13_ciphers", \.clientTls13Ciphers, .optionalText, default: nil, since: "1.25",
            "Cipher suites of TLS 1.3 for clients; none is OpenSSL's default."
        ),
        SettingDefinition(
            "client_tls_ecdhcurve", \.clientTlsEcdhcurve, .text, default: "auto", since: "1.7",
            "Curve of the key exchange with clients: auto, none, or OpenSSL's name."
        ),
        SettingDefinition(
            "client_tls_dheparams", \.clientTlsDheparams, .choice(), default: "auto", since: "1.7",
            "Finite-field Diffie-Hellman with clients."
        ),
        SettingDefinition(
            "server_tls_sslmode", \.serverTlsSslmode, .choice(), default: "prefer",
            since: "1.7",
            """
            TLS towards servers, as libpq's sslmode, but allow is the same as prefer. Unix sockets never use \
            it.
            """
        ),
        SettingDefinition(
            "server_tls_ca_file", \.serverTlsCaFile, .path, default: "", since: "1.7",
            "Authorities that certificates of servers must chain to."
        ),
        SettingDefinition(
            "server_tls_key_file", \.serverTlsKeyFile, .path, default: "", since: "1.7",
            "Private key of `server_tls_cert_file`."
        ),
        SettingDefinition(
            "server_tls_cert_file", \.serverTlsCertFile, .path, default: "", since: "1.7",
            "Certificate shown to servers that ask for one."
        ),
        SettingDefinition(
            "server_tls_protocols", \.serverTlsProtocols, .tlsProtocols, default: "secure", since: "1.7",
            "TLS versions for servers, as `client_tls_protocols`."
        ),
        SettingDefinition(
            "server_tls_ciphers", \.serverTlsCiphers, .text, default: "default", since: "1.7",
            "Ciphers of TLS 1.2 and below for servers, in OpenSSL's notation."
        ),
        SettingDefinition(
            "server_tls13_ciphers", \.serverTls13Ciphers, .optionalText, default: nil, since: "1.25",
            "Cipher suites of TLS 1.3 for servers; none is OpenSSL's default."
        ),
    ]
}
