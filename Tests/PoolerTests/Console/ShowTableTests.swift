import Testing

@testable import Pooler

@Suite("The SHOW commands")
struct ShowTableTests {
    static let expected = Dictionary(grouping: ConsoleFixture.rows("show_commands.tsv")) { $0[0] }

    @Test("Names, order, types and sizes of the columns are PgBouncer's", arguments: expected.keys.sorted())
    func columns(command: String) throws {
        let rows = try #require(Self.expected[command])
        var client = ConsoleClient(command == "SHOW FDS" ? .admin : .stats)
        client.report = Self.sample
        client.send("Q", ConsoleClient.strings(command))
        let messages = client.messages()
        #expect(messages.suffix(2).map(\.description) == ["C SHOW", "Z"])
        let header = try #require(messages.first)
        try #require(header.type == "T")
        var reader = ConsoleMessageReader(header.body)
        #expect(reader.int16().map(Int.init) == rows.count)
        for row in rows {
            #expect(reader.cString() == row[2])
            #expect(reader.int32() == 0 && reader.int16() == 0)
            #expect(reader.int32() == Int32(row[4]), "\(row[2])")
            #expect(reader.int16() == ["23": 4, "20": 8][row[4], default: -1])
            #expect(reader.int32() == -1 && reader.int16() == 0)
        }
        #expect(reader.isAtEnd)
        for message in messages.dropFirst().dropLast(2) {
            #expect(message.type == "D" && message.values.count == rows.count)
        }
    }

    @Test("Every table but our own is in the reference, and none is missing")
    func completeness() {
        let tables = Set(ShowTable.groups.joined().map { "SHOW " + $0.name })
        #expect(tables.subtracting(Self.expected.keys) == Self.own)
        #expect(Set(Self.expected.keys.filter { $0 == $0.uppercased() }) == tables.subtracting(Self.own))
    }

    private static let own: Set = ["SHOW WORKERS", "SHOW PINS", "SHOW PIN_STATS"]

    /// Two workers that share one pool, and one client in login.
    static let sample: PoolerReport = {
        let app = PoolReport.ID(database: "app", user: "web")
        func pool(_ id: PoolReport.ID, active: Int, wait: Duration?, queries: UInt64) -> PoolReport {
            var pool = PoolReport(id: id, poolMode: "transaction")
            (pool.activeClients, pool.waitingClients, pool.activeServers, pool.idleServers) = (active, 1, 2, 3)
            (pool.cancelServers, pool.longestWait) = (1, wait)
            pool.counters.queries = queries
            return pool
        }
        func socket(_ id: UInt64, _ state: SocketReport.State, _ database: String?, link: UInt64? = nil) -> SocketReport
        {
            SocketReport(
                id: id, state: state, user: database == nil ? nil : "web", database: database, address: "unix",
                port: 6432,
                localAddress: "unix", localPort: 6432, connectTime: 0, requestTime: 0, wait: .microseconds(2_000_007),
                pointer: 0xAB00 + id, link: link)
        }
        var busy = socket(3, .clientActive, "app", link: 0xAB04)
        busy.buffer.unsent = 12
        (busy.tls, busy.applicationName, busy.closeNeeded) = ("TLSv1.3/TLS_AES_256_GCM_SHA384", "psql", true)
        let one = WorkerReport(
            worker: 1,
            sockets: [
                socket(9, .clientLogin, nil), socket(5, .clientWaiting, "app"), busy,
                socket(4, .serverActive, "app", link: 0xAB03),
            ],
            pools: [pool(app, active: 3, wait: .seconds(3), queries: 100)],
            peerPools: [PeerPoolReport(peerID: 2, activeCancels: 1)],
            memory: [MemoryReport(slab: .clients, objectSize: 512, used: 3, free: 1, total: 2048)], freeClients: 10)
        let two = WorkerReport(
            worker: 0,
            sockets: [socket(2, .clientIdle, "app"), socket(7, .serverLogin, "app"), socket(1, .clientIdle, "aaa")],
            pools: [
                pool(app, active: 4, wait: .milliseconds(1500), queries: 40),
                pool(.init(database: "aaa", user: "web"), active: 1, wait: nil, queries: 7),
            ],
            peerPools: [PeerPoolReport(peerID: 2, waitingCancels: 4)],
            memory: [MemoryReport(slab: .clients, objectSize: 512, used: 3, free: 0, total: 1536)], freeClients: 5)
        var globals = PoolerReport.Globals(versionText: "PgBouncer 1.25.2")
        globals.databases = [
            .console(listenPort: 6432, serverLifetime: .seconds(3600)),
            DatabaseReport(
                name: "app", host: "h1,h2", port: 5432, database: "appdb", poolSize: 20, minPoolSize: 1,
                reservePoolSize: 5,
                serverLifetime: .milliseconds(1999), poolMode: "session", loadBalanceHosts: "round-robin",
                maxConnections: 7,
                maxClientConnections: 8, isPaused: true),
        ]
        globals.users = [
            UserReport(name: "web", poolSize: 4, maxConnections: 1, maxClientConnections: 2),
            UserReport(name: "Zed", poolMode: "statement", maxConnections: 0, maxClientConnections: 0),
        ]
        globals.settings = [SettingReport(key: "auth_file", value: nil, defaultValue: nil, isChangeable: true)]
        globals.peers = [PeerReport(id: 2, host: "p", port: 6432, poolSize: 20)]
        globals.dnsHosts = [DNSHostReport(hostname: "h1", timeToLive: .seconds(-1), addresses: ["10.0.0.1", "::1"])]
        globals.dnsZones = [DNSZoneReport(zone: "example", serial: .max, hosts: 1)]
        globals.statBaseline = .init(counters: [app: StatCounters(queries: 40)], period: .seconds(10))
        return PoolerReport(workers: [one, two], globals: globals)
    }()

    static func rows(_ name: String) -> [String] {
        var client = ConsoleClient()
        client.report = sample
        return client.query("show " + name).filter { $0.hasPrefix("D ") }.map { String($0.dropFirst(2)) }
    }

    @Test("The workers' parts of a pool are one row; the longest wait counts")
    func pools() {
        #expect(
            Self.rows("pools") == [
                "aaa|web|1|1|0|0|2|1|0|3|0|0|0|0|0|transaction|NULL",
                "app|web|7|2|0|0|4|2|0|6|0|0|0|3|0|transaction|NULL",
                "pgbouncer|pgbouncer|0|0|0|0|0|0|0|0|0|0|0|0|0|statement|NULL",
            ])
    }

    @Test("Databases and users show their limits and what they use")
    func databasesAndUsers() {
        #expect(
            Self.rows("databases") == [
                "app|h1,h2|5432|appdb|NULL|20|1|5|1|session|round-robin|7|10|8|9|1|0",
                "pgbouncer|NULL|6432|pgbouncer|pgbouncer|2|0|0|3600|statement|NULL|0|0|0|0|0|0",
            ])
        #expect(Self.rows("users") == ["Zed|NULL|NULL|statement|0|0|0|0", "web|4|NULL|NULL|1|15|2|4"])
    }

    @Test("Clients come by pool, then state; those in login only in SOCKETS")
    func clients() throws {
        let clients = Self.rows("clients").map {
            $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(clients.map { $0[20] } == ["1", "2", "3", "5"])
        #expect(clients.map { $0[4] } == ["idle", "idle", "active", "waiting"])
        let busy = clients[2]
        #expect(busy[0...4] == ["C", "web", "app", "none", "active"])
        #expect(busy[5...8] == ["unix", "6432", "unix", "6432"])
        #expect(
            busy[11...] == [
                "2", "7", "1", "0xab03", "0xab04", "0", "TLSv1.3/TLS_AES_256_GCM_SHA384", "psql", "0", "3",
            ])
        #expect(clients[0][15] == "")
        let servers = Self.rows("servers").map { $0.split(separator: "|").map(String.init) }
        #expect(servers.map { $0[0] + " " + $0[4] } == ["S active", "S new"])
        let sockets = Self.rows("sockets").map {
            $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(
            sockets.map { $0[4] } == [
                "cl_active", "cl_active", "cl_active", "cl_waiting", "sv_active", "sv_login", "cl_login",
            ])
        #expect(sockets.last?[1...2] == ["(nouser)", "(nodb)"])
        let active = Self.rows("active_sockets")
        #expect(active.count == 1 && active.first?.hasSuffix("|3|0|0|0|0|0|0|12") == true)
    }

    @Test("Lists count everything, in PgBouncer's order")
    func lists() {
        #expect(
            Self.rows("lists") == [
                "databases|2", "users|2", "peers|1", "pools|3", "peer_pools|1", "free_clients|15", "used_clients|5",
                "login_clients|1", "free_servers|0", "used_servers|2", "dns_names|1", "dns_zones|1", "dns_queries|0",
                "dns_pending|0",
            ])
        let slabs = Self.rows("mem")
        #expect(slabs.count == 12)
        #expect(slabs[0] == "user_cache|0|0|0|0" && slabs[8] == "client_cache|512|6|1|3584")
    }

    @Test("The smaller tables")
    func smallTables() {
        #expect(Self.rows("state") == ["active|yes", "paused|no", "suspended|no"])
        #expect(Self.rows("config") == ["auth_file|NULL|NULL|yes"])
        #expect(Self.rows("peers") == ["2|p|6432|20"])
        #expect(Self.rows("peer_pools") == ["2|1|4|0|0"])
        #expect(Self.rows("dns_hosts") == ["h1|0|10.0.0.1:0,::1:0"])
        #expect(Self.rows("dns_zones") == ["example|4294967295|1"])
        #expect(Self.rows("workers") == ["0|2|0|0|1|2", "1|3|1|1|1|1"])
    }

    @Test("Stats sum the pools of a database; averages count from the baseline")
    func stats() {
        let stats = Self.rows("stats").map { $0.split(separator: "|").map(String.init) }
        #expect(stats.map { $0[0] } == ["aaa", "app", "pgbouncer"])
        #expect(stats.map { $0[3] } == ["7", "140", "0"])
        #expect(stats.map { $0[15] } == ["0", "10", "0"])
        #expect(Self.rows("stats_totals")[1] == "app|0|0|140|0|0|0|0|0|0|0|0|0")
        #expect(Self.rows("stats_averages")[1] == "app|0|0|10|0|0|0|0|0|0|0|0|0")
        let totals = Self.rows("totals")
        #expect(
            totals.map { String($0.prefix { $0 != "|" }) } == [
                "total_server_assignment_count", "total_xact_count", "total_query_count", "total_client_bytes",
                "total_server_bytes", "total_xact_time", "total_query_time", "total_wait_time",
                "total_ps_client_parse_count", "total_ps_server_parse_count", "total_ps_bind_count",
                "total_client_login_count", "avg_server_assignment_count", "avg_xact_count", "avg_query_count",
                "avg_client_bytes", "avg_server_bytes", "avg_xact_time", "avg_query_time", "avg_wait_time",
                "avg_ps_client_parse_count", "avg_ps_server_parse_count", "avg_ps_bind_count", "avg_client_login_count",
            ])
        #expect(totals[2] == "total_query_count|147" && totals[14] == "avg_query_count|10")
    }

    @Test(
        "Times are printed in the local zone",
        arguments: [(0, "19"), (1_750_000_000, "2025-06-1")] as [(Int64, String)])
    func times(seconds: Int64, prefix: String) throws {
        let text = LocalTime.text(seconds)
        #expect(text.hasPrefix(prefix) || (seconds == 0 && text.hasPrefix("1970")))
        let parts = text.split(separator: " ")
        #expect(parts.count == 3 && parts[0].count == 10 && parts[1].count == 8)
        #expect(LocalTime.text(.max) == "")
    }
}
