/// The values of the [pgbouncer] section, one property for each setting, named after it.
///
/// What each one means is written in `SettingDefinition` (and from there in docs/settings.md); the defaults are here.
/// A `Duration` of zero is what the setting's meaning says: mostly off, or no limit. A value type of some 2 kB: code
/// that runs for each query keeps the few values that it needs.
public struct Settings: Sendable, Equatable {
    /// Every setting at its default.
    public init() {}

    /// Word lists as they were written, and numbers that mean yes, for SHOW CONFIG; by the name of the setting.
    var givenTexts: [String: String] = [:]

    // MARK: Listening

    /// `listen_addr`.
    public var listenAddr: [String] = []
    /// `listen_port`.
    public var listenPort: Int = 6432
    /// `listen_backlog`.
    public var listenBacklog: Int = 128
    /// `unix_socket_dir`.
    public var unixSocketDir: String = "/tmp"
    /// `unix_socket_mode`.
    public var unixSocketMode: Int = 0o777
    /// `unix_socket_group`.
    public var unixSocketGroup: String = ""
    /// `so_reuseport`.
    public var soReuseport: Bool = false
    /// `tcp_defer_accept`.
    public var tcpDeferAccept: Bool = true
    /// `worker_threads`.
    public var workerThreads: Int = 0

    // MARK: Pools and limits

    /// `pool_mode`.
    public var poolMode: PoolMode = .session
    /// `default_pool_size`.
    public var defaultPoolSize: Int = 20
    /// `min_pool_size`.
    public var minPoolSize: Int = 0
    /// `reserve_pool_size`.
    public var reservePoolSize: Int = 0
    /// `reserve_pool_timeout`.
    public var reservePoolTimeout: Duration = .seconds(5)
    /// `max_client_conn`.
    public var maxClientConn: Int = 100
    /// `max_db_connections`.
    public var maxDbConnections: Int = 0
    /// `max_db_client_connections`.
    public var maxDbClientConnections: Int = 0
    /// `max_user_connections`.
    public var maxUserConnections: Int = 0
    /// `max_user_client_connections`.
    public var maxUserClientConnections: Int = 0
    /// `server_round_robin`.
    public var serverRoundRobin: Bool = false
    /// `autodb_idle_timeout`.
    public var autodbIdleTimeout: Duration = .seconds(3600)
    /// `pool_idle_timeout`.
    public var poolIdleTimeout: Duration = .zero
    /// `max_server_logins`.
    public var maxServerLogins: Int = 8

    // MARK: Sessions

    /// `server_reset_query`.
    public var serverResetQuery: String = "DISCARD ALL"
    /// `server_reset_query_always`.
    public var serverResetQueryAlways: Bool = false
    /// `ignore_startup_parameters`.
    public var ignoreStartupParameters: [String] = []
    /// `track_extra_parameters`.
    public var trackExtraParameters: [String] = ["IntervalStyle"]
    /// `application_name_add_host`.
    public var applicationNameAddHost: Bool = false
    /// `max_prepared_statements`.
    public var maxPreparedStatements: Int = 200
    /// `disable_pqexec`.
    public var disablePqexec: Bool = false
    /// `max_packet_size`, bytes.
    public var maxPacketSize: Int = 2_147_483_647
    /// `login_notify_message`.
    public var loginNotifyMessage: String = ""
    /// `session_state`.
    public var sessionState: SessionStateMode = .track
    /// `max_pinned`.
    public var maxPinned: Int = -1

    // MARK: Timeouts

    /// `client_login_timeout`.
    public var clientLoginTimeout: Duration = .seconds(60)
    /// `client_idle_timeout`.
    public var clientIdleTimeout: Duration = .zero
    /// `query_wait_timeout`.
    public var queryWaitTimeout: Duration = .seconds(120)
    /// `query_wait_notify`, seconds.
    public var queryWaitNotify: Int = 5
    /// `query_timeout`.
    public var queryTimeout: Duration = .zero
    /// `transaction_timeout`.
    public var transactionTimeout: Duration = .zero
    /// `idle_transaction_timeout`.
    public var idleTransactionTimeout: Duration = .zero
    /// `cancel_wait_timeout`.
    public var cancelWaitTimeout: Duration = .seconds(10)
    /// `suspend_timeout`.
    public var suspendTimeout: Duration = .seconds(10)

    // MARK: Servers

    /// `server_lifetime`.
    public var serverLifetime: Duration = .seconds(3600)
    /// `server_idle_timeout`.
    public var serverIdleTimeout: Duration = .seconds(600)
    /// `server_connect_timeout`.
    public var serverConnectTimeout: Duration = .seconds(15)
    /// `server_login_retry`.
    public var serverLoginRetry: Duration = .seconds(15)
    /// `server_check_delay`.
    public var serverCheckDelay: Duration = .seconds(30)
    /// `server_check_query`.
    public var serverCheckQuery: String = "<empty>"
    /// `server_fast_close`.
    public var serverFastClose: Bool = false
    /// `dns_max_ttl`.
    public var dnsMaxTtl: Duration = .seconds(15)
    /// `dns_nxdomain_ttl`.
    public var dnsNxdomainTtl: Duration = .seconds(15)
    /// `dns_zone_check_period`.
    public var dnsZoneCheckPeriod: Duration = .zero
    /// `resolv_conf`.
    public var resolvConf: String = ""
    /// `password_command`.
    public var passwordCommand: PasswordCommand?
    /// `password_command_ttl`.
    public var passwordCommandTtl: Duration = .seconds(300)

    // MARK: Authentication

    /// `auth_type`.
    public var authType: AuthType = .md5
    /// `auth_file`.
    public var authFile: String?
    /// `auth_hba_file`.
    public var authHbaFile: String = ""
    /// `auth_ident_file`.
    public var authIdentFile: String?
    /// `auth_user`.
    public var authUser: String?
    /// `auth_query`.
    public var authQuery: String = SettingDefinition.defaultAuthQuery
    /// `auth_dbname`.
    public var authDbname: String?
    /// `auth_ldap_options`.
    public var authLdapOptions: LDAPOptions?
    /// `scram_iterations`.
    public var scramIterations: Int = 4096
    /// `auth_query_cache_ttl`.
    public var authQueryCacheTtl: Duration = .zero
    /// `auth_failure_limit`.
    public var authFailureLimit: Int = 20
    /// `max_logging_in`.
    public var maxLoggingIn: Int = 0
    /// `auth_jwt_keys`.
    public var authJwtKeys: String?
    /// `auth_jwt_user_claim`.
    public var authJwtUserClaim: String = "sub"
    /// `auth_jwt_issuer`.
    public var authJwtIssuer: String = ""
    /// `auth_jwt_audience`.
    public var authJwtAudience: String = ""

    // MARK: TLS

    /// `client_tls_sslmode`.
    public var clientTlsSslmode: SSLMode = .disable
    /// `client_tls_key_file`.
    public var clientTlsKeyFile: String = ""
    /// `client_tls_cert_file`.
    public var clientTlsCertFile: String = ""
    /// `client_tls_ca_file`.
    public var clientTlsCaFile: String = ""
    /// `client_tls_protocols`.
    public var clientTlsProtocols: String = "secure"
    /// `client_tls_ciphers`.
    public var clientTlsCiphers: String = "default"
    /// `client_tls13_ciphers`.
    public var clientTls13Ciphers: String?
    /// `client_tls_ecdhcurve`.
    public var clientTlsEcdhcurve: String = "auto"
    /// `client_tls_dheparams`.
    public var clientTlsDheparams: DHEParams = .auto
    /// `server_tls_sslmode`.
    public var serverTlsSslmode: SSLMode = .prefer
    /// `server_tls_ca_file`.
    public var serverTlsCaFile: String = ""
    /// `server_tls_key_file`.
    public var serverTlsKeyFile: String = ""
    /// `server_tls_cert_file`.
    public var serverTlsCertFile: String = ""
    /// `server_tls_protocols`.
    public var serverTlsProtocols: String = "secure"
    /// `server_tls_ciphers`.
    public var serverTlsCiphers: String = "default"
    /// `server_tls13_ciphers`.
    public var serverTls13Ciphers: String?

    // MARK: Console, log and statistics

    /// `admin_users`.
    public var adminUsers: [String] = []
    /// `stats_users`.
    public var statsUsers: [String] = []
    /// `stats_period`, seconds.
    public var statsPeriod: Int = 60
    /// `log_stats`.
    public var logStats: Bool = true
    /// `log_connections`.
    public var logConnections: Bool = true
    /// `log_disconnections`.
    public var logDisconnections: Bool = true
    /// `log_pooler_errors`.
    public var logPoolerErrors: Bool = true
    /// `logfile`.
    public var logfile: String = ""
    /// `syslog`.
    public var syslog: Bool = false
    /// `syslog_ident`.
    public var syslogIdent: String = "pgbouncer"
    /// `syslog_facility`.
    public var syslogFacility: SyslogFacility = .daemon
    /// `verbose`.
    public var verbose: Int = 0
    /// `log_format`.
    public var logFormat: LogFormat = .pgbouncer
    /// `metrics_listen`.
    public var metricsListen: HostAndPort?

    // MARK: Network

    /// `tcp_keepalive`.
    public var tcpKeepalive: Bool = true
    /// `tcp_keepcnt`.
    public var tcpKeepcnt: Int = 0
    /// `tcp_keepidle`, seconds.
    public var tcpKeepidle: Int = 0
    /// `tcp_keepintvl`, seconds.
    public var tcpKeepintvl: Int = 0
    /// `tcp_socket_buffer`, bytes.
    public var tcpSocketBuffer: Int = 0
    /// `tcp_user_timeout`, milliseconds.
    public var tcpUserTimeout: Int = 0
    /// `pkt_buf`, bytes; less than 64 KiB counts as that.
    public var pktBuf: Int = 4096
    /// `sbuf_loopcnt`.
    public var sbufLoopcnt: Int = 5

    // MARK: Process

    /// `user`.
    public var user: String?
    /// `pidfile`.
    public var pidfile: String = ""
    /// `conffile`.
    public var conffile: String?
    /// `job_name`.
    public var jobName: String = "pgbouncer"
    /// `peer_id`.
    public var peerId: Int = 0
}
