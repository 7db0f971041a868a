extension SettingDefinition {
    /// Connections to Postgres, their health and age.
    static let servers: [SettingDefinition] = [
        SettingDefinition(
            "server_lifetime", \.serverLifetime, .time, default: "3600", overrides: [.database], since: "<=1.0",
            "A server connection older than this is closed once it is free; 0 uses each connection once."
        ),
        SettingDefinition(
            "server_idle_timeout", \.serverIdleTimeout, .time, default: "600", since: "<=1.0",
            "A server connection that idles longer is closed, down to `min_pool_size`; 0 is off."
        ),
        SettingDefinition(
            "server_connect_timeout", \.serverConnectTimeout, .time, default: "15", since: "<=1.0",
            "Time for connect and login together; 0 is off."
        ),
        SettingDefinition(
            "server_login_retry", \.serverLoginRetry, .time, default: "15", since: "<=1.0",
            "Pause after a failed connect or login, for the pool."
        ),
        SettingDefinition(
            "server_check_delay", \.serverCheckDelay, .time, default: "30", since: "<=1.0",
            """
            A server connection that has rested longer is checked with `server_check_query` before it is \
            lent; 0 checks each time.
            """
        ),
        SettingDefinition(
            "server_check_query", \.serverCheckQuery, .text, default: "<empty>", since: "<=1.0",
            """
            Query that shows a server connection alive; `<empty>` is the empty query, an empty value \
            switches the check off.
            """
        ),
        SettingDefinition(
            "server_fast_close", \.serverFastClose, .boolean, default: "0", since: "1.9",
            """
            In session mode, a server connection that must be closed goes at the end of its transaction \
            instead of with its client.
            """
        ),
        SettingDefinition(
            "dns_max_ttl", \.dnsMaxTtl, .time, default: "15", since: "1.4",
            "How long the answer to a name lookup is used, whatever the DNS says of its own lifetime."
        ),
        SettingDefinition(
            "dns_nxdomain_ttl", \.dnsNxdomainTtl, .time, default: "15", since: "1.6",
            "How long the failure of a name lookup is believed."
        ),
        SettingDefinition(
            "dns_zone_check_period", \.dnsZoneCheckPeriod, .time, default: "0", since: "1.5",
            """
            Interval for asking the DNS for the serial number of each zone (what stands behind the first dot of a host \
            name). Where it has grown, the zone's hosts are looked up again, and connections to addresses that are gone \
            are replaced. 0 is off.
            """
        ),
        SettingDefinition(
            "resolv_conf", \.resolvConf, .path, default: "", isChangeable: false, since: "1.12",
            """
            Another resolv.conf for name lookups: names are then looked for in /etc/hosts and by the name servers in that \
            file (which may have ports), without nsswitch. Empty is the system's resolver.
            """
        ),
        SettingDefinition(
            "password_command", \.passwordCommand, .passwordCommand, default: nil, overrides: [.database, .user],
            isSecret: true,
            """
            Program whose first line of output is the password for new server logins; a second line may say until \
            when, as an RFC 3339 time. Words are separated by blanks, quotes keep them together, and no shell reads \
            them. It finds PGHOST, PGPORT, PGUSER and PGDATABASE of the login in its environment, runs for at most \
            `server_connect_timeout`, and goes before `auth_file`, but not before a database's `password`.
            """
        ),
        SettingDefinition(
            "password_command_ttl", \.passwordCommandTtl, .time, default: "300",
            """
            How long a password of `password_command` that does not say so itself is used for new server logins; 0 \
            asks for each.
            """
        ),
    ]
}
