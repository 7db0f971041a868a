import Glibc
import PoolerTestSupport
import Testing

/// Options, what is checked at the start, exit codes and signals, as PgBouncer's command line has them.
@Suite(.pgvaletOnly) struct ProcessConformanceTests {
    private static func run(_ arguments: [String], named name: String? = nil) throws -> (ending: Ending, output: String)
    {
        guard let name else { return try ChildProcess.run([Pooler.binary] + arguments) }
        let home = try TemporaryDirectory("name")
        _ = try ChildProcess.run(["ln", "-s", Pooler.binary, home.file(name)])
        return try ChildProcess.run([home.file(name)] + arguments)
    }

    @Test(arguments: [["-V"], ["--version"], ["-dV"], ["-V", "--nonsense"], ["--verb", "-V", "x"]])
    func `under the name pgbouncer it says that it is one`(arguments: [String]) throws {
        let (ending, output) = try Self.run(arguments, named: "pgbouncer")
        #expect(ending == .exited(0))
        let lines = output.split(separator: "\n")
        #expect(lines.first == "PgBouncer 1.25.2" && lines.last == "systemd: yes")
        #expect(lines.contains { $0.hasPrefix("adns: ") } && lines.contains { $0.hasPrefix("tls: OpenSSL") })
    }

    @Test(
        arguments: [
            (["-X"], "invalid option -- 'X'"), (["--foo"], "unrecognized option '--foo'"),
            ([], "no configuration file specified"),
            (["a", "b"], "no configuration file specified"), (["-u"], "option requires an argument -- 'u'"),
            (["--user"], "option '--user' requires an argument"),
            (["--quiet=3"], "option '--quiet' doesn't allow an argument"),
        ] as [([String], String)])
    func `a wrong command line is refused in getopt's words`(arguments: [String], text: String) throws {
        let (ending, output) = try Self.run(arguments, named: "pgbouncer")
        #expect(ending == .exited(1))
        #expect(output.hasPrefix("pgbouncer: \(text)\n") && output.contains("Try \"pgbouncer --help\""))
    }

    /// Settings that end the start, and why.
    static let broken: [([String: String], String)] = [
        (["unix_socket_dir": "/nonexistent"], "WARNING cannot listen on unix:/nonexistent/.s.PGSQL."),
        (["unix_socket_dir": "/nonexistent"], "FATAL failed to create unix socket"),
        (["unix_socket_group": "no-such-group"], "FATAL could not find group 'no-such-group'"),
        (["unix_socket_dir": "", "listen_addr": ""], "FATAL nowhere to listen on"),
        (["listen_addr": "no-such-host.invalid"], "FATAL getaddrinfo('no-such-host.invalid', '"),
        (["listen_addr": "203.0.113.5"], "WARNING cannot listen on 203.0.113.5:"),
        (["listen_addr": "203.0.113.5"], "FATAL failed to listen on any address in listen_addr list: 203.0.113.5"),
        (["logfile": "/nonexistent/log"], "FATAL Cannot open logfile: '/nonexistent/log': No such file or directory"),
        (["pidfile": "/nonexistent/pid"], "could not open pidfile '/nonexistent/pid': No such file or directory"),
        (["client_tls_sslmode": "require"], "FATAL TLS setup failed"),
        (
            ["client_tls_sslmode": "require"],
            "ERROR To allow TLS connections from clients, client_tls_key_file and client_tls_cert_file must be set."
        ),
        (["auth_type": "cert"], "FATAL TLS setup failed"),
        (["auth_type": "cert"], "ERROR auth_type=cert requires client_tls_sslmode=SSLMODE_VERIFY_FULL"),
    ]

    @Test(arguments: broken)
    func `what cannot be had ends the start with exit code 1 and a reason`(settings: [String: String], text: String)
        throws
    {
        let error = #expect(throws: SystemError.self) { try Pooler(settings) }
        #expect(
            error?.description.contains("exited(1)") == true && error?.description.contains(text) == true,
            "\(error?.description ?? "")")
    }

    @Test(arguments: ["", "abc", "1"])
    func `a PID file that is empty, unreadable or a living process's stops the start`(
        text: String
    ) throws {
        let home = try TemporaryDirectory("pid")
        try home.write("pid", text)
        let error = #expect(throws: SystemError.self) { try Pooler(["pidfile": home.file("pid")]) }
        #expect(error?.description.contains("pidfile '\(home.file("pid"))' exists, another instance running?") == true)
        #expect(readFile(home.file("pid")) == text)
    }

    @Test func `a PID file that was left behind is replaced, and everybody may read the new one`() throws {
        let home = try TemporaryDirectory("pid")
        try home.write("pid", "4194303\n")
        let pooler = try Pooler(["pidfile": home.file("pid")])
        #expect(pooler.log.contains("LOG stale pidfile, removing"))
        try eventually { readFile(home.file("pid")) == "\(pooler.pid)\n" }
        var facts = stat()
        #expect(unsafe stat(home.file("pid"), &facts) == 0 && facts.st_mode & 0o777 == 0o644)
    }

    @Test func `a lock file beside the Unix socket stops the start, the socket of a dead process does not`() throws {
        let home = try TemporaryDirectory("socket")
        let port = try FreePort.take()
        let user = Account.isRoot ? "user = postgres\n" : ""
        let ini = "[pgbouncer]\nlisten_port = \(port)\nunix_socket_dir = \(home.path)\n\(user)"
        try home.write(".s.PGSQL.\(port).lock", "1")
        let (ending, output) = try Self.run([try home.write("x.ini", ini)])
        #expect(ending == .exited(1) && output.contains("unix port is in use"))
    }

    @Test func `the first lines of the log come in PgBouncer's order`() throws {
        let log = try Pooler().log
        let places = [
            "kernel file descriptor limit: ", "listening on 127.0.0.1:", "listening on unix:", "process up: ",
        ]
        .map { log.firstRange(of: $0)?.lowerBound }
        #expect(places.allSatisfy { $0 != nil })
        #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
    }

    @Test(
        arguments: [
            ([SIGQUIT], 0, "got SIGQUIT, fast exit"), ([SIGTERM, SIGTERM], 0, "fast exit"),
            ([SIGINT, SIGINT], 0, "fast exit"),
            ([SIGTERM, SIGINT], 0, "fast exit"), ([SIGINT, SIGTERM], 0, "fast exit"),
            ([SIGTERM, SIGQUIT], 0, "got SIGQUIT"),
        ] as [([Int32], Int32, String)])
    func `a second signal, or SIGQUIT, ends it at once`(signals: [Int32], code: Int32, text: String) throws {
        let pooler = try Pooler(["pool_mode": "session"])
        let client = try pooler.connect()
        try client.query("begin")
        for (index, signal) in signals.enumerated() {
            if index > 0 { try eventually { pooler.log.contains("shutting down") } }
            pooler.signal(signal)
        }
        #expect(try pooler.wait() == .exited(code))
        #expect(pooler.log.contains(text))
    }

    @Test(arguments: [(SIGTERM, 1), (SIGINT, 1), (SIGQUIT, 0)] as [(Int32, Int32)])
    func `while it is suspended, a signal ends it at once`(signal: Int32, code: Int32) throws {
        let pooler = try Pooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try console.query("SUSPEND")
        pooler.signal(signal)
        #expect(try pooler.wait() == .exited(code))
        #expect(code == 0 || pooler.log.contains("FATAL suspend was in progress, going down immediately"))
    }

    @Test func `signals that come at the wrong time are told and ignored`() throws {
        let pooler = try Pooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        func send(_ signal: Int32, _ text: String) throws {
            pooler.signal(signal)
            try eventually("\(text)") { pooler.log.contains(text) }
        }
        try send(SIGUSR2, "got SIGUSR2, but not paused/suspended")
        try send(SIGUSR1, "got SIGUSR1, pausing all activity")
        try send(SIGUSR1, "got SIGUSR1, but already paused/suspended")
        try send(SIGUSR2, "got SIGUSR2, continuing from PAUSE")
        try console.query("SUSPEND")
        try send(SIGUSR2, "got SIGUSR2, continuing from SUSPEND")
        pooler.signal(SIGPIPE)
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `a log file that cannot be opened any more ends it`() throws {
        let home = try TemporaryDirectory("log")
        let pooler = try Pooler(["logfile": home.file("log")])
        try pooler.configure { $0.main["logfile"] = "/nonexistent/log" }
        pooler.signal(SIGHUP)
        #expect(try pooler.wait() == .exited(1))
    }
}
