import Testing

@testable import PoolerConfig

@Suite("The ini grammar")
struct IniTests {
    @Test func `Comments are whole lines that start with a semicolon or a hash`() throws {
        let text = "; one\n  # two\n\t;three\n\n[pgbouncer]\nlogfile = a;b#c\r\n"
        #expect(try load(text).settings.logfile == "a;b#c")
    }

    @Test(arguments: [
        ("default_pool_size = 5 ; five", \Settings.defaultPoolSize as KeyPath<Settings, Int> & Sendable, 5),
        ("default_pool_size = 5\t;five", \Settings.defaultPoolSize, 5),
    ])
    func `A comment may follow a number`(line: String, keyPath: KeyPath<Settings, Int> & Sendable, value: Int) throws {
        #expect(try load("[pgbouncer]\n\(line)").settings[keyPath: keyPath] == value)
    }

    @Test func `A comment may follow a boolean, a time and a word, but not a text`() throws {
        let settings = try load(
            """
            [pgbouncer]
            pool_mode = transaction ; or session, statement
            log_stats = 0 ; quiet
            query_timeout = 1.5 ; seconds
            syslog_ident = a ; b
            """
        ).settings
        #expect(settings.poolMode == .transaction)
        #expect(!settings.logStats)
        #expect(settings.queryTimeout == .milliseconds(1500))
        #expect(settings.syslogIdent == "a ; b")
        #expect(problem("[pgbouncer]\npool_mode = session;x") != nil)
        #expect(problem("[pgbouncer]\npool_mode = session # x") != nil)
        #expect(problem("[pgbouncer]\npool_mode = ; x")?.contains("found no value") == true)
    }

    @Test(arguments: [
        "pool_mode=statement", "  pool_mode\t=\t statement \t", "pool_mode =statement\r",
        "pool_mode= statement\u{b}\u{c}",
    ])
    func `Blanks around key and value do not count`(line: String) throws {
        #expect(try load("[pgbouncer]\n\(line)").settings.poolMode == .statement)
    }

    @Test(arguments: ["[pgbouncer]", "[pgvalet]", "  [pgvalet]  "])
    func `The main section has two names`(header: String) throws {
        #expect(try load("\(header)\nlisten_port = 1234").settings.listenPort == 1234)
    }

    @Test func `Sections may come in any order, again, and merge`() throws {
        let configuration = try load(
            """
            [databases]
            a = host=x
            [pgbouncer]
            listen_port = 1
            [databases]
            b = host=y
            [pgvalet]
            listen_backlog = 2
            """)
        #expect(configuration.databases.keys.sorted() == ["a", "b"])
        #expect(configuration.settings.listenPort == 1)
        #expect(configuration.settings.listenBacklog == 2)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func `A key given twice is a warning with both lines, and the last one counts`() throws {
        let configuration = try load(
            "[pgbouncer]\nlisten_port = 1\n[databases]\na = host=x\n[pgbouncer]\nlisten_port = 2\n[databases]\n'a' = host=y"
        )
        #expect(configuration.settings.listenPort == 2)
        #expect(configuration.databases["a"]?.hosts == ["y"])
        #expect(
            configuration.warnings.map(\.description) == [
                "main.ini:6: listen_port is given again (first at main.ini:2); this one counts",
                "main.ini:8: databases/a is given again (first at main.ini:4); this one counts",
            ])
    }

    @Test(arguments: [
        ("", "main.ini: found main section missing from config file, expected a section [pgbouncer]"),
        ("[databases]\n", "main.ini: found main section missing from config file, expected a section [pgbouncer]"),
        (
            "a = b\n[pgbouncer]",
            "main.ini:1: a: found a key before the first section, expected a section such as [pgbouncer]"
        ),
        (
            "[pgbouncer]\npool_mod = session",
            "main.ini:2: pool_mod: found unknown parameter: pgbouncer/pool_mod, expected a setting, perhaps pool_mode"
        ),
        (
            "[pgbouncer]\nservice_name = x",
            "main.ini:2: service_name: found unknown parameter: pgbouncer/service_name, expected a setting"
        ),
        (
            "[PgBouncer]",
            "main.ini:1: found unknown section \"PgBouncer\", "
                + "expected [pgbouncer], [pgvalet], [databases], [users] or [peers]"
        ),
        (
            "[pgbouncer]\nlisten_port",
            "main.ini:2: found syntax error in configuration: no \"=\" after \"listen_port\", expected key = value"
        ),
    ])
    func `What is wrong is said in one line`(text: String, expected: String) {
        #expect(problem(text) == expected)
    }

    /// As PgBouncer 1.24 writes them, but for the value of a connect string, which may hold a password.
    @Test(arguments: [
        ("", ["load_init_file: main section missing from config file"]),
        (
            "a = b\n[pgbouncer]",
            [
                "load_init_file: value without section: a",
                "invalid value \"...\" for parameter a in configuration (main.ini:1)",
            ]
        ),
        (
            "[pgbouncer]\npool_mod = session",
            [
                "unknown parameter: pgbouncer/pool_mod",
                "invalid value \"...\" for parameter pool_mod in configuration (main.ini:2)",
            ]
        ),
        (
            "[pgbouncer]\npool_mode = sesion",
            ["invalid value \"sesion\" for parameter pool_mode in configuration (main.ini:2)"]
        ),
        ("[PgBouncer]", ["invalid section \"PgBouncer\" in configuration (main.ini:1)"]),
        ("[pgbouncer]\nlisten_port", ["syntax error in configuration (main.ini:2), stopping loading"]),
        ("[pgbouncer", ["syntax error in configuration (main.ini:1), stopping loading"]),
        (
            "[pgbouncer]\n%include none.ini",
            [
                "could not load file \"none.ini\": No such file or directory",
                "error processing include file in configuration (main.ini:2), stopping loading",
            ]
        ),
        ("%include main.ini", ["include nesting level too deep (main.ini:1), stopping loading"]),
        (
            "[databases]\na = port=x password=hush",
            ["invalid port: x", "invalid value \"...\" for parameter a in configuration (main.ini:2)"]
        ),
        (
            "[databases]\na = foo=1",
            [
                "unrecognized connection parameter: foo",
                "invalid value \"...\" for parameter a in configuration (main.ini:2)",
            ]
        ),
        (
            "[databases]\na = host='x",
            [
                "syntax error in connection string",
                "invalid value \"...\" for parameter a in configuration (main.ini:2)",
            ]
        ),
        (
            "[databases]\npgbouncer = host=x",
            [
                "database name \"pgbouncer\" is reserved",
                "invalid value \"...\" for parameter pgbouncer in configuration (main.ini:2)",
            ]
        ),
        (
            "[users]\nu = foo=1",
            [
                "unrecognized user parameter: foo",
                "invalid value \"...\" for parameter u in configuration (main.ini:2)",
            ]
        ),
        (
            "[users]\nu = max_user_connections",
            [
                "syntax error in user settings",
                "invalid value \"...\" for parameter u in configuration (main.ini:2)",
            ]
        ),
        (
            "[peers]\n2 = port=5",
            [
                "host was not provided for peer 2",
                "invalid value \"...\" for parameter 2 in configuration (main.ini:2)",
            ]
        ),
        (
            "[peers]\nx = host=x",
            [
                "ids of peers must be a number larger than 0 and at most 65536",
                "invalid value \"...\" for parameter x in configuration (main.ini:2)",
            ]
        ),
    ])
    func `What is wrong is said in PgBouncer's words as well`(text: String, expected: [String]) {
        let error = #expect(throws: ConfigurationError.self) { try load(text) }
        #expect(error?.pgbouncerLines == expected)
    }

    @Test func `No secret is repeated in PgBouncer's words`() {
        let error = #expect(throws: ConfigurationError.self) {
            try load("[pgbouncer]\nauth_ldap_options = ldapbindpasswd=hush hush")
        }
        #expect(error?.pgbouncerLines.contains { $0.contains("hush") } == false)
    }

    @Test(arguments: ["[ pgbouncer]", "[pgbouncer ]", "[pgbouncer", "[]", "[", "[pgbouncer] x"])
    func `A section's name is exact`(header: String) {
        #expect(problem("[pgbouncer]\n\(header)\n") != nil)
    }

    @Test(arguments: [
        "= x", "a b = c", "a: b", "ä = host=x", "\"a = host=x", "'' = host=x", "\"\" = host=x", "'a'b = host=x", "+",
    ])
    func `A key of other characters is an error`(line: String) {
        #expect(problem("[pgbouncer]\n[databases]\n\(line)")?.hasPrefix("main.ini:3: ") == true)
    }

    @Test func `Keys are case-sensitive`() {
        #expect(problem("[pgbouncer]\nListen_Port = 1") != nil)
    }

    @Test func `An included file continues the section, and leaves its own one open`() throws {
        let configuration = try load(
            "[pgbouncer]\n  %include a.ini  \nb = host=y",
            ["a.ini": "listen_port = 1\n%include\tsub/b.ini", "sub/b.ini": "[databases]\na = host=x"])
        #expect(configuration.settings.listenPort == 1)
        #expect(configuration.databases.keys.sorted() == ["a", "b"])
    }

    @Test func `An error in an included file names that file`() {
        #expect(problem("[pgbouncer]\n%include a.ini", ["a.ini": "\nx = 1"])?.hasPrefix("a.ini:2: x: ") == true)
    }

    @Test func `A file that is not there is an error`() {
        #expect(
            problem("[pgbouncer]\n%include a b.ini")
                == "main.ini:2: %include: found a file that cannot be read (a b.ini: No such file or directory), "
                + "expected a readable file")
        #expect(throws: ConfigurationError.self) { try Files([:]).load() }
    }

    @Test(arguments: ["%include", "%includea.ini", "%inc a", "%", "%include  "])
    func `An include without a file is an error`(line: String) {
        #expect(problem("[pgbouncer]\n\(line)", ["": ""]) != nil)
    }

    @Test func `Includes go ten levels deep`() throws {
        var files = ["main.ini": "[pgbouncer]\n%include 1.ini"]
        for level in 1...9 { files["\(level).ini"] = "%include \(level + 1).ini" }
        files["10.ini"] = "listen_port = 10"
        #expect(try Files(files).load().settings.listenPort == 10)
        files["10.ini"] = "%include 11.ini"
        files["11.ini"] = ""
        #expect(throws: ConfigurationError.self) { try Files(files).load() }
        #expect(problem("[pgbouncer]\n%include main.ini")?.contains("too deeply") == true)
    }

    @Test func `Bytes that are not UTF-8 are an error in a value, and nothing in a comment`() throws {
        var files = Files([:])
        files.texts["main.ini"] = Array("; caf".utf8) + [0xe9] + Array("\n[pgbouncer]\nlogfile = caf".utf8) + [0xe9]
        #expect(throws: ConfigurationError.self) { try files.load() }
        files.texts["main.ini"]?.removeLast()
        #expect(try files.load().settings.logfile == "caf")
    }

    @Test func `The name of the file is the value of conffile, unless the file says otherwise`() throws {
        #expect(try load("[pgbouncer]").settings.conffile == "main.ini")
        #expect(try load("[pgbouncer]\nconffile = other.ini").settings.conffile == "other.ini")
    }

    @Test func `The ini that serverless guides print loads`() throws {
        let configuration = try load(
            """
            [databases]
            mydb = host=127.0.0.1 port=5432 dbname=mydb user=myuser password=mypass
            [pgbouncer]
            listen_addr = 0.0.0.0
            listen_port = 6432
            auth_type = md5
            auth_file = /etc/pgbouncer/users.txt
            pool_mode = session ; or transaction, statement
            default_pool_size = 20
            max_client_conn = 1000
            reserve_pool_size = 5
            reserve_pool_timeout = 5.0
            server_idle_timeout = 60.0
            server_reset_query = DISCARD ALL
            """, ["/etc/pgbouncer/users.txt": "\"myuser\" \"mypass\"\n"])
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.settings.poolMode == .session)
        #expect(configuration.settings.listenAddr == ["0.0.0.0"])
        #expect(configuration.settings.serverIdleTimeout == .seconds(60))
        #expect(configuration.databases["mydb"]?.user == "myuser")
        #expect(configuration.databases["mydb"]?.password == "mypass")
        #expect(configuration.secrets == ["myuser": "mypass"])
    }

    @Test func `The sample files load without a warning`() throws {
        let configuration = try Configuration.load(path: PackageFiles.path("config/pgvalet.ini")) {
            path throws(FileError) in
            try PackageFiles.read(
                path == "/etc/pgvalet/userlist.txt" ? PackageFiles.path("config/userlist.txt") : path)
        }
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.fallbackDatabase != nil)
        #expect(configuration.secrets.isEmpty)
    }
}
