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

    /// The directory of the Unix socket.
    public var directory: String { home.path }

    /// One server for every test that leaves it running.
    public static let shared: Postgres = {
        do { return try Postgres() } catch { fatalError("cannot start Postgres: \(error)") }
    }()

    /// Makes the cluster and starts it. `settings` are postgresql.conf's.
    public init(maxConnections: Int = 100, settings: [String: String] = [:]) throws {
        home = try TemporaryDirectory("postgres")
        port = try FreePort.take()
        options = settings.flatMap { ["-c", "\($0)=\($1)"] } + ["-c", "max_connections=\(maxConnections)"]
        try ChildProcess.check(["cp", "-a", "\(Self.template.path)/data", home.file("data")])
        try start()
    }

    /// Starts it (again), and waits until it answers.
    public func start() throws {
        let command =
            Account.prefix + [Self.binary("postgres"), "-D", home.file("data"), "-p", "\(port)", "-k", home.path]
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

    /// Ends the backends that serve a role, and waits until they are gone.
    public func terminateBackends(of role: String) throws {
        try query("select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = '\(role)'")
    }

    /// What it has logged.
    public var log: String { readFile(home.file("log")) }

    deinit { try? stop(.immediate) }

    private static let roles = Atomic<Int>(0)

    /// A cluster that new ones are copied from, since initdb takes its time.
    private static let template: TemporaryDirectory = {
        do { return try makeTemplate() } catch { fatalError("initdb: \(error)") }
    }()

    private static func makeTemplate() throws -> TemporaryDirectory {
        let template = try TemporaryDirectory("template")
        let data = template.file("data")
        try ChildProcess.check(
            Account.prefix
                + [
                    binary("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                    "--no-sync",
                ])
        let configuration =
            readFile("\(data)/postgresql.conf") + """
                listen_addresses = 'localhost'
                fsync = off
                full_page_writes = off
                synchronous_commit = off
                autovacuum = off
                shared_buffers = 16MB
                password_encryption = 'scram-sha-256'

                """
        try writeFile("\(data)/postgresql.conf", configuration)
        try writeFile(
            "\(data)/pg_hba.conf",
            """
            host all clear_user 127.0.0.1/32 password
            host all md5_user 127.0.0.1/32 md5
            host all scram_user 127.0.0.1/32 scram-sha-256
            host all refused_user 127.0.0.1/32 reject
            local all all trust
            host replication postgres 127.0.0.1/32 trust
            host all all 127.0.0.1/32 trust
            host all all ::1/128 trust

            """)
        try template.write("roles.sql", rolesScript)
        try ChildProcess.check([
            "sh", "-c",
            "\(Account.prefix.joined(separator: " ")) \(binary("postgres")) --single -D \(data) postgres <\(template.file("roles.sql"))",
        ])
        return template
    }

    /// For the single-user mode, where each line is a statement.
    private static let rolesScript = """
        create role app login
        create role clear_user login password 'secret'
        create role refused_user login
        set password_encryption = md5; create role md5_user login password 'secret'
        set password_encryption = 'scram-sha-256'; create role scram_user login password 'secret'
        create database app owner app

        """

    /// A server program, which Debian keeps out of PATH.
    private static func binary(_ name: String) -> String { "\(binaries)/\(name)" }

    private static let binaries: String = {
        let script = """
            newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n | tail -n 1)
            printf %s "${newest:-$(pg_config --bindir)}"
            """
        guard let found = try? ChildProcess.run(["sh", "-c", script]), found.ending == .exited(0) else {
            fatalError("there is no PostgreSQL server here")
        }
        return found.output
    }()
}
