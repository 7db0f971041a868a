import Glibc
import Synchronization

/// A throwaway PostgreSQL server: its own cluster in a temporary directory, on a port of its own, gone afterwards.
///
/// Roles: `postgres` and `app` (plain), both let in without a password; `clear_user`, `md5_user` and `scram_user`, whose
/// password is `secret` and who must show it in the way that their name says. Databases: `postgres` and `app`.
public final class Postgres: Sendable {
    /// The TCP port on 127.0.0.1, and the number of the Unix socket in `directory`.
    public let port: Int
    private let home: TemporaryDirectory
    private let process = Mutex<ChildProcess?>(nil)
    private let options: [String]
    private let installation: PostgresInstallation

    /// The directory of the Unix socket.
    public var directory: String { home.path }

    /// One server for every test that leaves it running.
    public static let shared: Postgres = {
        do { return try Postgres() } catch { fatalError("cannot start Postgres: \(error)") }
    }()

    /// Makes the cluster and starts it. `settings` are postgresql.conf's.
    public init(
        maxConnections: Int = 100, settings: [String: String] = [:], installation: PostgresInstallation = .newest
    ) throws {
        self.installation = installation
        home = try TemporaryDirectory("postgres")
        port = try FreePort.take()
        options = settings.flatMap { ["-c", "\($0)=\($1)"] } + ["-c", "max_connections=\(maxConnections)"]
        try ChildProcess.check(["cp", "-a", "\(try installation.template.path)/data", home.file("data")])
        try start()
    }

    /// Starts it (again), and waits until it answers.
    public func start() throws {
        let command =
            Account.prefix + [
                installation.program("postgres"), "-D", home.file("data"), "-p", "\(port)", "-k", home.path,
            ]
            + options
        let child = try ChildProcess(command, output: home.file("log"))
        process.withLock { $0 = child }
        let deadline = Deadline(patience)
        while true {
            if (try? connect()) != nil { return }
            if deadline.isOver || child.ended != nil { throw SystemError("Postgres did not start: \(log)") }
            usleep(20_000)
        }
    }

    /// How a server stops (pg_ctl's words).
    public enum StopMode: Int32, Sendable {
        /// Rolls back, and tells its clients.
        case fast = 2  // SIGINT
        /// As if the power had failed.
        case immediate = 3  // SIGQUIT
    }

    /// Stops it; `start()` brings it back on the same port.
    public func stop(_ mode: StopMode = .fast) throws {
        let child = process.withLock { process in
            defer { process = nil }
            return process
        }
        child?.signal(mode.rawValue)
        _ = try child?.wait()
    }

    /// A connection straight to it.
    public func connect(user: String = "postgres", database: String = "postgres") throws -> Connection {
        try Connection(["host": directory, "port": "\(port)", "user": user, "dbname": database], keeping: nil)
    }

    /// Runs one query straight on it as superuser; the rows.
    @discardableResult
    public func query(_ sql: String, database: String = "postgres") throws -> [[String?]] {
        try connect(database: database).query(sql).rows
    }

    /// A new role that may log in, so that one test can tell its own server connections from all others.
    public func makeRole() throws -> String {
        let role = "role_\(Self.roles.wrappingAdd(1, ordering: .relaxed).newValue)"
        try query("create role \(role) login; grant all on schema public to \(role)", database: "app")
        return role
    }

    /// The process numbers of the backends that serve a role.
    public func backends(of role: String) throws -> [Int] {
        try query("select pid from pg_stat_activity where usename = '\(role)' order by backend_start")
            .compactMap { $0[0].flatMap { Int($0) } }
    }

    /// How many of a role's backends are in pg_sleep. A cancel request that meets a backend before its query has begun is
    /// for nothing, as Postgres has it.
    public func sleepingBackends(of role: String) throws -> Int {
        try query("select from pg_stat_activity where usename = '\(role)' and wait_event = 'PgSleep'").count
    }

    /// Starts pgbench on a pooler, in whose database `app` its tables are made first. SIGALRM ends it, with its report.
    public static func startBenchmark(_ arguments: [String], on pooler: Pooler, output: String) throws -> ChildProcess {
        let target = ["-h", "127.0.0.1", "-p", "\(pooler.port)", "-U", "app"]
        return try ChildProcess(
            [PostgresInstallation.newest.program("pgbench")] + target + arguments + ["app"], output: output)
    }

    /// Makes pgbench's tables, straight on this server.
    public func makeBenchmarkTables() throws {
        try ChildProcess.check([
            installation.program("pgbench"), "-h", directory, "-p", "\(port)", "-U", "app", "-i", "-q", "app",
        ])
    }

    /// Ends the backends that serve a role, and waits until they are gone.
    public func terminateBackends(of role: String) throws {
        try query("select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = '\(role)'")
    }

    /// What it has logged.
    public var log: String { readFile(home.file("log")) }

    deinit { try? stop(.immediate) }

    private static let roles = Atomic<Int>(0)
}
