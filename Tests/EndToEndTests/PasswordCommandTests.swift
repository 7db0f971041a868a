import Glibc
import PoolerTestSupport
import Testing

/// Passwords for server logins that a program prints: `password_command`.
@Suite(.pgvaletOnly) struct PasswordCommandTests {
    /// A script whose runs are counted in a file beside it.
    private final class Script {
        let home: TemporaryDirectory
        let path: String

        init(_ body: String) throws {
            home = try TemporaryDirectory("command")
            path = try home.write("token", "")
            try change(body)
        }

        /// Another body from now on.
        func change(_ body: String) throws {
            try home.write("token", "#!/bin/sh\necho run >>\(home.path)/runs\n\(body)\n")
            try ChildProcess.run(["chmod", "755", path])
        }

        var runs: Int { readFile(home.file("runs")).split(separator: "\n").count }
    }

    @Test(arguments: ["clear_user", "md5_user", "scram_user"])
    func `its first line opens servers that ask in any way`(role: String) throws {
        let script = try Script("echo secret")
        let pooler = try Pooler(["password_command": script.path], secrets: [role: "of-the-client"])
        #expect(try pooler.connect(user: role).query("select current_user").value == role)
        let forced = try Pooler(databases: ["app": "$server user=\(role) password_command=\(script.path)"])
        #expect(try forced.connect().query("select current_user").value == role)
        let user = try Pooler(
            ["password_command": "false"], users: [role: "password_command=\(script.path)"], secrets: [role: "x"])
        #expect(try user.connect(user: role).query("select current_user").value == role)
    }

    @Test func `it knows from its environment what login it is for`() throws {
        let script = try Script("test $PGHOST:$PGPORT:$PGUSER:$PGDATABASE = \"$1\" && echo secret")
        let postgres = Postgres.shared
        let pooler = try Pooler(
            databases: [
                "d":
                    "$server dbname=app user=scram_user password_command='\(script.path) \"127.0.0.1:\(postgres.port):scram_user:app\"'"
            ])
        #expect(try pooler.connect(database: "d").query("select current_user").value == "scram_user")
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `a program that runs does not outlive the pooler`(signal: Int32) throws {
        let script = try Script("echo $$ >$(dirname $0)/group; sleep 1000; echo secret")
        let pooler = try Pooler(["password_command": script.path], secrets: ["scram_user": "x"])
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "scram_user"), ("database", "app")]))
        try eventually { !readFile(script.home.file("group")).isEmpty }
        let group = try #require(pid_t(readFile(script.home.file("group")).filter(\.isNumber)))
        client.close()
        pooler.signal(signal)
        _ = try pooler.wait()
        // Gone, or dead and not yet reaped by whoever inherited it.
        try eventually { !ProcessFigures.anyRuns(inGroup: group) }
    }

    @Test func `one run serves many logins, and what it printed is used for its time`() throws {
        let script = try Script("sleep 0.3; echo secret")
        let pooler = try Pooler(
            ["password_command": script.path, "pool_mode": "session"], secrets: ["scram_user": "x"])
        let clients = try (0..<6).map { _ in try pooler.connect(user: "scram_user") }
        for client in clients { _ = try client.query("select 1") }
        #expect(script.runs == 1)
        let each = try Pooler(
            [
                "password_command": script.path, "password_command_ttl": "0", "pool_mode": "session",
                "worker_threads": "2",
            ],
            secrets: ["scram_user": "x"])
        for _ in 0..<2 {
            do {
                let client = try each.connect(user: "scram_user")
                try client.query("select 1")
                // What is not kept is not renewed either, however long somebody is there.
                try always(for: .seconds(1)) { script.runs == 2 }
                try client.query("select 1")
            }
            // The next client takes this server, and no login of its own.
            try eventually { try each.pool(user: "scram_user")["sv_idle"] == "1" }
        }
        try each.console("RECONNECT")
        _ = try each.connect(user: "scram_user").query("select 1")
        #expect(script.runs == 3)
    }

    @Test func `the second line says until when, and it is renewed before that`() throws {
        let script = try Script("echo secret; date -u -d '+5 seconds' +%Y-%m-%dT%H:%M:%SZ")
        let pooler = try Pooler(
            ["password_command": script.path, "password_command_ttl": "100000"], secrets: ["scram_user": "x"])
        let client = try pooler.connect(user: "scram_user")
        _ = try client.query("select 1")
        #expect(script.runs == 1)
        try eventually { script.runs >= 3 }
    }

    @Test func `a password that the server refuses is fetched anew once, at once`() throws {
        let postgres = try Postgres()
        let script = try Script("echo secret")
        let pooler = try Pooler(
            [
                "password_command": script.path, "server_login_retry": "1000", "password_command_ttl": "1000",
                "pool_mode": "transaction",
            ],
            secrets: ["scram_user": "x"], postgres: postgres)
        let client = try pooler.connect(user: "scram_user")
        _ = try client.query("select 1")
        #expect(script.runs == 1)
        try postgres.query("alter role scram_user password 'new'")
        try script.change("echo new")
        try pooler.console("RECONNECT")
        #expect(try pooler.connect(user: "scram_user").query("select 1").value == "1")
        #expect(script.runs == 2)
        try postgres.query("alter role scram_user password 'third'")
        try pooler.console("RECONNECT")
        #expect(throws: PostgresError.fatal("password authentication failed for user \"scram_user\"", "28P01")) {
            try pooler.connect(user: "scram_user").query("select 1")
        }
        #expect(script.runs == 3)
    }

    @Test func `a program that fails holds clients up, is not run in a storm, and is told in the log`() throws {
        let script = try Script("echo s3cr3t-output; echo 'no such vault' >&2; exit 7")
        let pooler = try Pooler(
            [
                "password_command": "\(script.path) s3cr3t-argument", "server_login_retry": "2",
                "query_wait_timeout": "30",
            ],
            secrets: ["scram_user": "x"])
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "scram_user"), ("database", "app")]))
        try eventually { pooler.log.contains("password_command failed: it ended with status 7") }
        #expect(pooler.log.contains("password_command: no such vault"))
        try script.change("echo secret")
        while let message = try client.read(), message.type != "Z" { #expect(message.type != "E") }
        #expect(script.runs <= 4)
        #expect(!pooler.log.contains("s3cr3t"))
        #expect(!(try pooler.console("SHOW CONFIG").records.description.contains("s3cr3t")))
    }

    @Test func `a program that hangs ends at server_connect_timeout`() throws {
        let script = try Script("sleep 1000")
        let pooler = try Pooler(
            ["password_command": script.path, "server_connect_timeout": "0.5", "client_login_timeout": "3"],
            secrets: ["scram_user": "x"])
        let error = #expect(throws: PostgresError.self) { try pooler.connect(user: "scram_user") }
        #expect(error?.message == "client_login_timeout (server down)")
        #expect(pooler.log.contains("password_command failed: it took longer than server_connect_timeout"))
    }

    @Test func `a database that is removed meanwhile is not connected to`() throws {
        let script = try Script(
            "while test ! -e $(dirname $0)/go; do sleep 0.05; done; echo secret; echo yes >$(dirname $0)/done")
        var settings = PoolerSettings()
        settings.databases = [
            "app": "$server", "gone": "$server dbname=app user=scram_user password_command=\(script.path)",
        ]
        let pooler = try Pooler(settings)
        let client = try RawClient(pooler)
        try client.send(startupPacket([("user", "app"), ("database", "gone")]))
        try eventually { script.runs == 1 }
        try pooler.reload { $0.databases["gone"] = nil }
        let messages = try client.readToEnd()
        #expect(messages.last?.error == .fatal("database removed"))
        try script.home.write("go", "")
        try eventually { !readFile(script.home.file("done")).isEmpty }
        try always(for: .milliseconds(300)) { !pooler.log.contains(": gone/scram_user@") }
    }

    @Test func `a broken command is an error of the configuration that does not repeat it`() throws {
        let pooler = try Pooler()
        try pooler.configure { $0.main["password_command"] = "token \"s3cr3t" }
        #expect(throws: PostgresError.self) { try pooler.console("RELOAD") }
        #expect(pooler.log.contains("password_command: found a quote that is not closed"))
        #expect(!pooler.log.contains("s3cr3t"))
    }
}
