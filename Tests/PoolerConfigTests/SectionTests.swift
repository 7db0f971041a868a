import Testing

@testable import PoolerConfig

@Suite("Databases, users and peers")
struct SectionTests {
    private func database(_ string: String) throws -> Database {
        try #require(load("[pgbouncer]\n[databases]\na = \(string)").databases["a"])
    }

    private func problem(database string: String) -> String? {
        PoolerConfigTests.problem("[pgbouncer]\n[databases]\na = \(string)")
    }

    @Test func `The keys are PgBouncer's and our own`() {
        let databases = PackageFiles.rows("databases_keys.tsv")
        #expect(databases.count > 20)
        let own: Set = ["password_command", "session_state", "max_pinned", "sslnegotiation"]
        #expect(Set(DatabaseKey.all.map(\.name)) == Set(databases.compactMap { $0["key"] }).union(own))
        let users = Set(PackageFiles.rows("users_keys.tsv").compactMap { $0["key"] })
        #expect(Set(UserKey.all.map(\.name)) == users.union(["password_command", "session_state"]))
        #expect(Set(PeerKey.all.map(\.name)) == Set(PackageFiles.rows("peers_keys.tsv").compactMap { $0["key"] }))
    }

    @Test(arguments: PackageFiles.rows("databases_keys.tsv"))
    func `The keys that close server connections are PgBouncer's`(row: [String: String]) throws {
        let key = try #require(DatabaseKey.all.first { $0.name == row["key"] })
        #expect(key.isPartOfConnection == (row["change_on_reload"]?.contains("close_needed") == true))
    }

    @Test(arguments: [
        ("[databases]\n\"e\u{301}\" = host=h", "databases/e\u{301}"),
        ("[users]\n\"e\u{301}\" = pool_mode=session", "users/e\u{301}"),
        ("[databases]\na = user=e\u{301}", "databases/a/user"),
        ("[pgbouncer]\nadmin_users = a, e\u{301}", "admin_users"),
        ("[pgbouncer]\nstats_users = e\u{301}", "stats_users"),
    ])
    func `A name that no client can have is an error`(text: String, key: String) {
        let problem = PoolerConfigTests.problem("[pgbouncer]\n\(text)") ?? ""
        #expect(problem.hasPrefix("main.ini:3: \(key): found the name \""))
        #expect(problem.hasSuffix("expected Unicode normalization form C"))
    }

    @Test func `Every key of a database has its property`() throws {
        let database = try database(
            """
            dbname=d host=h1,h2 port=1 user=u password=p auth_user=au auth_query='select 1' auth_dbname=ad pool_size=2 \
            min_pool_size=3 reserve_pool_size=4 connect_query='select 2' pool_mode=statement max_db_connections=5 \
            max_db_client_connections=6 server_lifetime=7 query_wait_timeout=8 load_balance_hosts=disable \
            client_encoding=ce datestyle=ds timezone=tz application_name=an session_state=pin max_pinned=9 \
            password_command='a b'
            """)
        var expected = Database(name: "a")
        expected.dbname = "d"
        expected.hosts = ["h1", "h2"]
        expected.port = 1
        expected.user = "u"
        expected.password = "p"
        expected.authUser = "au"
        expected.authQuery = "select 1"
        expected.authDbname = "ad"
        expected.poolSize = 2
        expected.minPoolSize = 3
        expected.reservePoolSize = 4
        expected.connectQuery = "select 2"
        expected.poolMode = .statement
        expected.maxDbConnections = 5
        expected.maxDbClientConnections = 6
        expected.serverLifetime = .seconds(7)
        expected.queryWaitTimeout = .seconds(8)
        expected.loadBalanceHosts = .disable
        expected.clientEncoding = "ce"
        expected.datestyle = "ds"
        expected.timezone = "tz"
        expected.applicationName = "an"
        expected.sessionState = .pin
        expected.maxPinned = 9
        expected.passwordCommand = try PasswordCommand("a b")
        #expect(database == expected)
    }

    @Test func `An empty string is a database of that name behind the Unix socket`() throws {
        #expect(try database("") == Database(name: "a"))
        #expect(try database("").hosts == [])
        #expect(try database("").port == 5432)
    }

    @Test func `Negative numbers inherit, and where it is said so 0 does`() throws {
        let database = try database(
            """
            pool_size=-1 min_pool_size=-1 reserve_pool=-2 max_db_connections=0 max_db_client_connections=-1 \
            server_lifetime=0 query_wait_timeout=-1
            """)
        #expect(database == Database(name: "a"))
        #expect(try self.database("pool_size=0 query_wait_timeout=0 reserve_pool=010").poolSize == 0)
        #expect(try self.database("query_wait_timeout=0").queryWaitTimeout == .zero)
        #expect(try self.database("reserve_pool=010").reservePoolSize == 10)
    }

    @Test(arguments: [
        "port=0", "port=x", "port=65536", "port=1,2", "port=-1", "pool_size=x", "pool_size=5x", "pool_size=0x10",
        "pool_mode=sesion", "server_lifetime=5m", "host=a,,b", "host=,", "host= port=5", "load_balance_hosts=yes",
        "max_db_connections=1e3", "sslmode=require", "Host=x", "pool_size=99999999999999999999", "host=x ; comment",
    ])
    func `A wrong value or key is an error about the entry`(string: String) throws {
        #expect(try #require(problem(database: string)).hasPrefix("main.ini:3: databases/a"))
    }

    @Test func `Errors name the key of the connect string`() {
        #expect(
            problem(database: "host=x port=70000")
                == "main.ini:3: databases/a/port: found \"70000\", expected a port from 1 to 65535")
        #expect(
            problem(database: "host=x pol_size=7")
                == "main.ini:3: databases/a: found unrecognized connection parameter: pol_size, expected perhaps pool_size"
        )
    }

    @Test(arguments: ["a.b-c_1", "'a b'", "\"a b\"", "\"say \"\"hi\"\"\"", "'é'", "\"it's\""])
    func `Names are bare or quoted`(name: String) throws {
        let names = [
            "a.b-c_1": "a.b-c_1", "'a b'": "a b", "\"a b\"": "a b", "\"say \"\"hi\"\"\"": "say \"hi\"", "'é'": "é",
            "\"it's\"": "it's",
        ]
        let configuration = try load("[pgbouncer]\n[databases]\n\(name) = host=x\n[users]\n\(name)=pool_size=1")
        #expect(configuration.databases.keys.first == names[name])
        #expect(configuration.users.keys.first == names[name])
    }

    @Test func `Names have a longest length`() {
        let longest = String(repeating: "d", count: 63)
        #expect(PoolerConfigTests.problem("[pgbouncer]\n[databases]\n\(longest) = host=x") == nil)
        #expect(PoolerConfigTests.problem("[pgbouncer]\n[databases]\n\(longest)d = host=x") != nil)
        let user = String(repeating: "u", count: 127)
        #expect(PoolerConfigTests.problem("[pgbouncer]\n[users]\n\(user) = pool_size=1") == nil)
        #expect(PoolerConfigTests.problem("[pgbouncer]\n[users]\n\(user)u = pool_size=1") != nil)
    }

    @Test(arguments: ["pgbouncer", "pgvalet"])
    func `The console's names are reserved`(name: String) throws {
        let text = PoolerConfigTests.problem("[pgbouncer]\n[databases]\n\(name) = host=x")
        #expect(text?.contains("database name \"\(name)\" is reserved") == true)
        #expect(try load("[pgbouncer]\n[databases]\n* = host=x").database(named: name) == nil)
    }

    @Test func `The fallback makes databases of any name`() throws {
        let configuration = try load("[pgbouncer]\n[databases]\na = host=x\n* = host=y pool_size=3")
        let automatic = try #require(configuration.database(named: "b"))
        #expect(automatic.isAutomatic)
        #expect(automatic.name == "b")
        #expect(automatic.dbname == "b")
        #expect(automatic.hosts == ["y"])
        #expect(configuration.database(named: "a")?.isAutomatic == false)
        #expect(configuration.databases["*"] == nil)
        #expect(configuration.database(named: "") == nil)
        #expect(configuration.database(named: String(repeating: "x", count: 64)) == nil)
        #expect(try load("[pgbouncer]\n[databases]\na = host=x").database(named: "b") == nil)
        #expect(try load("[pgbouncer]\n[databases]\n* = dbname=one").database(named: "b")?.dbname == "one")
    }

    @Test func `The fallback's string is checked at load`() {
        #expect(PoolerConfigTests.problem("[pgbouncer]\n[databases]\n* = port=x") != nil)
    }

    @Test func `A key given twice in one string is a warning`() throws {
        let configuration = try load("[pgbouncer]\n[databases]\na = reserve_pool=1 port=1 port=2 reserve_pool_size=3")
        #expect(configuration.databases["a"]?.port == 2)
        #expect(configuration.databases["a"]?.reservePoolSize == 3)
        #expect(configuration.warnings.count == 2)
    }

    @Test func `The keys of auth_query have their effect, and no warning`() throws {
        let configuration = try load(
            "[pgbouncer]\n[databases]\na = auth_user=x auth_query='select $1' auth_dbname=b\nb = host=h")
        #expect(configuration.warnings.isEmpty)
        guard case .query(let query) = configuration.authQuery(forDatabase: "a") else {
            Issue.record("no query")
            return
        }
        #expect(query.user == "x" && query.sql == "select $1" && query.database.name == "b")
    }

    @Test func `Every key of a user has its property`() throws {
        let configuration = try load(
            """
            [pgbouncer]
            [users]
            u = pool_mode=session pool_size=1 reserve_pool_size=2 max_user_connections=3 max_user_client_connections=4 \
            query_timeout=5 query_wait_timeout=6 idle_transaction_timeout=7 transaction_timeout=8 client_idle_timeout=9.5
            v = query_timeout=0 query_wait_timeout=0 idle_transaction_timeout=0 transaction_timeout=0 client_idle_timeout=0
            """)
        var user = User(name: "u")
        user.poolMode = .session
        user.poolSize = 1
        user.reservePoolSize = 2
        user.maxUserConnections = 3
        user.maxUserClientConnections = 4
        user.queryTimeout = .seconds(5)
        user.queryWaitTimeout = .seconds(6)
        user.idleTransactionTimeout = .seconds(7)
        user.transactionTimeout = .seconds(8)
        user.clientIdleTimeout = .milliseconds(9500)
        #expect(configuration.users["u"] == user)
        var other = User(name: "v")
        other.queryWaitTimeout = .zero
        #expect(configuration.users["v"] == other)
        #expect(
            PoolerConfigTests.problem("[pgbouncer]\n[users]\nu = min_pool_size=1")?
                .contains("unrecognized user parameter: min_pool_size") == true)
    }

    @Test func `Peers have a number, hosts and a port`() throws {
        let configuration = try load("[pgbouncer]\n[peers]\n1 = host=a,b\n65535 = host=/tmp port=5 pool_size=0")
        var first = Peer(id: 1, hosts: ["a", "b"])
        first.port = 6432
        var last = Peer(id: 65535, hosts: ["/tmp"])
        last.port = 5
        last.poolSize = 0
        #expect(configuration.peers == [1: first, 65535: last])
        #expect(configuration.warnings.isEmpty)
    }

    @Test(arguments: [
        "0 = host=a", "65536 = host=a", "x = host=a", "1 = port=5", "1 = host=a user=b", "1 = host=a port=0",
    ])
    func `A wrong peer is an error`(line: String) {
        #expect(PoolerConfigTests.problem("[pgbouncer]\n[peers]\n\(line)")?.hasPrefix("main.ini:3: peers/") == true)
    }

    @Test func `Interpolation shows no secret`() throws {
        let configuration = try load(
            "[pgbouncer]\nauth_file = f\n[databases]\na = password=hush", ["f": "\"u\" \"hush\""])
        #expect(!"\(configuration) \(configuration.databases["a"] ?? Database(name: ""))".contains("hush"))
    }
}
