import PoolerTestSupport
import Testing

/// A server that dies gives its client a FATAL with a code, and nobody else notices.
@Suite struct ServerVanishesTests {
    private static let terminated = PostgresError.fatal("terminating connection due to administrator command", "57P01")

    @Test func `an idle server that is terminated costs nobody anything`() throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "2"], secrets: [role: "x"])
        let client = try pooler.connect(user: role)
        try client.query("select 1")
        try Postgres.shared.terminateBackends(of: role)
        try eventually { try pooler.pool(user: role)["sv_idle"] == "0" }
        #expect(try client.query("select 2").value == "2")
    }

    @Test(arguments: ["begin", "begin; select 1/0", "select pg_sleep(30)"])
    func `a client whose server is terminated gets the server's words and is closed`(doing: String) throws {
        let role = try Postgres.shared.makeRole()
        let pooler = try Pooler(["pool_mode": "transaction", "default_pool_size": "1"], secrets: [role: "x"])
        let (victim, bystander) = (try RawClient.loggedIn(pooler, user: role), try pooler.connect(user: role))
        try victim.send(.query(doing))
        if !doing.contains("sleep") { try victim.readUntil("Z") }
        try eventually { try pooler.pool(user: role)["sv_active"] == "1" }
        try bystander.send("select 'served'")
        try eventually { try pooler.pool(user: role)["cl_waiting"] == "1" }
        try Postgres.shared.terminateBackends(of: role)
        let error = try victim.readFatal()
        #expect(error == Self.terminated)
        #expect(try victim.readToEnd().allSatisfy { $0.type == "E" && $0.error.sqlState == "08P01" })
        #expect(try bystander.lastResult().value == "served")
    }

    @Test func `a server that just closes gives its client the pooler's words`() throws {
        let server = try ScriptedServer { connection, channel in
            try channel.welcome()
            if connection > 0 { return try channel.echo() }
            try channel.readUntil("Q")
        }
        let pooler = try Pooler(["pool_mode": "transaction"], databases: ["app": server.address])
        let (victim, bystander) = (try RawClient.loggedIn(pooler), try pooler.connect())
        try victim.send(.query("select 1"))
        try victim.expectFatal(.fatal("server conn crashed?"))
        #expect(try bystander.query("hello").value == "hello")
    }

    /// What a server may say that no server should: bytes after its first query.
    static let nonsense: [[UInt8]] = [
        Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), [0x44, 0, 0, 0, 3], [0x44, 0xff, 0xff, 0xff, 0xff],
        [0x01, 0, 0, 0, 4], [0x44, 0, 0, 0, 100, 1, 2, 3], WireMessage("R", int32(5)).bytes,
    ]

    @Test(arguments: nonsense)
    func `a server that talks nonsense loses its client and costs nobody else anything`(answer: [UInt8]) throws {
        let server = try ScriptedServer { connection, channel in
            try channel.welcome()
            if connection > 0 { return try channel.echo() }
            try channel.readUntil("Q")
            try channel.send(answer)
        }
        let pooler = try Pooler(["pool_mode": "transaction"], databases: ["app": server.address])
        let (victim, bystander) = (try RawClient.loggedIn(pooler), try pooler.connect())
        try victim.send(.query("select 1"))
        let last = try victim.readToEnd().last
        #expect(last == nil || last?.type == "E" || !Pooler.isPgvalet)
        #expect(try bystander.query("hello").value == "hello")
    }

    @Test func `a login that the server refuses is told in the server's words`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let code = Pooler.isPgvalet ? "3D000" : "08P01"
        #expect(throws: PostgresError.fatal("database \"nowhere\" does not exist", code)) {
            try pooler.connect(database: "nowhere").query("select 1")
        }
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `clients wait while Postgres is away and are served when it is back`() throws {
        let postgres = try Postgres()
        let pooler = try Pooler(["pool_mode": "transaction"], postgres: postgres)
        try pooler.connect().query("select 1")
        try postgres.stop()
        let client = Background { try pooler.connect().query("select 'back'").value }
        try postgres.start()
        if Pooler.isPgvalet {
            #expect(try client.value() == "back")
        } else {
            try eventually { try pooler.connect().query("select 'back'").value == "back" }
        }
    }

    @Test(arguments: [Postgres.StopMode.fast, .immediate])
    func `Postgres stopped and started again under load`(mode: Postgres.StopMode) throws {
        let postgres = try Postgres()
        let pooler = try Pooler(
            ["pool_mode": "transaction", "default_pool_size": "5"], postgres: postgres)
        let (over, right) = (Shared(false), Shared(0))
        let workers = (0..<10).map { number in
            Background { try hammer(pooler, number, right, until: over) }
        }
        try eventually("load") { right.value > 200 }
        try postgres.stop(mode)
        try postgres.start()
        let before = right.value
        try eventually("service after the restart") { right.value > before + 200 }
        over.set(true)
        for worker in workers { #expect(try worker.value() == []) }
        try eventually { try pooler.pool()["cl_active"] == "0" && pooler.pool()["cl_waiting"] == "0" }
    }

    /// Most servers are on their way to the other worker's clients when their end is read.
    @Test(.pgvaletOnly) func `servers that close after each answer leave nobody waiting, whatever worker they go to`()
        throws
    {
        let server = try ScriptedServer { _, channel in
            try channel.welcome()
            guard let query = try channel.read(within: .seconds(600)), query.type == "Q" else { return }
            try channel.send(ServerChannel.answer(query.strings.first ?? "") + [ServerChannel.ready])
        }
        let pooler = try Pooler(
            ["pool_mode": "transaction", "default_pool_size": "2", "worker_threads": "2"],
            databases: ["app": server.address])
        let (over, right) = (Shared(false), Shared(0))
        let workers = (0..<8).map { number in
            Background { try hammer(pooler, number, right, until: over) { $0 } }
        }
        try eventually { right.value > 300 }
        over.set(true)
        for worker in workers { #expect(try worker.value() == []) }
    }

    @Test(.pgvaletOnly) func `the final error of a server that cannot be had names the reason`() throws {
        let server = try ScriptedServer { _, _ in }
        server.stop()
        let pooler = try Pooler(
            ["query_wait_timeout": "1", "client_login_timeout": "3"], databases: ["app": server.address])
        let error = #expect(throws: PostgresError.self) { try pooler.connect().query("select 1") }
        #expect(error?.severity == "FATAL")
        let words = "\(error?.message ?? "") \(error?.detail ?? "")"
        #expect(words.contains("refused"))
    }
}

/// One client of the load: every answer must be its own; lost connections are opened anew. Wrong answers are returned.
/// `select` makes a query whose answer is the given word.
private func hammer(
    _ pooler: Pooler, _ number: Int, _ right: Shared<Int>, until over: Shared<Bool>,
    select: (String) -> String = { "select '\($0)'" }
) throws -> [String] {
    var wrong: [String] = []
    var client: Connection?
    var round = 0
    while !over.value {
        round += 1
        do {
            let open = try client ?? pooler.connect()
            client = open
            let value = try open.query(select("\(number)-\(round)")).value
            if value == "\(number)-\(round)" { right.update { $0 += 1 } } else { wrong.append(value ?? "nil") }
        } catch let error as PostgresError {
            if !["57P01", "57P02", "57P03", "08P01", ""].contains(error.sqlState) { wrong.append("\(error)") }
            client = nil
        }
    }
    return wrong
}
