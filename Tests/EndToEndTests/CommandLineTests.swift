import Glibc
import PoolerTestSupport
import Testing

/// The program's arguments, exit codes, PID file and log.
@Suite struct CommandLineTests {
    private static func run(_ arguments: String...) throws -> (ending: Ending, output: String) {
        try ChildProcess.run([Pooler.binary] + arguments)
    }

    @Test(arguments: ["-V", "--version"]) func `the version is printed`(option: String) throws {
        let (ending, output) = try Self.run(option)
        #expect(ending == .exited(0))
        #expect(output.lowercased().hasPrefix(Pooler.isPgvalet ? "pgvalet" : "pgbouncer"))
    }

    @Test(arguments: ["-h", "--help"]) func `the usage is printed`(option: String) throws {
        let (ending, output) = try Self.run(option)
        #expect(ending == .exited(0))
        for option in ["--daemon", "--quiet", "--verbose", "--user", "--version"] { #expect(output.contains(option)) }
    }

    @Test func `exactly one file is expected`() throws {
        for arguments in [[], ["-q"], ["one.ini", "two.ini"]] {
            #expect(try ChildProcess.run([Pooler.binary] + arguments).ending == .exited(1))
        }
        #expect(try Self.run("--no-such-option", "x.ini").ending == .exited(1))
        #expect(try Self.run("/nonexistent/pooler.ini").ending == .exited(1))
    }

    /// A broken ini, the line that breaks it, and words that the message must have.
    static let brokenFiles: [(String, Int, [String])] = [
        ("[pgbouncer]\nlisten_port = lots\n", 2, ["listen_port", "lots"]),
        ("[pgbouncer]\n\n; fine\npool_mode = sometimes\n", 4, ["pool_mode", "sometimes", "transaction"]),
        ("[pgbouncer]\nno_such_key = 1\n", 2, ["no_such_key"]),
        ("[pgbouncer]\njust words\n", 2, ["just"]),
        ("[pgbouncer]\nlisten_addr = *\n[nonsense]\n", 3, ["nonsense"]),
        ("listen_addr = *\n", 1, ["listen_addr"]),
        ("[databases]\napp = host=127.0.0.1 nonsense=1\n[pgbouncer]\n", 2, ["nonsense"]),
        ("[databases]\npgbouncer = host=127.0.0.1\n[pgbouncer]\n", 2, ["pgbouncer"]),
        ("[users]\napp = nonsense=1\n[pgbouncer]\n", 2, ["nonsense"]),
        ("[pgbouncer]\n%include /nonexistent/more.ini\n", 2, ["/nonexistent/more.ini"]),
        ("[pgbouncer]\nquery_timeout = -1\n", 2, ["query_timeout", "-1"]),
    ]

    @Test(arguments: brokenFiles)
    func `a broken file ends the start, and a line says where and why`(text: String, line: Int, words: [String])
        throws
    {
        let home = try TemporaryDirectory("broken")
        let file = try home.write("broken.ini", text)
        let (ending, output) = try Self.run(file)
        #expect(ending == .exited(1))
        guard Pooler.isPgvalet else { return }
        // PgBouncer's words, and in a line of our own what was found and what is expected.
        let lines = output.split(separator: "\n")
        #expect(lines.dropLast().allSatisfy { $0.contains(" ERROR ") })
        #expect(lines.dropLast().last?.contains(": found ") == true)
        #expect(lines.last?.hasSuffix("FATAL cannot load config file") == true)
        for word in ["\(file):\(line)"] + words { #expect(output.contains(word)) }
    }

    @Test(.enabled(if: Account.isRoot)) func `root must name an account to run under`() throws {
        let home = try TemporaryDirectory("root")
        let file = try home.write("root.ini", "[pgbouncer]\nlisten_addr=\nunix_socket_dir=\(home.path)\n")
        let (ending, output) = try Self.run(file)
        #expect(ending == .exited(1))
        #expect(output.contains("root"))
        #expect(try Self.run("-u", "no_such_account", file).ending == .exited(1))
    }

    @Test(.enabled(if: Account.isRoot)) func `root gives up its rights for the account that is named`() throws {
        for settings in [["user": ""], ["user": "postgres"]] {
            let pooler = try Pooler(settings, arguments: settings["user"] == "" ? ["-u", "postgres"] : [])
            let ids = readFile("/proc/\(pooler.pid)/status").split(separator: "\n").filter {
                $0.hasPrefix("Uid:") || $0.hasPrefix("Gid:")
            }
            #expect(ids.allSatisfy { !$0.split(separator: "\t").contains("0") })
            #expect(try pooler.connect().query("select 1").value == "1")
        }
    }

    @Test func `the PID file holds the process number while it runs`() throws {
        let home = try TemporaryDirectory("pid")
        let pooler = try Pooler(["pidfile": home.file("pid")])
        try eventually { readFile(home.file("pid")) == "\(pooler.pid)\n" }
        pooler.signal(SIGINT)
        #expect(try pooler.wait() == .exited(0))
        #expect(readFile(home.file("pid")) == "")
    }

    @Test func `a PID file of a live process stops the start, one of a dead process does not`() throws {
        let home = try TemporaryDirectory("pid")
        try home.write("pid", "\(getpid())\n")
        let error = #expect(throws: SystemError.self) { try Pooler(["pidfile": home.file("pid")]) }
        #expect(error?.description.contains("exited(1)") == true)
        try home.write("pid", "4194303\n")
        #expect(try Pooler(["pidfile": home.file("pid")]).connect().query("select 1").value == "1")
    }

    @Test func `a second pooler on the same Unix socket does not start`() throws {
        let first = try Pooler()
        let (ending, output) = try Self.run("\(first.directory)/pooler.ini")
        #expect(ending == .exited(1))
        #expect(output.contains("unix socket is in use, cannot continue"))
        #expect(try first.connect(["host": first.directory]).query("select 1").value == "1")
    }

    @Test(.since(24)) func `a port that is taken ends the start`() throws {
        let first = try Pooler()
        let home = try TemporaryDirectory("taken")
        let file = try home.write("taken.ini", first.ini.replacing(first.directory, with: home.path))
        let (ending, output) = try Self.run(file)
        #expect(ending == .exited(1))
        #expect(output.contains("cannot listen on 127.0.0.1:\(first.port): bind(): Address already in use"))
        #expect(output.contains("FATAL failed to listen on any address in listen_addr list: 127.0.0.1"))
        #expect(try first.connect().query("select 1").value == "1")
    }

    @Test func `as a daemon it leaves the terminal and logs to its file`() throws {
        let template = try Pooler()
        let home = try TemporaryDirectory("daemon")
        let extra = "\npidfile = \(home.file("pid"))\nlogfile = \(home.file("log"))\n"
        let file = try home.write("daemon.ini", template.ini.replacing(template.directory, with: home.path) + extra)
        try home.write("users.txt", "\"app\" \"x\"\n")
        template.signal(SIGKILL)
        _ = try template.wait()
        #expect(try Self.run("-d", file).ending == .exited(0))
        try eventually { readFile(home.file("pid")).hasSuffix("\n") }
        let pid = pid_t(readFile(home.file("pid")).dropLast()) ?? 0
        try #require(pid > 1)
        defer { kill(pid, SIGKILL) }
        try eventually { try template.connect().query("select 1").value == "1" }
        #expect(getsid(pid) != getsid(0))
        #expect(readFile(home.file("log")).contains("process up"))
        kill(pid, SIGINT)
        try eventually { readFile(home.file("pid")) == "" }
    }

    @Test func `a daemon needs a PID file`() throws {
        let home = try TemporaryDirectory("daemon")
        let file = try home.write(
            "daemon.ini",
            "[pgbouncer]\nlisten_addr=\nunix_socket_dir=\(home.path)\n\(Account.isRoot ? "user=postgres\n" : "")")
        let (ending, output) = try Self.run("-d", file)
        #expect(ending == .exited(1))
        #expect(output.contains("daemon needs pidfile configured"))
    }

    @Test func `the log tells of logins and ends in the form that tools know`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        try client.query("select 1")
        client.close()
        try eventually { pooler.log.contains("closing because: client close request") }
        let login = try #require(
            pooler.log.split(separator: "\n").first { $0.contains("login attempt: db=app user=app") })
        let form =
            /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+ \[(\d+)\] LOG C-0x[0-9a-f]+: app\/app@127\.0\.0\.1:\d+ login attempt: .*/
        let match = try #require(login.wholeMatch(of: form))
        #expect(match.1 == "\(pooler.pid)")
        #expect(pooler.log.contains("S-0x"))
    }

    @Test func `switched off, logins, ends and errors are not logged`() throws {
        let pooler = try Pooler([
            "log_connections": "0", "log_disconnections": "0", "log_pooler_errors": "0", "max_client_conn": "1",
        ])
        let client = try pooler.connect()
        #expect(throws: PostgresError.self) { try pooler.connect() }
        try client.query("select 1")
        client.close()
        try eventually { try pooler.connect().isOpen }
        for word in ["login attempt", "closing because", "pooler error"] { #expect(!pooler.log.contains(word)) }
    }

    @Test func `the log file is opened anew on SIGHUP, so that it can be rotated`() throws {
        let home = try TemporaryDirectory("rotate")
        let pooler = try Pooler(["logfile": home.file("log")])
        try eventually { readFile(home.file("log")).contains("process up") }
        #expect(unsafe rename(home.file("log"), home.file("old")) == 0)
        pooler.signal(SIGHUP)
        try eventually {
            try pooler.connect().query("select 1")
            return readFile(home.file("log")).contains("login attempt")
        }
    }

    @Test func `statistics are logged every stats_period`() throws {
        let pooler = try Pooler(["stats_period": "1"])
        try pooler.connect().query("select 1")
        try eventually {
            pooler.log.contains(
                /LOG stats: \d+ xacts\/s, \d+ queries\/s, (\d+ client parses\/s, \d+ server parses\/s, \d+ binds\/s, )?in \d+ B\/s, out \d+ B\/s/
            )
        }
    }

    @Test(.pgvaletOnly) func `the limit of open files is raised to what max_client_conn needs`() throws {
        let pooler = try Pooler(["max_client_conn": "1000"], wrapper: ["prlimit", "--nofile=100:5000", "--"])
        #expect(try pooler.connect().query("select 1").value == "1")
        let limits = readFile("/proc/\(pooler.pid)/limits").split(separator: "\n").first {
            $0.hasPrefix("Max open files")
        }
        let soft = limits?.split(separator: " ").dropFirst(3).first.flatMap { Int($0) } ?? 0
        #expect(soft > 1000)
    }

    @Test(.pgvaletOnly, .enabled(if: !Account.isRoot)) func `a limit of open files that is too low is told`() throws {
        let pooler = try Pooler(["max_client_conn": "1000"], wrapper: ["prlimit", "--nofile=100:200", "--"])
        #expect(try pooler.connect().query("select 1").value == "1")
        #expect(pooler.log.contains(/WARNING .*max_client_conn/))
    }

    @Test func `-q keeps standard error quiet`() throws {
        let pooler = try Pooler(arguments: ["-q"])
        #expect(try pooler.connect().query("select 1").value == "1")
        #expect(pooler.log == "")
    }
}
