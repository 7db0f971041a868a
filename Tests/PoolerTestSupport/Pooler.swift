import Glibc
import Synchronization
import Testing

/// The daemon under test, as a process of its own with a configuration and a log in a temporary directory.
///
/// It is the `pgvalet` of this build, or the program that PGVALET_BINARY names: PgBouncer takes the same arguments and
/// files, so that most tests can run against it too.
public final class Pooler: Sendable {
    /// The TCP port on 127.0.0.1, and the number of the Unix socket in `directory`.
    public let port: Int
    /// The Postgres behind it.
    public let postgres: Postgres
    private let home: TemporaryDirectory
    /// The one that serves now comes last; the others have been taken over.
    private let processes: Mutex<[ChildProcess]>
    private let current: Mutex<PoolerSettings>
    /// Whatever its files have held, and clients have shown, that nobody is to read in its log.
    private let secrets: Mutex<Set<String>>

    /// Where its files and its Unix socket are.
    public var directory: String { home.path }

    /// Writes the files, starts the daemon and waits until it lets clients connect.
    ///
    /// `settings` are those of section [pgbouncer], on top of the defaults of `PoolerSettings`. In the values of
    /// `databases`, `$server` stands for the address of Postgres. `secrets` fill the auth_file.
    public convenience init(
        _ settings: [String: String] = [:], databases: [String: String] = [:], users: [String: String] = [:],
        secrets: [String: String] = [:], postgres: Postgres = .shared, arguments: [String] = [], wrapper: [String] = []
    ) throws {
        var all = PoolerSettings()
        all.main.merge(settings) { $1 }
        all.databases.merge(databases) { $1 }
        all.users = users
        all.secrets.merge(secrets) { $1 }
        try self.init(all, postgres: postgres, arguments: arguments, wrapper: wrapper)
    }

    /// As above, from whole settings. A wrapper is a command that runs the command behind it.
    public init(
        _ settings: PoolerSettings, postgres: Postgres = .shared, arguments: [String] = [], wrapper: [String] = []
    ) throws {
        var settings = settings
        let home = try TemporaryDirectory("pooler")
        let port = try settings.main["listen_port"].flatMap { Int($0) } ?? FreePort.take()
        settings.place(in: home.path, port: port, server: postgres.port)
        try home.write("pooler.ini", settings.ini)
        try home.write("users.txt", settings.authFile)
        for (name, text) in settings.files { try home.write(name, text) }
        let command = wrapper + [Self.binary] + arguments + [home.file("pooler.ini")]
        let child = try ChildProcess(command, output: home.file("stderr"))
        (self.home, self.port, self.postgres) = (home, port, postgres)
        processes = Mutex([child])
        current = Mutex(settings)
        secrets = Mutex(Set(settings.allSecrets))
        try waitUntilUp(isQuiet: arguments.contains("-q"))
    }

    private var process: ChildProcess { processes.withLock { $0[$0.count - 1] } }

    /// Starts another process with -R on the same files, and waits until it serves. The process that was taken over, which may
    /// go on with clients of its own.
    @discardableResult
    public func takeOver(arguments: [String] = [], wrapper: [String] = []) throws -> ChildProcess {
        let new = try startSuccessor(arguments: arguments, wrapper: wrapper)
        let deadline = Deadline(patience)
        while !log.contains("[\(new.pid)] LOG process up") {
            if let ended = new.ended { throw SystemError("the new pooler ended at once (\(ended)): \(log)") }
            if deadline.isOver { throw SystemError("the new pooler does not come up: \(log)") }
            usleep(5000)
        }
        return processes.withLock { processes in
            processes.append(new)
            return processes[processes.count - 2]
        }
    }

    /// As `takeOver`, without waiting for anything: for what is going to fail.
    public func startSuccessor(arguments: [String] = [], wrapper: [String] = []) throws -> ChildProcess {
        try ChildProcess(
            wrapper + [Self.binary, "-R"] + arguments + [home.file("pooler.ini")], output: home.file("stderr"))
    }

    /// It listens, and it says that it is up, which is when it heeds signals too.
    private func waitUntilUp(isQuiet: Bool) throws {
        let deadline = Deadline(patience)
        while !(isListening && (isQuiet || log.contains("process up"))) {
            if let ended = process.ended { throw SystemError("the pooler ended at once (\(ended)): \(log)") }
            if deadline.isOver { throw SystemError("the pooler does not listen: \(log)") }
            usleep(10_000)
        }
    }

    /// Looked up, not tried: a trial would count among the clients.
    private var isListening: Bool {
        readFile("/proc/net/tcp").split(separator: "\n").dropFirst().contains { line in
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[3] == "0A" else { return false }
            return fields[1].split(separator: ":").last.flatMap { Int($0, radix: 16) } == port
        }
    }

    // MARK: Clients

    /// A libpq client of it. Without more, user and database `app` over TCP.
    public func connect(
        user: String = "app", database: String = "app", _ more: [String: String] = [:],
        within limit: Duration = patience
    ) throws -> Connection {
        let parameters = ["host": "127.0.0.1", "port": "\(port)", "user": user, "dbname": database]
        if let password = more["password"] {
            // Of a token, its signature too.
            let words = [password, password.split(separator: ".").last.map(String.init) ?? ""]
            secrets.withLock { $0.formUnion(words) }
        }
        return try Connection(parameters.merging(more) { $1 }, keeping: self, within: limit)
    }

    /// Starts a libpq connection without waiting for it.
    func open(user: String = "app", database: String = "app") throws -> Opening {
        try Opening(["host": "127.0.0.1", "port": "\(port)", "user": user, "dbname": database])
    }

    /// Runs one command on the console, over a connection of its own.
    @discardableResult
    public func console(_ command: String, user: String = "admin", password: String = "") throws -> QueryResult {
        try connect(user: user, database: "pgbouncer", ["password": password, "sslmode": "prefer"]).query(command)
    }

    /// The row of SHOW POOLS for one pool; empty when there is none.
    public func pool(user: String = "app", database: String = "app") throws -> [String: String] {
        try console("SHOW POOLS").records.first { $0["user"] == user && $0["database"] == database } ?? [:]
    }

    // MARK: Configuration

    /// Rewrites the files with a change; nothing happens until it is told to reload.
    public func configure(_ change: (inout PoolerSettings) -> Void) throws {
        try current.withLock { settings in
            change(&settings)
            settings.place(in: home.path, port: port, server: postgres.port)
            let added = settings.allSecrets
            secrets.withLock { $0.formUnion(added) }
            try home.write("pooler.ini", settings.ini)
            try home.write("users.txt", settings.authFile)
            for (name, text) in settings.files { try home.write(name, text) }
        }
    }

    /// Rewrites the files with a change and has them read.
    public func reload(_ change: (inout PoolerSettings) -> Void) throws {
        try configure(change)
        try console("RELOAD")
    }

    /// Replaces the ini by any text.
    public func writeIni(_ text: String) throws { try home.write("pooler.ini", text) }

    /// The text of its ini now.
    public var ini: String { readFile(home.file("pooler.ini")) }

    // MARK: The process

    /// Its process number.
    public var pid: pid_t { process.pid }

    /// Sends it a signal.
    public func signal(_ number: Int32) { process.signal(number) }

    /// Sets how many descriptors it may have open.
    public func limitDescriptors(to count: Int) throws {
        try ChildProcess.check(Account.prefix + ["prlimit", "--pid", "\(pid)", "--nofile=\(count):"])
    }

    /// How it ended, nil while it runs.
    public var ended: Ending? { process.ended }

    /// Waits for its end.
    public func wait(within limit: Duration = patience) throws -> Ending { try process.wait(within: limit) }

    /// Everything that it has logged.
    public var log: String { readFile(home.file("stderr")) }

    /// What the kernel counts of it.
    public var figures: ProcessFigures { ProcessFigures(pid: process.pid) }

    deinit {
        for process in processes.withLock({ $0 }) {
            process.signal(SIGKILL)
            _ = try? process.wait()
        }
        lookForSecrets()
    }

    /// Whatever a test was about: neither what its auth_file and connect strings have held nor what its clients have shown is in
    /// the log, nor anything of the form of a stored secret, as those that servers told. Short ones may be words of a message.
    private func lookForSecrets() {
        let log = log
        for secret in secrets.withLock({ $0 }) where secret.utf8.count >= 8 && log.contains(secret) {
            Issue.record("the log of a pooler holds the secret \(secret)")
        }
        if log.contains("SCRAM-SHA-256$") || log.contains(/md5[0-9a-f]{32}/) {
            Issue.record("the log of a pooler holds a stored secret")
        }
    }

    // MARK: The program

    /// The program under test.
    public static let binary: String = {
        if let named = unsafe getenv("PGVALET_BINARY") { return unsafe String(cString: named) }
        return buildDirectory + "/pgvalet"
    }()

    /// Where the test process itself was built.
    private static let buildDirectory: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &path, path.count)
        let executable = String(decoding: path.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(executable[..<(executable.lastIndex(of: "/") ?? executable.startIndex)])
    }()
}
