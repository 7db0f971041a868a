extension SettingDefinition {
    /// How clients prove who they are.
    static let authentication: [SettingDefinition] = [
        SettingDefinition(
            "auth_type", \.authType, .choice(Implementation.authTypes), default: "md5", since: "<=1.0",
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
            "auth_ldap_options", \.authLdapOptions, .optionalText, default: nil, isImplemented: false, isSecret: true,
            since: "1.25",
            "Options of `auth_type = ldap`, as after `ldap` in an HBA rule."
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
            "auth_failure_limit", \.authFailureLimit, .integer(0...2_147_483_647), default: "20", isImplemented: false,
            "Failed logins from one address within a minute after which further ones are delayed; 0 is off."
        ),
        SettingDefinition(
            "max_logging_in", \.maxLoggingIn, .integer(0...2_147_483_647), default: "0", isImplemented: false,
            """
            Clients that may be logging in at the same time, the others wait their turn; 0 is 64 for each \
            worker thread.
            """
        ),
        SettingDefinition(
            "auth_jwt_keys", \.authJwtKeys, .optionalPath, default: nil, isImplemented: false,
            "File of public keys (JWKS, RFC 7517) for `auth_type = jwt`."
        ),
        SettingDefinition(
            "auth_jwt_user_claim", \.authJwtUserClaim, .text, default: "sub", isImplemented: false,
            "Claim of the token that names the user."
        ),
        SettingDefinition(
            "auth_jwt_issuer", \.authJwtIssuer, .text, default: "", isImplemented: false,
            "Issuer that a token must have; empty is any."
        ),
        SettingDefinition(
            "auth_jwt_audience", \.authJwtAudience, .text, default: "", isImplemented: false,
            "Audience that a token must have; empty is any."
        ),
    ]
}
