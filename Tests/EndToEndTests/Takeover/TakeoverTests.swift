import Glibc
import PoolerTestSupport
import Testing

/// Online restart (-R): the new process goes on with everything that the old one had, as if nothing had been.
@Suite(.pgvaletOnly) struct TakeoverTests {
    private static func pooler(_ more: [String: String] = [:], role: String = "app") throws -> Pooler {
        let own = ["pool_mode": "transaction", "worker_threads": "2", "default_pool_size": "3"]
        return try Pooler(own.merging(more) { $1 }, databases: ["app": "$server user=\(role)"])
    }

    @Test func `clients and servers go on, also inside a transaction`() throws {
        let role = try Postgres.shared.makeRole()
        let home = try TemporaryDirectory("pid")
        let pooler = try Self.pooler(["pidfile": home.file("pid")], role: role)
        let (open, idle) = (try pooler.connect(), try pooler.connect(["host": pooler.directory]))
        try open.query("begin")
        let server = try open.serverPID()
        try idle.query("select 1")
        let backends = try Postgres.shared.backends(of: role)
        let old = try pooler.takeOver()
        #expect(try old.wait() == .exited(0))
        #expect(try open.serverPID() == server)
        try open.query("commit")
        #expect(try idle.query("select 2").value == "2")
        #expect(try Postgres.shared.backends(of: role) == backends)
        #expect(readFile(home.file("pid")) == "\(pooler.pid)\n")
        // The listeners and the socket's file are the new process's.
        #expect(try pooler.connect(["host": pooler.directory]).query("select 3").value == "3")
        #expect(try pooler.connect().query("select 4").value == "4")
        #expect(try pooler.console("SHOW CLIENTS").records.count { $0["user"] == "app" } >= 2)
        pooler.signal(SIGINT)
        #expect(try pooler.wait() == .exited(0))
        #expect(unsafe access("\(pooler.directory)/.s.PGSQL.\(pooler.port)", F_OK) != 0)
    }

    @Test(arguments: ["transaction", "session", "statement"])
    func `every pool mode, with more and with fewer workers than before`(mode: String) throws {
        let pooler = try Self.pooler(["pool_mode": mode, "worker_threads": "3", "default_pool_size": "4"])
        let clients = try (0..<4).map { _ in try pooler.connect() }
        for workers in ["1", "4"] {
            for client in clients { try client.query("select 1") }
            try pooler.configure { $0.main["worker_threads"] = workers }
            try pooler.takeOver()
            for (number, client) in clients.enumerated() {
                #expect(try client.query("select \(number)").value == "\(number)")
            }
        }
        #expect(try pooler.console("SHOW WORKERS").rows.count == 4)
    }

    @Test func `more workers than before share what there is`() throws {
        let pooler = try Self.pooler(["worker_threads": "1", "default_pool_size": "8"])
        let clients = try (0..<8).map { _ in try pooler.connect() }
        for client in clients { try client.query("begin") }
        for client in clients.prefix(4) { try client.query("commit") }
        let before = try pooler.console("SHOW STATS").records.first { $0["database"] == "app" }?["total_query_count"]
        try pooler.configure { $0.main["worker_threads"] = "4" }
        let old = try pooler.takeOver()
        #expect(try old.wait() == .exited(0))
        let workers = try pooler.console("SHOW WORKERS").records
        #expect(workers.count == 4)
        for worker in workers { #expect(Int(worker["clients"] ?? "") ?? 0 >= 2 && worker["servers"] == "2") }
        #expect(
            try pooler.console("SHOW STATS").records.first { $0["database"] == "app" }?["total_query_count"] == before)
        for client in clients { #expect(try client.query("select 1").value == "1") }
        for client in clients.suffix(4) { try client.query("commit") }
    }

    @Test func `the Unix socket may be spelled otherwise, and a stale PID file is replaced`() throws {
        let pooler = try Self.pooler()
        let client = try pooler.connect(["host": pooler.directory])
        let home = try TemporaryDirectory("pid")
        // The number is above any that a process has.
        try home.write("pid", "4194305\n")
        try pooler.configure {
            $0.main["unix_socket_dir"] = pooler.directory + "//"
            $0.main["pidfile"] = home.file("pid")
        }
        let old = try pooler.takeOver()
        #expect(try old.wait() == .exited(0))
        #expect(readFile(home.file("pid")) == "\(pooler.pid)\n")
        #expect(try client.query("select 1").value == "1")
        #expect(try pooler.connect(["host": pooler.directory]).query("select 2").value == "2")
        pooler.signal(SIGINT)
        #expect(try pooler.wait() == .exited(0))
        #expect(unsafe access("\(pooler.directory)/.s.PGSQL.\(pooler.port)", F_OK) != 0)
    }

    @Test func `a console that waits is told that another process has taken over`() throws {
        let pooler = try Self.pooler()
        let (client, console) = (try pooler.connect(), try RawClient(unix: pooler))
        try client.query("begin")
        try console.logIn([("user", "admin"), ("database", "pgbouncer")])
        try console.send(.query("PAUSE"))
        try eventually { pooler.log.contains("PAUSE command issued") }
        try pooler.takeOver()
        #expect(try console.readFatal().message == "another process has taken over")
        try client.query("commit")
        // The order itself went along.
        #expect(try pooler.console("SHOW STATE").rows.contains(["paused", "yes"]))
    }

    @Test func `prepared statements go on under their names`() throws {
        let pooler = try Self.pooler(["default_pool_size": "1"])
        let (one, other) = (try pooler.connect(), try pooler.connect())
        try one.prepare("same", "select 'one', $1::int")
        try other.prepare("same", "select 'other', $1::int")
        try one.execute("same", ["1"])
        for round in 0..<3 {
            try pooler.takeOver()
            #expect(try one.execute("same", ["\(round)"]).rows == [["one", "\(round)"]])
            #expect(try other.execute("same", ["\(round)"]).rows == [["other", "\(round)"]])
            try one.prepare("new\(round)", "select \(round), $1::int")
            #expect(try one.execute("new0", ["5"]).rows == [["0", "5"]])
            #expect(throws: PostgresError.self) { try one.prepare("same", "select 1") }
            #expect(throws: PostgresError.self) { try other.execute("new0", ["5"]) }
        }
        try one.query("deallocate same")
        #expect(throws: PostgresError.self) { try one.execute("same", ["1"]) }
        #expect(try other.execute("same", ["7"]).rows == [["other", "7"]])
    }

    @Test func `session state goes on: parameters, temporary tables, LISTEN`() throws {
        let pooler = try Self.pooler()
        let (setter, pinned) = (try pooler.connect(["options": "-c search_path=pg_catalog"]), try pooler.connect())
        try setter.query("set timezone to 'Asia/Tokyo'; set work_mem to '7MB'; set application_name to 'moved'")
        try pinned.query("create temp table kept as select 5 as a")
        try pinned.query("listen news")
        try pooler.takeOver()
        #expect(try setter.query("show timezone").value == "Asia/Tokyo")
        #expect(try setter.query("show work_mem").value == "7MB")
        #expect(try setter.query("show application_name").value == "moved")
        #expect(try setter.query("show search_path").value == "pg_catalog")
        try setter.query("reset search_path")
        #expect(try setter.query("show search_path").value == "pg_catalog")
        #expect(try pooler.connect().query("show work_mem").value != "7MB")
        #expect(try pinned.query("select a from kept").value == "5")
        try Postgres.shared.query("notify news, 'late'", database: "app")
        #expect(try pinned.notifications().first?.payload == "late")
        #expect(try pooler.console("SHOW PINS").rows.count == 1)
        try pinned.query("discard all")
        try eventually { try pooler.console("SHOW PINS").rows.isEmpty }
        #expect(throws: PostgresError.self) { try pinned.query("select a from kept") }
    }

    @Test func `what runs is answered, and what runs can be cancelled`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Self.pooler(role: role)
        let holder = try Postgres.shared.connect(database: "app")
        try holder.query("select pg_advisory_lock(\(role.hashValue & 0xFFFF))")
        let (waiting, victim) = (try pooler.connect(), try pooler.connect())
        try waiting.send("select pg_advisory_xact_lock(\(role.hashValue & 0xFFFF)), 'got it'")
        try victim.query("begin")
        try victim.send("select pg_sleep(60)")
        try eventually { try Postgres.shared.sleepingBackends(of: role) == 1 }
        try pooler.takeOver()
        try pooler.takeOver()
        try victim.cancel()
        #expect(throws: PostgresError("ERROR", "57014", "canceling statement due to user request")) {
            try victim.lastResult()
        }
        try victim.query("rollback")
        try holder.query("select pg_advisory_unlock_all()")
        #expect(try waiting.lastResult().rows == [["", "got it"]])
    }

    @Test func `whoever waits in the queue keeps the place`() throws {
        let pooler = try Self.pooler(["default_pool_size": "1", "worker_threads": "1"])
        let holder = try pooler.connect()
        let waiters = try (0..<3).map { _ in try pooler.connect() }
        try holder.query("begin; create temp table if not exists order_of (n int) on commit drop")
        for (number, waiter) in waiters.enumerated() {
            try waiter.send("select '\(number)', clock_timestamp()")
            try eventually { try pooler.pool()["cl_waiting"] == "\(number + 1)" }
        }
        try pooler.takeOver()
        #expect(try pooler.pool()["cl_waiting"] == "3")
        try holder.query("commit")
        let rows = try waiters.map { try $0.lastResult().rows.first ?? [] }
        #expect(rows.map { $0.first ?? nil } == ["0", "1", "2"])
        let times = rows.map { $0.last.flatMap { $0 } ?? "" }
        #expect(times == times.sorted())
    }

    @Test func `half a message is put together`() throws {
        let pooler = try Self.pooler(["default_pool_size": "1"])
        let client = try RawClient.loggedIn(pooler)
        let message = WireMessage.query("select 'the whole'").bytes
        for cut in [1, 3, 5, 9, message.count - 1] {
            try client.send(Array(message.prefix(cut)))
            try eventually {
                try pooler.console("SHOW SOCKETS").records.contains {
                    $0["user"] == "app" && $0["type"] == "C" && ($0["recv_pos"] == "\(cut)" || $0["pkt_remain"] != "0")
                }
            }
            try pooler.takeOver()
            try client.send(Array(message.dropFirst(cut)))
            #expect(try client.readUntil("Z").contains { $0.values == ["the whole"] })
        }
        // A message that is longer than any buffer: its beginning is with the server already.
        let text = "select length('" + String(repeating: "x", count: 3_000_000) + "')"
        let long = WireMessage.query(text).bytes
        try client.send(Array(long.prefix(1_000_000)))
        try eventually {
            try pooler.console("SHOW SOCKETS").records.contains { $0["pkt_remain"] == "\(long.count - 1_000_000)" }
        }
        try pooler.takeOver()
        try client.send(Array(long.dropFirst(1_000_000)))
        #expect(try client.readUntil("Z").contains { $0.values == ["3000000"] })
    }

    @Test func `pipelines and long Parse messages go on where they were`() throws {
        let pooler = try Self.pooler(["default_pool_size": "1"])
        let client = try RawClient.loggedIn(pooler)
        try client.send([.parse("s", "select $1::text"), .bind("s", ["a"]), .execute(), .flush])
        _ = try client.readUntil("C")
        try pooler.takeOver()
        try client.send([.bind("s", ["b"]), .execute(), .sync])
        #expect(try client.readUntil("Z").contains { $0.values == ["b"] })
        // A batch that fails behind the restart takes its names back.
        try client.send([.parse("t", "select 1"), .parse("u", "selec"), .flush])
        _ = try client.readUntil("E")
        try pooler.takeOver()
        try client.send([.bind("t"), .execute(), .sync])
        #expect(try client.readUntil("Z").map(\.type) == ["Z"])
        try client.send([.bind("u"), .execute(), .sync])
        #expect(try client.readUntil("Z").first?.error.sqlState == "26000")
        try client.send([.bind("t"), .execute(), .sync])
        #expect(try client.readUntil("Z").contains { $0.values == ["1"] })
        // Too long for one receive: put together in memory.
        let text = "select length('" + String(repeating: "y", count: 400_000) + "')"
        let long = WireMessage.parse("long", text).bytes
        try client.send(Array(long.prefix(200_000)))
        try eventually { try pooler.console("SHOW SOCKETS").records.contains { $0["pkt_remain"] != "0" } }
        try pooler.takeOver()
        try client.send(Array(long.dropFirst(200_000)))
        try client.send([.bind("long"), .execute(), .sync])
        #expect(try client.readUntil("Z").contains { $0.values == ["400000"] })
    }

    @Test func `an answer that streams, and a COPY, go on`() throws {
        let pooler = try Self.pooler()
        let (reader, writer) = (try pooler.connect(), try pooler.connect())
        try reader.send("select i, repeat('x', 700) from generate_series(1, 60000) i")
        try writer.query("create table if not exists taken (a int); truncate taken")
        try writer.query("copy taken from stdin")
        try writer.putCopy("1\n2\n")
        try pooler.takeOver()
        try writer.putCopy("3\n")
        try pooler.takeOver()
        #expect(try writer.endCopy().tag == "COPY 3")
        #expect(try reader.lastResult().rows.count == 60000)
        #expect(try writer.query("select sum(a) from taken").value == "6")
        try writer.query("drop table taken")
    }

    @Test func `statistics and averages go on`() throws {
        let pooler = try Self.pooler(["stats_period": "1"])
        let client = try pooler.connect()
        for _ in 0..<50 { try client.query("select 1") }
        func total() throws -> Int {
            try pooler.console("SHOW STATS").records.first { $0["database"] == "app" }?["total_xact_count"].flatMap {
                Int($0)
            } ?? -1
        }
        let before = try total()
        let logins = try pooler.console("SHOW STATS").records.first { $0["database"] == "app" }?[
            "total_client_login_count"]
        try pooler.takeOver()
        #expect(before >= 50)
        #expect(try total() == before)
        let record = try pooler.console("SHOW STATS").records.first { $0["database"] == "app" }
        #expect(record?["total_client_login_count"] == logins)
        try client.query("select 1")
        #expect(try total() == before + 1)
        // What was counted long ago is no part of the averages.
        try eventually {
            try pooler.console("SHOW STATS").records.first { $0["database"] == "app" }?["avg_xact_count"] == "0"
        }
    }

    @Test func `consoles and fresh connections go along, and so does PAUSE`() throws {
        let pooler = try Self.pooler()
        let (console, client) = (try pooler.connect(user: "admin", database: "pgbouncer"), try pooler.connect())
        let silent = try RawClient(pooler)
        try eventually { try console.query("SHOW LISTS").rows.contains(["login_clients", "1"]) }
        try console.query("PAUSE")
        try console.query("DISABLE app")
        let old = try pooler.takeOver()
        #expect(try old.wait() == .exited(0))
        try client.send("select 'paused'")
        #expect(try console.query("SHOW STATE").rows.contains(["paused", "yes"]))
        #expect(throws: PostgresError.self) { try pooler.connect() }
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        try console.query("RESUME")
        #expect(try client.lastResult().value == "paused")
        try console.query("ENABLE app")
        try silent.logIn([("user", "app"), ("database", "app")])
        #expect(try silent.query("select 1").contains { $0.type == "D" })
    }

    @Test func `clients of a database that is gone are told so, servers of one that moved are replaced`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(
            ["pool_mode": "transaction"], databases: ["*": "", "gone": "$server dbname=app", "app": "$server"],
            secrets: [role: "x"])
        let (gone, stays) = (try pooler.connect(user: role, database: "gone"), try pooler.connect(user: role))
        _ = try (gone.query("select 1"), stays.query("select 1"))
        let backends = try Postgres.shared.backends(of: role)
        try pooler.configure {
            $0.databases["gone"] = nil
            $0.databases["*"] = nil
            $0.databases["app"] = "$server connect_query='select 1'"
        }
        try pooler.takeOver()
        #expect(throws: PostgresError.self) { try gone.query("select 1") }
        #expect(try stays.query("select 2").value == "2")
        #expect(try Set(Postgres.shared.backends(of: role)).isDisjoint(with: backends))
    }

    @Test func `a client that waits for its pool's first server goes along`() throws {
        let postgres = try Postgres()
        let pooler = try Pooler(["pool_mode": "transaction"], postgres: postgres)
        try postgres.stop()
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "app"), ("database", "app")]))
        try eventually { try pooler.pool()["cl_waiting"] == "1" }
        try pooler.takeOver()
        #expect(try pooler.pool()["cl_waiting"] == "1")
        try postgres.start()
        #expect(try client.readUntil("Z").contains { $0.type == "K" })
        #expect(try client.query("select 1").contains { $0.type == "D" })
    }

    @Test func `the metrics endpoint goes along, and its counters`() throws {
        let port = try FreePort.take()
        let pooler = try Pooler(["metrics_listen": "127.0.0.1:\(port)"])
        for _ in 0..<5 { try pooler.connect().query("select 1") }
        try pooler.takeOver()
        // A scrape that the old process has accepted may come to nothing.
        try eventually {
            let line = try Scrape(port: port).body.split(separator: "\n").first {
                $0.hasPrefix("pgvalet_login_duration_seconds_count") && $0.contains("\"app\"")
            }
            return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0 >= 5
        }
    }

    @Test func `many idle clients go along`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "max_client_conn": "3000", "worker_threads": "2"])
        let crowd = try Crowd(1500, on: pooler) { client, round in
            round < 3 ? ("select '\(client)-\(round)'", "\(client)-\(round)") : nil
        }
        let restarts = Background { [pooler] in for _ in 0..<3 { try pooler.takeOver() } }
        try crowd.run(within: .seconds(60))
        try restarts.value()
        #expect(crowd.troubles == [])
        #expect(crowd.rightAnswers == 4500)
    }

    @Test func `without a running process it is a start like any other`() throws {
        let pooler = try Pooler(arguments: ["-R"])
        #expect(pooler.log.contains("LOG old process not found, try to continue normally"))
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `the service manager hears of the new process`() throws {
        let manager = try NotifySocket(isAbstract: false)
        let pooler = try Pooler(wrapper: ["env", "NOTIFY_SOCKET=\(manager.address)"])
        #expect(try manager.receive() == ["READY": "1"])
        try pooler.takeOver(wrapper: ["env", "NOTIFY_SOCKET=\(manager.address)"])
        let messages = [try manager.receive(), try manager.receive()]
        #expect(messages.contains(["MAINPID": "\(pooler.pid)"]))
        #expect(messages.contains(["READY": "1", "MAINPID": "\(pooler.pid)"]))
    }

    @Test func `it goes to the background as a new process would`() throws {
        let home = try TemporaryDirectory("daemon")
        let pooler = try Self.pooler(["pidfile": home.file("pid"), "logfile": home.file("log")])
        let client = try pooler.connect()
        try client.query("begin")
        let starter = try pooler.startSuccessor(arguments: ["-d"])
        #expect(try starter.wait() == .exited(0))
        try eventually { readFile(home.file("pid")) != "\(pooler.pid)\n" && !readFile(home.file("pid")).isEmpty }
        let pid = try #require(pid_t(readFile(home.file("pid")).dropLast()))
        defer { kill(pid, SIGKILL) }
        #expect(try pooler.wait() == .exited(0))
        #expect(try client.query("select 1").value == "1")
        try client.query("commit")
    }

    @Test func `in the background it goes on writing to the journal`() throws {
        let home = try TemporaryDirectory("daemon")
        let pooler = try Self.pooler(["pidfile": home.file("pid")])
        let script = #"export JOURNAL_STREAM="$(stat -L -c %d:%i /proc/self/fd/2)"; exec "$@""#
        #expect(try pooler.startSuccessor(arguments: ["-d"], wrapper: ["sh", "-c", script, "sh"]).wait() == .exited(0))
        try eventually { readFile(home.file("pid")) != "\(pooler.pid)\n" && !readFile(home.file("pid")).isEmpty }
        let pid = try #require(pid_t(readFile(home.file("pid")).dropLast()))
        defer { kill(pid, SIGKILL) }
        #expect(try pooler.wait() == .exited(0))
        try eventually { pooler.log.contains("<6>LOG process up") }
        let logged = pooler.log.count
        try pooler.connect().query("select 1")
        try pooler.console("RELOAD")
        try pooler.connect().query("select 2")
        try eventually { pooler.log.dropFirst(logged).contains("RELOAD command issued") }
        #expect(pooler.log.dropFirst(logged).contains("login attempt"))
    }
}
