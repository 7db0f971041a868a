import Testing

@testable import Pooler

@Suite struct InvocationTests {
    @Test(
        "Options and the file come in any order, short or long, shortened or in a row",
        arguments: [
            "-d -q -v -v -u joe a.ini", "a.ini -dqvvujoe", "-vdqv a.ini --user joe",
            "--daemon --quiet --verb --verbose --us=joe a.ini", "-dqvv -u joe -- a.ini",
        ])
    func options(line: String) {
        var options = DaemonOptions(configurationFile: "a.ini")
        options.daemon = true
        options.quiet = true
        options.verbosity = 2
        options.user = "joe"
        #expect(invocation(line) == .run(options))
    }

    @Test("A file alone is a plain start")
    func plain() {
        #expect(invocation("a.ini") == .run(DaemonOptions(configurationFile: "a.ini")))
        #expect(invocation("-- -a.ini") == .run(DaemonOptions(configurationFile: "-a.ini")))
        #expect(invocation("-") == .run(DaemonOptions(configurationFile: "-")))
    }

    @Test("-R asks for a takeover", arguments: ["-R a.ini", "--reboot a.ini"])
    func reboot(line: String) {
        var options = DaemonOptions(configurationFile: "a.ini")
        options.reboot = true
        #expect(invocation(line) == .run(options))
    }

    @Test(
        "-V and -h act as soon as they are read",
        arguments: [
            ("-V", .showVersion), ("--version --nonsense", .showVersion), ("a b c -V", .showVersion),
            ("-V -h", .showVersion), ("-h -V", .showUsage), ("-dqh", .showUsage), ("--help", .showUsage),
        ] as [(String, Invocation)])
    func early(line: String, answer: Invocation) {
        #expect(invocation(line) == answer)
    }

    @Test(
        "Everything else is refused in getopt's words",
        arguments: [
            ("", "no configuration file specified"), ("a b", "no configuration file specified"),
            ("--nonsense -V", "unrecognized option '--nonsense'"),
            ("--nonsense=1 a", "unrecognized option '--nonsense=1'"),
            ("-x a", "invalid option -- 'x'"), ("-dx a", "invalid option -- 'x'"),
            ("a -u", "option requires an argument -- 'u'"), ("a --user", "option '--user' requires an argument"),
            ("--daemon=3 a", "option '--daemon' doesn't allow an argument"),
            ("--ver a", "option '--ver' is ambiguous; possibilities: '--verbose' '--version'"),
        ])
    func refusals(line: String, reason: String) {
        #expect(invocation(line) == .refuse("pgbouncer: \(reason)\nTry \"pgbouncer --help\" for more information."))
    }

    @Test("The usage names every option")
    func usage() {
        let usage = Invocation.usage(program: .pgbouncer)
        #expect(
            usage.hasPrefix(
                "pgbouncer is a connection pooler for PostgreSQL.\n\nUsage:\n  pgbouncer [OPTION]... CONFIG_FILE\n"))
        #expect(usage.contains("\n  -u, --user=USERNAME  assume identity of USERNAME\n"))
        #expect(usage.contains("\n  -d, --daemon         run in background (as a daemon)\n"))
        #expect(usage.hasSuffix("\n  -h, --help           show this help, then exit"))
    }

    private func invocation(_ line: String) -> Invocation {
        Invocation(arguments: line.split(separator: " ").map(String.init), program: .pgbouncer)
    }
}
