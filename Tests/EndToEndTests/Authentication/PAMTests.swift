import PoolerTestSupport
import Testing

/// auth_type = pam and HBA's pam, with a service whose questions a script answers.
@Suite(.pgvaletOnly, .enabled(if: PAMService.isPossible, "only root can install a PAM service"))
struct PAMTests {
    /// Lets `alice` in, whose account is good, and knows the password of `locked`, whose account is not.
    private static let script = """
        echo "$PAM_TYPE $PAM_USER $PAM_RHOST" >>asked
        case $PAM_TYPE in
            auth) test "$PAM_USER:$password" = alice:pam-secret || test "$PAM_USER:$password" = locked:pam-secret ;;
            account) test "$PAM_USER" != locked ;;
        esac
        """

    private static let failure = PostgresError.notAuthenticated("PAM authentication failed")

    private static func hba(_ service: PAMService, _ more: [String: String] = [:]) throws -> Pooler {
        var settings = PoolerSettings()
        settings.main["auth_type"] = "hba"
        settings.main["auth_hba_file"] = "$directory/hba"
        settings.main.merge(more) { $1 }
        settings.databases = ["app": "$server dbname=app user=app"]
        settings.files = [
            "hba":
                "host pgbouncer admin all trust\nhost all all all pam pamservice=\(service.name)\nlocal all all pam pamservice=\(service.name)\n"
        ]
        return try Pooler(settings)
    }

    @Test func `the service says who comes in`() throws {
        let service = try PAMService("pgvalet-test-rule", Self.script)
        let pooler = try Self.hba(service)
        let client = try pooler.connect(user: "alice", ["password": "pam-secret"])
        #expect(try client.query("select current_user").value == "app")
        for (user, password) in [("alice", "wrong"), ("locked", "pam-secret"), ("nobody", "pam-secret")] {
            #expect(throws: Self.failure) { try pooler.connect(user: user, ["password": password]) }
        }
        _ = try pooler.connect(user: "alice", ["password": "pam-secret", "host": pooler.directory]).query("select 1")
        let asked = readFile(service.file("asked"))
        #expect(asked.hasPrefix("auth alice 127.0.0.1\naccount alice 127.0.0.1\n"))
        #expect(asked.hasSuffix("auth alice unix\naccount alice unix\n"))
        #expect(!pooler.log.contains("pam-secret"))
    }

    @Test(.enabled(if: !PAMService.isTaken("pgbouncer"), "this machine has a PAM service pgbouncer of its own"))
    func `auth_type = pam asks the service pgbouncer`() throws {
        let service = try PAMService("pgbouncer", Self.script)
        let pooler = try Pooler(["auth_type": "pam"], databases: ["app": "$server dbname=app user=app"])
        #expect(try pooler.connect(user: "alice", ["password": "pam-secret"]).query("select 1").value == "1")
        #expect(throws: Self.failure) { try pooler.connect(user: "alice", ["password": "wrong"]) }
        #expect(readFile(service.file("asked")).contains("account alice 127.0.0.1"))
    }

    @Test func `the password opens servers too`() throws {
        let service = try PAMService(
            "pgvalet-test-server", "test \"$PAM_TYPE\" = account || test \"$password\" = secret")
        var settings = PoolerSettings()
        settings.main["auth_type"] = "hba"
        settings.main["auth_hba_file"] = "$directory/hba"
        settings.files = ["hba": "host all all all pam pamservice=\(service.name)\n"]
        let pooler = try Pooler(settings)
        let client = try pooler.connect(user: "scram_user", ["password": "secret"])
        #expect(try client.query("select current_user").value == "scram_user")
    }

    @Test func `the service is not asked about those who have left`() throws {
        let service = try PAMService(
            "pgvalet-test-left",
            "test \"$PAM_TYPE\" = account || { echo \"$PAM_USER\" >>asked; while test ! -e go; do sleep 0.1; done; }")
        let pooler = try Self.hba(
            service, ["worker_threads": "1", "max_logging_in": "1000", "log_connections": "1"])
        func login(_ user: String) throws -> RawClient {
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", user), ("database", "app")]))
            let request = try client.read()
            try #require(request?.type == "R")
            try client.send(WireMessage("p", cString("any")))
            return client
        }
        let first = try (0..<8).map { _ in try login("first") }
        try eventually { readFile(service.file("asked")).split(separator: "\n").count == 8 }
        var leaving = try (0..<20).map { _ in try login("leaving") }
        leaving.removeAll()
        try eventually {
            pooler.log.split(separator: "\n").count { $0.contains("app/leaving@") && $0.contains("closing because") }
                == 20
        }
        let last = try login("last")
        try writeFile(service.file("go"), "")
        for client in first + [last] {
            let answer = try client.read()
            #expect(answer?.type == "R")
        }
        #expect(!readFile(service.file("asked")).contains("leaving"))
    }

    @Test func `a service that takes its time holds up nobody else, and no more wait for it than may`() throws {
        let service = try PAMService(
            "pgvalet-test-slow", "test \"$PAM_TYPE\" = account || while test ! -e go; do sleep 0.1; done")
        let pooler = try Self.hba(
            service,
            ["max_client_conn": "1000", "worker_threads": "1", "max_logging_in": "1000", "auth_failure_limit": "0"])
        // 8 are asked about and 256 wait.
        let clients = try (0..<270).map { _ in
            let client = try RawClient(pooler)
            try client.send(startupPacket([("user", "alice"), ("database", "app")]))
            return client
        }
        for client in clients {
            let request = try client.read()
            try #require(request?.type == "R")
            try client.send(WireMessage("p", cString("any")))
        }
        let full = PostgresError.fatal("too many logins wait for PAM authentication", "53400")
        for client in clients.suffix(6) { try client.expectFatal(full) }
        #expect(try pooler.console("SHOW VERSION").rows.count == 1)
        try writeFile(service.file("go"), "")
        for client in clients.prefix(264) {
            let answer = try client.read()
            try #require(answer?.type == "R")
        }
    }
}
