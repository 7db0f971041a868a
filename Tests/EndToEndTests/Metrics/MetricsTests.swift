import PoolerTestSupport
import Testing

/// The endpoint of metrics_listen: that its figures are those of the console.
@Suite(.pgvaletOnly) struct MetricsTests {
    /// A pooler with an endpoint, and its port.
    static func makePooler(
        _ settings: [String: String] = [:], databases: [String: String] = ["app": "$server"],
        secrets: [String: String] = [:]
    ) throws -> (Pooler, Int) {
        let port = try FreePort.take()
        let own = ["pool_mode": "transaction", "worker_threads": "2", "metrics_listen": "127.0.0.1:\(port)"]
        return (try Pooler(own.merging(settings) { $1 }, databases: databases, secrets: secrets), port)
    }

    static func scrape(_ port: Int) throws -> PrometheusText {
        let answer = try Scrape(port: port)
        guard answer.status == 200 else { throw SystemError("\(answer)") }
        return try PrometheusText(answer.body)
    }

    @Test func `there is no endpoint unless it is asked for`() throws {
        let pooler = try Pooler()
        #expect(try pooler.console("SHOW CONFIG").records.first { $0["key"] == "metrics_listen" }?["value"] == "")
        #expect(!pooler.log.contains("metrics on"))
    }

    @Test func `a scrape is Prometheus text`() throws {
        let (pooler, port) = try Self.makePooler()
        try pooler.connect().query("select 1")
        let answer = try Scrape(port: port)
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        let text = try PrometheusText(answer.body)
        #expect(text.sum("pgvalet_build_info") == 1)
        #expect(text.sum("process_resident_memory_bytes") ?? 0 > 1_000_000)
        #expect(text.families["pgvalet_worker_clients"]?.samples.count == 2)
        #expect(text.sum("pgvalet_config_setting", ["name": "worker_threads"]) == 2)
        #expect(text.sum("pgvalet_config_info", ["name": "pool_mode", "value": "transaction"]) == 1)
        #expect(pooler.log.contains("metrics on http://127.0.0.1:\(port)/metrics"))
    }

    @Test func `pools are as SHOW POOLS has them`() throws {
        let (pooler, port) = try Self.makePooler(["default_pool_size": "1"])
        let holder = try pooler.connect()
        try holder.query("begin")
        let waiter = try pooler.connect()
        try waiter.send("select 1")
        let idle = try pooler.connect()
        defer { idle.close() }
        try eventually { try Self.scrape(port).sum("pgvalet_pool_clients", ["state": "waiting"]) == 1 }
        let row = try pooler.pool()
        let text = try Self.scrape(port)
        let app = ["database": "app", "user": "app"]
        for (metric, prefix) in [("pgvalet_pool_clients", "cl_"), ("pgvalet_pool_servers", "sv_")] {
            for (column, value) in row where column.hasPrefix(prefix) {
                let state = String(column.dropFirst(3))
                #expect(
                    text.sum(metric, app.merging(["state": state]) { $1 }) == Double(value), "\(metric) \(column)")
            }
        }
        #expect(text.sum("pgvalet_pool_maxwait_seconds", app) ?? 0 > 0)
        #expect(text.sum("pgvalet_pool_info", app.merging(["pool_mode": "transaction"]) { $1 }) == 1)
        #expect(text.sum("pgvalet_database_current_connections", ["database": "app"]) == 1)
        try holder.query("commit")
        try waiter.lastResult()
    }

    @Test func `counters are those of SHOW STATS`() throws {
        let (pooler, port) = try Self.makePooler(["max_prepared_statements": "10"])
        let clients = try (0..<4).map { _ in try pooler.connect() }
        for client in clients {
            try client.prepare("one", "select $1::int")
            for round in 0..<5 { try client.execute("one", ["\(round)"]) }
            try client.query("begin; select 1; commit")
        }
        let figures: [(column: String, metric: String, unit: Double)] = [
            ("total_server_assignment_count", "pgvalet_server_assignments_total", 1),
            ("total_xact_count", "pgvalet_transactions_total", 1), ("total_query_count", "pgvalet_queries_total", 1),
            ("total_received", "pgvalet_received_bytes_total", 1), ("total_sent", "pgvalet_sent_bytes_total", 1),
            ("total_xact_time", "pgvalet_transaction_seconds_total", 1e6),
            ("total_query_time", "pgvalet_query_seconds_total", 1e6),
            ("total_wait_time", "pgvalet_wait_seconds_total", 1e6),
            ("total_client_parse_count", "pgvalet_client_parses_total", 1),
            ("total_server_parse_count", "pgvalet_server_parses_total", 1),
            ("total_bind_count", "pgvalet_binds_total", 1),
            ("total_client_login_count", "pgvalet_client_logins_total", 1),
        ]
        // A text is up to a second old.
        try eventually { try Self.scrape(port).sum("pgvalet_transactions_total", ["database": "app"]) == 28 }
        let row = try #require(try pooler.console("SHOW STATS").records.first { $0["database"] == "app" })
        let text = try Self.scrape(port)
        for (column, metric, unit) in figures {
            let value = try #require(text.sum(metric, ["database": "app"]), "\(metric)")
            #expect((value * unit).rounded() == row[column].flatMap { Double($0) }, "\(metric)")
        }
        let app = ["database": "app"]
        #expect(text.sum("pgvalet_login_duration_seconds_count", app) == 4)
        #expect(text.sum("pgvalet_transaction_duration_seconds_count", app) == 28)
        #expect(
            text.sum("pgvalet_wait_duration_seconds_count", app) == text.sum("pgvalet_server_assignments_total", app))
        #expect(
            text.sum("pgvalet_transaction_duration_seconds_sum", app)
                == text.sum("pgvalet_transaction_seconds_total", app))
    }

    @Test func `lists are those of SHOW LISTS`() throws {
        let (pooler, port) = try Self.makePooler()
        let clients = try (0..<3).map { _ in try pooler.connect() }
        try clients[0].query("select 1")
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try eventually { try Self.scrape(port).sum("pgvalet_list_items", ["list": "used_clients"]) == 4 }
        let text = try Self.scrape(port)
        for row in try console.query("SHOW LISTS").records {
            let (list, items) = (row["list"] ?? "", row["items"].flatMap { Double($0) })
            // Which slots are free on which worker is chance.
            if !list.hasPrefix("free_") { #expect(text.sum("pgvalet_list_items", ["list": list]) == items, "\(list)") }
        }
        #expect(text.sum("pgvalet_worker_clients") == 4)
    }

    @Test func `errors and closes are counted by what they are`() throws {
        let (pooler, port) = try Self.makePooler(
            ["default_pool_size": "1", "query_wait_timeout": "1"],
            databases: ["app": "$server", "nowhere": "host=127.0.0.1 port=1"])
        #expect(throws: (any Error).self) { try pooler.connect(database: "missing") }
        let holder = try pooler.connect()
        try holder.query("begin")
        let waiter = try pooler.connect()
        try waiter.send("select 1")
        #expect(throws: PostgresError.self) { try waiter.lastResult() }
        let canceled = try pooler.connect()
        try canceled.send("select 1")
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        try canceled.cancel()
        #expect(throws: PostgresError.self) { try canceled.lastResult() }
        let nowhere = try RawClient(pooler)
        try nowhere.send(startupPacket([("user", "app"), ("database", "nowhere")]))
        try eventually {
            try Self.scrape(port).sum("pgvalet_server_login_failures_total", ["reason": "connect"]) ?? 0 > 0
        }
        try holder.query("commit")
        holder.close()
        try eventually {
            try Self.scrape(port).sum("pgvalet_client_closes_total", ["reason": "client_request"]) ?? 0 > 0
        }
        let text = try Self.scrape(port)
        #expect(text.sum("pgvalet_client_closes_total", ["reason": "server_login_failed"]) == 1)
        #expect(text.sum("pgvalet_client_closes_total", ["reason": "query_wait_timeout"]) == 1)
        #expect(text.sum("pgvalet_errors_total", ["sqlstate": "57014"]) == 1)
        #expect(text.sum("pgvalet_errors_total", ["sqlstate": "08P01"]) == 1)
        #expect(text.sum("pgvalet_errors_total", ["sqlstate": "3D000"]) == 1)
        try pooler.console("RECONNECT app")
        try eventually { try Self.scrape(port).sum("pgvalet_server_closes_total") ?? 0 > 0 }
    }

    @Test func `errors of Postgres are counted by their SQLSTATE, whoever makes them`() throws {
        let (pooler, port) = try Self.makePooler()
        let client = try pooler.connect()
        for _ in 0..<3 { #expect(throws: PostgresError.self) { try client.query("select 1/0") } }
        #expect(throws: PostgresError.self) { try client.query("select $1::int", ["x"]) }
        #expect(throws: PostgresError.self) { try client.execute("nobody") }
        #expect(throws: PostgresError.self) {
            try client.query("do $$ begin raise exception 'mine' using errcode = 'ZZ001'; end $$")
        }
        try client.query("select 'ERROR'")
        try eventually { try Self.scrape(port).sum("pgvalet_server_errors_total", ["sqlstate": "22012"]) == 3 }
        let text = try Self.scrape(port)
        #expect(text.sum("pgvalet_server_errors_total", ["sqlstate": "22P02"]) == 1)
        #expect(text.sum("pgvalet_server_errors_total", ["sqlstate": "ZZ001"]) == 1)
        #expect(text.sum("pgvalet_server_errors_total", ["sqlstate": "26000"]) ?? 0 <= 1)
        #expect(text.sum("pgvalet_errors_total", ["sqlstate": "22012"]) == nil)
    }

    @Test func `what exporters of PgBouncer ask the console is there`() throws {
        let (pooler, _) = try Self.makePooler()
        try pooler.connect().query("select 1")
        // What prometheus-community/pgbouncer_exporter reads, over one connection of lib/pq.
        let columns = [
            "LISTS": ["list", "items"], "CONFIG": ["key", "value"], "VERSION": ["version"],
            "DATABASES": [
                "name", "host", "port", "database", "force_user", "pool_size", "reserve_pool_size", "pool_mode",
                "max_connections", "current_connections", "paused", "disabled",
            ],
            "POOLS": [
                "database", "user", "cl_active", "cl_waiting", "cl_active_cancel_req", "cl_waiting_cancel_req",
                "sv_active", "sv_active_cancel", "sv_being_canceled", "sv_idle", "sv_used", "sv_tested", "sv_login",
                "maxwait", "maxwait_us", "pool_mode",
            ],
            "STATS": [
                "database", "total_query_count", "total_query_time", "total_received", "total_sent", "total_wait_time",
                "total_xact_count", "total_xact_time", "total_server_assignment_count",
            ],
        ]
        let console = try pooler.connect(user: "stats", database: "pgbouncer")
        for (name, wanted) in columns {
            let result = try console.query("SHOW \(name);")
            #expect(!result.rows.isEmpty, "\(name)")
            #expect(Set(wanted).subtracting(result.columns.map(\.name)) == [], "\(name)")
        }
        #expect(try console.query("SHOW LISTS").rows.allSatisfy { Int($0[1] ?? "") ?? -1 >= 0 })
        #expect(
            try console.query("SHOW CONFIG").records.contains { $0["key"] == "max_client_conn" && $0["value"] == "100" }
        )
    }

    @Test func `pause and reload show`() throws {
        let (pooler, port) = try Self.makePooler()
        #expect(try Self.scrape(port).sum("pgvalet_paused") == 0)
        #expect(try Self.scrape(port).sum("pgvalet_config_last_reload_successful") == nil)
        try pooler.console("PAUSE")
        try eventually { try Self.scrape(port).sum("pgvalet_paused") == 1 }
        try pooler.console("RESUME")
        try pooler.console("RELOAD")
        try eventually { try Self.scrape(port).sum("pgvalet_config_last_reload_successful") == 1 }
        try pooler.writeIni(pooler.ini + "nonsense = 1\n")
        #expect(throws: PostgresError.self) { try pooler.console("RELOAD") }
        try eventually { try Self.scrape(port).sum("pgvalet_config_last_reload_successful") == 0 }
        #expect(try Self.scrape(port).sum("pgvalet_config_last_reload_success_timestamp_seconds") ?? 0 > 1e9)
    }

    @Test func `names of databases may be anything`() throws {
        let name = "odd \\ \"name\" ü"
        let (pooler, port) = try Self.makePooler(databases: ["*": "$server dbname=app"])
        try pooler.connect(database: name).query("select 1")
        try eventually { try Self.scrape(port).sum("pgvalet_transactions_total", ["database": name]) == 1 }
    }

    @Test func `the manual and the dashboard know the same metrics`() throws {
        let (pooler, port) = try Self.makePooler(databases: ["*": "$server dbname=app"])
        #expect(throws: (any Error).self) { try pooler.connect(["sslmode": "require"]) }
        let client = try pooler.connect()
        try client.query("select 1")
        try client.query("begin")
        client.vanish()
        try eventually { try Self.scrape(port).sum("pgvalet_server_closes_total") != nil }
        try pooler.console("RELOAD")
        try eventually { try Self.scrape(port).sum("pgvalet_config_last_reload_successful") != nil }
        let scraped = Set(try Self.scrape(port).families.keys)
        let manual = Self.names(in: Self.file("docs/metrics.md"))
        #expect(scraped.subtracting(manual) == [])
        // These come with an event each, which the other tests have.
        let rare: Set = [
            "pgvalet_server_login_failures_total", "pgvalet_errors_total", "pgvalet_server_errors_total",
        ]
        let dashboard = Self.names(in: Self.file("config/grafana/pgvalet.json"))
        #expect(dashboard.count > 20)
        for used in [manual, dashboard] { #expect(used.subtracting(scraped).subtracting(rare) == []) }
    }

    /// A file of the repository.
    private static func file(_ path: String) -> String {
        readFile("/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/") + "/" + path)
    }

    /// The metrics that a text names.
    private static func names(in text: String) -> Set<String> {
        let words = text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }.map(String.init)
        let metrics = words.filter { $0.hasPrefix("pgvalet_") || $0.hasPrefix("process_") }
        return Set(metrics.map { $0.hasSuffix("_bucket") ? String($0.dropLast(7)) : $0 })
    }

    @Test func `no secret is in it`() throws {
        let secrets = ["app": "hush-app", "other": "SCRAM-SHA-256$4096:hush$hush:hush"]
        let (pooler, port) = try Self.makePooler(
            ["auth_type": "plain", "password_command": "echo hush"],
            databases: ["app": "$server", "forced": "$server user=app password=hush-forced"], secrets: secrets)
        try pooler.connect(["password": "hush-app"]).query("select 1")
        let body = try Scrape(port: port).body
        #expect(body.contains("forced"))
        #expect(!body.contains("hush"))
    }
}
