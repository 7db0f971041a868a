extension SettingDefinition {
    /// How clients prove who they are.
    static let authentication: [SettingDefinition] = [
        SettingDefinition(
            "auth_type", \.authType, .choice(), default: "md5", since: "<=1.0",
            "How clients prove who they are."
        ),
        SettingDefinition(
            "auth_file", \.authFile, .optionalPath, default: nil, since: "<=1.0",
            "File of users and secrets, a line each: the name, then the secret, both in double quotes."
        ),
        SettingDefinition(
            "auth_hba_file", \.authHbaFile, .path, default: "", since: "1.7",
            "Rules of `auth_type = hba`, in the form of pg_hba.conf."
        ),
        SettingDefinition(
            "auth_ident_file", \.authIdentFile, .optionalPath, default: nil, since: "1.23",
            "User name maps for the `map=` option of HBA rules."
        ),
        SettingDefinition(
            "auth_user", \.authUser, .optionalText, default: nil, overrides: [.database],
            since: "1.6",
            "Role that runs `auth_query`; none switches the query off."
        ),
        SettingDefinition(
            "auth_query", \.authQuery, .text, default: defaultAuthQuery, overrides: [.database],
            since: "1.6",
            """
            Query that finds the secret of a user who is not in `auth_file`; `$1` is the name, the columns \
            are name and secret.
            """
        ),
        SettingDefinition(
            "auth_dbname", \.authDbname, .authDatabase, default: nil, overrides: [.database],
            since: "1.19",
            "Entry of [databases] in which `auth_query` runs; none is the one that the client asked for."
        ),
        SettingDefinition(
            "auth_ldap_options", \.authLdapOptions, .ldapOptions, default: nil, isSecret: true, since: "1.25",
            """
            Options of `auth_type = ldap`, and of HBA rules that have none behind `ldap`: `key=value` pairs, a value with \
            blanks or commas in double quotes. `ldapserver`, `ldapport`, `ldapscheme`, `ldaptls`; with `ldapprefix` and \
            `ldapsuffix` around the user's name the password is tried at once, with `ldapbasedn`, `ldapbinddn`, \
            `ldapbindpasswd` and `ldapsearchattribute` or `ldapsearchfilter` (`$username` in it) the entry is searched \
            first; `ldapurl` says most of it in one.
            """
        ),
        SettingDefinition(
            "scram_iterations", \.scramIterations, .integer(1...2_147_483_647), default: "4096", since: "1.25",
            "Iterations of SCRAM verifiers that are made from plain secrets."
        ),
        SettingDefinition(
            "auth_query_cache_ttl", \.authQueryCacheTtl, .time, default: "0",
            "How long the result of `auth_query` is used again; 0 asks at each login."
        ),
        SettingDefinition(
            "auth_failure_limit", \.authFailureLimit, .integer(0...2_147_483_647), default: "20",
            """
            Failed logins from one address within a minute after which further logins from there take turns, that many \
            in a minute; 0 is off. IPv6 addresses count by /64, Unix sockets not at all.
            """
        ),
        SettingDefinition(
            "max_logging_in", \.maxLoggingIn, .integer(0...2_147_483_647), default: "0",
            """
            Clients that may be logging in at the same time, the others wait their turn; 0 is 64 for each \
            worker thread.
            """
        ),
        SettingDefinition(
            "auth_jwt_keys", \.authJwtKeys, .optionalPath, default: nil,
            """
            File of public keys (JWKS, RFC 7517) for `auth_type = jwt`: RSA for RS256, P-256 for ES256, Ed25519 for \
            EdDSA. Read again with RELOAD, and within seconds when it has changed.
            """
        ),
        SettingDefinition(
            "auth_jwt_user_claim", \.authJwtUserClaim, .text, default: "sub",
            "Claim of the token that names the user; with `map=` in an HBA rule it goes through the ident map."
        ),
        SettingDefinition(
            "auth_jwt_issuer", \.authJwtIssuer, .text, default: "",
            "Issuer (`iss`) that a token must have; empty is any."
        ),
        SettingDefinition(
            "auth_jwt_audience", \.authJwtAudience, .text, default: "",
            """
            Audience that a token must have, alone or among others (`aud`); empty is any, also a token that was made \
            for another service.
            """
        ),
    ]
}
