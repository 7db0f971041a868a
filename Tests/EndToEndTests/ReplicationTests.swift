import Glibc
import PoolerTestSupport
import Testing

/// Replication clients get a server of their own, whatever the pool's mode.
@Suite(.serialized) struct ReplicationTests {
    private let postgres: Postgres
    private let pooler: Pooler
    private let home: TemporaryDirectory

    init() throws {
        postgres = try Postgres(settings: ["wal_level": "logical", "max_wal_senders": "8"])
        pooler = try Pooler(["pool_mode": "transaction"], postgres: postgres)
        home = try TemporaryDirectory("replication")
    }

    private var target: String { "host=127.0.0.1 port=\(pooler.port) user=postgres dbname=postgres" }

    @Test func `pg_basebackup copies the server, with its log streamed beside it`() throws {
        let (ending, output) = try ChildProcess.run(
            ["pg_basebackup", "-d", target, "-D", home.file("backup"), "-X", "stream", "-c", "fast"])
        #expect(ending == .exited(0), "\(output)")
        #expect(readFile(home.file("backup/PG_VERSION")).isEmpty == false)
        #expect(readFile(home.file("backup/backup_manifest")).contains("pg_wal") == false)
        try eventually { try pooler.console("show servers").rows.allSatisfy { $0[3] != "physical" } }
    }

    @Test func `pg_receivewal follows the log of the server`() throws {
        let directory = home.file("log")
        #expect(try ChildProcess.run(["mkdir", directory]).ending == .exited(0))
        let follower = try ChildProcess(
            ["pg_receivewal", "-d", target, "-D", directory, "--no-loop"], output: home.file("receivewal"))
        let client = try pooler.connect(user: "postgres", database: "postgres")
        try eventually { try client.query("select from pg_stat_replication where state = 'streaming'").rows.count == 1 }
        try client.query("create table logged (n int)")
        let segment = try client.query("select pg_walfile_name(pg_switch_wal())").value ?? ""
        try eventually {
            try ChildProcess.run(["ls", directory]).output.split(separator: "\n").contains { $0 == segment }
        }
        follower.signal(SIGINT)
        _ = try follower.wait()
        try eventually { try pooler.console("show servers").rows.allSatisfy { $0[3] != "physical" } }
    }

    @Test func `a logical stream brings changes, and its server ends with it`() throws {
        let create = ["pg_recvlogical", "-d", target, "--slot", "changes", "--create-slot", "-P", "test_decoding"]
        #expect(try ChildProcess.run(create).ending == .exited(0))
        let follower = try ChildProcess(
            ["pg_recvlogical", "-d", target, "--slot", "changes", "--start", "-s", "1", "-f", "-"],
            output: home.file("changes"))
        try eventually { try pooler.console("show clients").rows.contains { $0[3] == "logical" } }
        let client = try pooler.connect(user: "postgres", database: "postgres")
        try client.query("create table followed (n int)")
        try client.query("insert into followed values (7)")
        try eventually { readFile(home.file("changes")).contains("n[integer]:7") }
        follower.signal(SIGINT)
        _ = try follower.wait()
        try eventually { try pooler.console("show servers").rows.allSatisfy { $0[3] != "logical" } }
        let drop = ["pg_recvlogical", "-d", target, "--slot", "changes", "--drop-slot"]
        #expect(try ChildProcess.run(drop).ending == .exited(0))
    }

    @Test(.pgvaletOnly)
    func `a replication client gets the server's words also while others use the pool`() throws {
        let client = try pooler.connect(user: "app", database: "app")
        try client.query("begin")
        let refused = try RawClient(pooler)
        #expect(throws: PostgresError.self) {
            try refused.logIn([("user", "app"), ("database", "app"), ("replication", "nonsense")])
        }
        try client.query("commit")
    }

    @Test func `a replication client gets the server's words when it may not replicate`() throws {
        let error = #expect(throws: PostgresError.self) {
            try pooler.connect(user: "app", database: "postgres", ["replication": "database"]).query("IDENTIFY_SYSTEM")
        }
        #expect(error?.sqlState == "42501")
    }
}
