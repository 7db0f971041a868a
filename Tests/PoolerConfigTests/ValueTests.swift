import Testing

@testable import PoolerConfig

@Suite("Values")
struct ValueTests {
    @Test(arguments: [
        ("20", 20), ("0", 0), ("010", 8), ("0x10", 16), ("0XfF", 255), ("-5", -5), ("+7", 7),
        ("2147483647", 2_147_483_647),
        ("-2147483648", -2_147_483_648), ("-0x10", -16), ("00", 0),
    ])
    func `Integers are read as strtol does with base 0`(text: String, number: Int) throws {
        #expect(try load("[pgbouncer]\ndefault_pool_size = \(text)").settings.defaultPoolSize == number)
    }

    @Test(arguments: [
        "", "x", "1x", "08", "0x", "0xg", "--1", "+-1", "-", "1 2", "2147483648", "99999999999999999999999",
    ])
    func `What is no integer is refused`(text: String) {
        #expect(problem("[pgbouncer]\ndefault_pool_size = \(text)") != nil)
    }

    @Test(arguments: [
        ("0", false), ("1", true), ("2", true), ("-1", true), ("0x0", false), ("on", true), ("OFF", false),
        ("True", true), ("false", false), ("yes", true), ("no", false),
    ])
    func `Booleans are integers, or words`(text: String, value: Bool) throws {
        #expect(try load("[pgbouncer]\nlog_stats = \(text)").settings.logStats == value)
    }

    @Test(arguments: [
        ("10", Duration.seconds(10)), ("1.5", .milliseconds(1500)), ("1e3", .seconds(1000)),
        (".25", .milliseconds(250)),
        ("5.", .seconds(5)), ("+2", .seconds(2)), ("0", .zero), ("0.000001", .microseconds(1)),
        ("1E-1", .milliseconds(100)),
        ("4000000000", .seconds(4_000_000_000)),
    ])
    func `Times are seconds with fractions and exponents`(text: String, time: Duration) throws {
        #expect(try load("[pgbouncer]\nquery_timeout = \(text)").settings.queryTimeout == time)
    }

    @Test(arguments: ["", "-1", "-0.1", "5s", "1m", "nan", "inf", "0x10", "1e", ".", "1e400", "4000000001", "1,5"])
    func `What is no time is refused`(text: String) {
        #expect(problem("[pgbouncer]\nquery_timeout = \(text)") != nil)
    }

    @Test(arguments: [
        ("60", "60"), ("60.0", "60"), ("1.50", "1.5"), (".25", "0.25"), ("1e3", "1000"), ("0.000001", "0.000001"),
        ("0", "0"),
    ])
    func `Times are printed without trailing zeros`(text: String, printed: String) throws {
        let settings = try load("[pgbouncer]\nquery_timeout = \(text)").settings
        #expect(SettingDefinition.named("query_timeout")?.text(in: settings) == printed)
    }

    @Test func `The socket's mode is octal in the file and decimal in SHOW CONFIG`() throws {
        let settings = try load("[pgbouncer]\nunix_socket_mode = 0770").settings
        #expect(settings.unixSocketMode == 0o770)
        #expect(SettingDefinition.named("unix_socket_mode")?.text(in: settings) == "504")
    }

    @Test func `Enumerations are read in any case`() throws {
        let settings = try load("[pgbouncer]\npool_mode = TRANSACTION\nauth_type = Scram-SHA-256").settings
        #expect(settings.poolMode == .transaction)
        #expect(settings.authType == .scramSHA256)
    }

    @Test func `A wrong word is answered with all that could be meant`() {
        #expect(
            problem("[pgbouncer]\npool_mode = sesion")
                == "main.ini:2: pool_mode: found \"sesion\", expected session, transaction or statement")
    }

    @Test func `A way to log in needs what it asks`() throws {
        #expect(
            problem("[pgbouncer]\nauth_type = ldap")
                == "main.ini:2: auth_type: found ldap without auth_ldap_options, expected auth_ldap_options")
        #expect(
            problem("[pgbouncer]\nauth_type = jwt")
                == "main.ini:2: auth_type: found jwt without auth_jwt_keys, expected auth_jwt_keys")
        let text = "[pgbouncer]\nauth_type = jwt\nauth_jwt_keys = keys\n"
        #expect(try load(text, ["keys": "{}"]).tokenKeys == Array("{}".utf8))
        #expect(try load(text, ["keys": "{}"]).warnings.count == 2)
        #expect(
            try load(text + "auth_jwt_audience = a\nclient_tls_sslmode = require\n", ["keys": "{}"]).warnings.isEmpty)
        #expect(try load(text).unreadableFiles.map(\.key) == ["auth_jwt_keys"])
        let rules = try load(
            "[pgbouncer]\nauth_type = hba\nauth_hba_file = hba\nauth_jwt_audience = a\nclient_tls_sslmode = require\n",
            ["hba": "local all all ldap\nlocal all all jwt\n"])
        #expect(
            rules.warnings.map(\.description) == [
                "hba:1: ldap without auth_ldap_options: the rule lets nobody in",
                "hba:2: jwt without auth_jwt_keys: the rule lets nobody in",
            ])
    }

    @Test(arguments: [
        "databases/a", "pgbouncer/client_tls_sslmode", "pgbouncer/server_tls_sslmode",
    ])
    func `Every way of TLS is taken, and nothing else`(place: String) {
        let modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
        for word in modes + ["postgres", "direct", "no", "verify"] {
            let isTaken = (place.hasPrefix("databases") ? ["postgres", "direct"] : modes).contains(word)
            let text =
                place.hasPrefix("databases")
                ? "[pgbouncer]\n[databases]\na = sslnegotiation=\(word)"
                : "[pgbouncer]\n\(place.dropFirst(10)) = \(word)"
            #expect((problem(text) == nil) == isTaken)
        }
    }

    @Test func `Word lists are split at commas, names at blanks as well, and printed as written`() throws {
        let settings = try load("[pgbouncer]\nadmin_users =  alice,bob ,, carol d\nlisten_addr = *").settings
        #expect(settings.adminUsers == ["alice", "bob", "carol d", "carol", "d"])
        #expect(SettingDefinition.named("admin_users")?.text(in: settings) == "alice,bob ,, carol d")
        #expect(settings.listenAddr == ["*"])
        #expect(settings.statsUsers == [])
        let others = try load(
            "[pgbouncer]\nstats_users = a\tb\nignore_startup_parameters = x y, z\ntrack_extra_parameters = x y"
        ).settings
        #expect(others.statsUsers.filter { !$0.contains("\t") } == ["a", "b"])
        #expect(others.ignoreStartupParameters.filter { !$0.contains(" ") } == ["x", "y", "z"])
        #expect(others.trackExtraParameters == ["x y"])
    }

    @Test func `options cannot be tracked`() {
        #expect(problem("[pgbouncer]\ntrack_extra_parameters = search_path, Options") != nil)
    }

    @Test(arguments: ["pgbouncer", "pgvalet"])
    func `auth_query cannot run in the console`(name: String) {
        #expect(problem("[pgbouncer]\nauth_dbname = \(name)") != nil)
        #expect(problem("[pgbouncer]\n[databases]\na = auth_dbname=\(name)") != nil)
    }

    @Test func `Text is taken to the end of the line, quotes and semicolons included`() throws {
        let settings = try load("[pgbouncer]\nserver_reset_query = 'a' ; b # c  \r\nauth_query =\nauth_user =").settings
        #expect(settings.serverResetQuery == "'a' ; b # c")
        #expect(settings.authQuery == "")
        #expect(settings.authUser == nil)
    }

    @Test func `The health probe is the empty query, none, or a query`() throws {
        #expect(Settings().checkQuery == "")
        #expect(try load("[pgbouncer]\nserver_check_query =").settings.checkQuery == nil)
        #expect(try load("[pgbouncer]\nserver_check_query = select 1").settings.checkQuery == "select 1")
    }

    @Test(
        arguments: [
            ("secure", TLSProtocols.secure), ("default", .secure), ("all", .all), ("tlsv1", .all),
            ("tlsv1.2:tlsv1.3", [.tls12, .tls13]), ("all, !tlsv1.0", [.tls11, .tls12, .tls13]), ("TLSv1.1", .tls11),
        ] as [(String, TLSProtocols)])
    func `TLS versions are a list with exceptions`(text: String, versions: TLSProtocols) throws {
        let settings = try load("[pgbouncer]\nclient_tls_protocols = \(text)").settings
        #expect(settings.clientTLSVersions == versions)
        #expect(settings.clientTlsProtocols == text)
    }

    @Test(arguments: ["", "tlsv2", "all,!all", "!secure"])
    func `No TLS version at all is refused`(text: String) {
        #expect(problem("[pgbouncer]\nserver_tls_protocols = \(text)") != nil)
    }

    @Test(arguments: [
        "listen_port = 65536", "listen_port = -1", "peer_id = 65536", "unix_socket_mode = 010000",
        "scram_iterations = 0",
        "stats_period = 0", "max_packet_size = -1", "max_packet_size = 4294967296", "worker_threads = -1",
        "max_pinned = -2",
    ])
    func `Numbers that mean nothing are refused`(line: String) {
        #expect(problem("[pgbouncer]\n\(line)") != nil)
    }
}
